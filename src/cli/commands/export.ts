import { Command } from 'commander';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { duckDbOpener } from '../../engine/duckdb/local.ts';
import { MedallionError } from '../../errors.ts';
import { exportTables, hasDays, type ExportTarget } from '../../export/export.ts';
import { loadModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseDay } from '../options.ts';
import { counted } from '../render/number.ts';

const FORMATS = ['parquet', 'csv', 'json'] as const;

interface ExportFlags {
  readonly to: (typeof FORMATS)[number];
  readonly out?: string;
  readonly partitionBy?: 'day';
  readonly since?: string;
  readonly until?: string;
  readonly force?: boolean;
}

const STDOUT = '-';
const MEMORY_LIMIT = '800MB';

export function createExportCommand(run: RunCommand): Command {
  const command = new Command('export');
  return command
    .description('write tables of silver and gold to Parquet, CSV or JSON files')
    .argument(
      '<tables...>',
      'tables (gold.sales_performance, or the name alone), or layers: silver, gold',
    )
    .addOption(
      command
        .createOption('--to <format>', 'format of the files')
        .choices([...FORMATS])
        .makeOptionMandatory(),
    )
    .option('--out <path>', 'the file of one table (- is stdout), the folder of several')
    .addOption(
      command
        .createOption('--partition-by <period>', 'a folder for each UTC day, date_key=2026-01-31')
        .choices(['day']),
    )
    .option('--since <day>', 'first UTC day', parseDay)
    .option('--until <day>', 'last UTC day', parseDay)
    .option('--force', 'replace what is there')
    .addHelpText(
      'after',
      manual({
        details: `
One table goes to <table>.<format> here, or to --out; several go to
<layer>/<table>.<format> below it, all of one moment. A file comes to its name
when it is whole. Decimals keep every digit, times are UTC; JSON is an object
a line. --since, --until and --partition-by go by date_key: in a layer, tables
without it are written whole. The role that "medallion db grant reader" makes
is enough.`,
        examples: [
          'medallion export gold.sales_performance --to parquet',
          'medallion export sales_performance --to csv --out - --since 7d',
          'medallion export silver gold --to parquet --partition-by day --out lake',
        ],
        exits: { 4: 'the tables are not there yet' },
        seeAlso: ['models list', 'sql', 'db grant'],
      }),
    )
    .action(run(runExport));
}

async function runExport(
  context: CommandContext,
  flags: ExportFlags,
  names: string[],
): Promise<void> {
  const { since, until, to: format } = flags;
  if (since !== undefined && until !== undefined && since > until) {
    throw new MedallionError('usage', `--since ${since} is after --until ${until}`);
  }
  const models = modelsNamed(names, flags);
  const [only] = models;
  const isToStdout = flags.out === STDOUT;
  const isSingle = models.length === 1 && !isLayer(names[0] ?? '');
  if (isToStdout && (!isSingle || format === 'parquet' || flags.partitionBy !== undefined)) {
    throw new MedallionError('usage', 'stdout takes one table, as csv or json');
  }
  const folder = isToStdout ? await mkdtemp(path.join(tmpdir(), 'medallion-export-')) : undefined;
  try {
    const at = (out: string): string => path.resolve(context.cwd, out);
    const nameOf = (model: Model): string =>
      flags.partitionBy !== undefined && hasDays(model) ? model.name : `${model.name}.${format}`;
    const targets: ExportTarget[] =
      isSingle && only !== undefined
        ? [
            {
              model: only,
              path:
                folder === undefined ? at(flags.out ?? nameOf(only)) : path.join(folder, 'rows'),
            },
          ]
        : models.map((model) => ({
            model,
            path: path.join(at(flags.out ?? '.'), model.layer, nameOf(model)),
          }));
    await withWarehouse(context.config, context, async (settings) => {
      const open = await duckDbOpener(
        context.config,
        settings,
        { memoryLimit: MEMORY_LIMIT },
        context,
      );
      const engine = await open();
      try {
        await exportTables(
          engine,
          targets,
          {
            format,
            byDay: flags.partitionBy === 'day',
            since,
            until,
            mayReplace: flags.force ?? false,
          },
          context,
        );
      } finally {
        await engine.close();
      }
    });
    if (folder !== undefined) {
      for await (const chunk of createReadStream(path.join(folder, 'rows'))) {
        await context.write(chunk as Uint8Array);
      }
      return;
    }
    const place = isSingle ? targets[0]?.path : at(flags.out ?? '.');
    context.emit({
      type: 'note',
      message: `${counted(targets.length, 'table')} written to ${place ?? ''}`,
    });
  } finally {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function isLayer(name: string): name is 'silver' | 'gold' {
  return name === 'silver' || name === 'gold';
}

/** @throws MedallionError usage */
function modelsNamed(names: readonly string[], flags: ExportFlags): Model[] {
  const models = loadModels();
  const all = [...models.silver, ...models.gold];
  const found = names.flatMap((name) => {
    if (isLayer(name)) {
      return models[name];
    }
    const model = all.find((candidate) => candidate.id === name || candidate.name === name);
    if (model === undefined) {
      throw new MedallionError('usage', `there is no table "${name}" in silver or gold`, {
        hint: 'medallion models list has all of them.',
      });
    }
    const needsDays = flags.since ?? flags.until ?? flags.partitionBy;
    if (needsDays !== undefined && !hasDays(model)) {
      throw new MedallionError('usage', `${model.id} has no days (date_key)`, {
        hint: 'Leave out --since, --until and --partition-by.',
      });
    }
    return [model];
  });
  return [...new Set(found)];
}
