import { Option, type Command } from 'commander';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportTables, hasDays } from '../../app/export.ts';
import { checkEngine } from '../../app/promote.ts';
import { MedallionError } from '../../errors.ts';
import type { ExportedTable, ExportTarget } from '../../export/export.ts';
import { storageError } from '../../whole-file.ts';
import { loadModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { counted } from '../../number.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import { parseCount, parseDay, parsedSetting, parseMemory } from '../options.ts';
import type { RunCommand } from '../run-command.ts';

const FORMATS = ['parquet', 'csv', 'json', 'xlsx'] as const;
/** Those that a pipe can take. */
const TEXTS: ReadonlySet<string> = new Set(['csv', 'json']);

interface ExportFlags {
  readonly to: (typeof FORMATS)[number];
  readonly out?: string;
  readonly partitionBy?: 'day';
  readonly since?: string;
  readonly until?: string;
  readonly force?: boolean;
  readonly memoryLimit: string;
  readonly threads?: number;
}

const STDOUT = '-';

export function createExportCommand(run: RunCommand): Command {
  return command('export', 'write tables of silver and gold to Parquet, CSV, JSON or Excel files', {
    details: `
One table goes to <table>.<format> here, or to --out; several go to
<layer>/<table>.<format> below it, all of one moment. A file comes to its name
when it is whole. Decimals keep every digit, times are UTC; JSON is an object
a line. --since, --until and --partition-by go by date_key: in a layer, tables
without it are written whole. The role that "medallion db grant reader" makes
is enough.

A spreadsheet may run what it takes for a formula in a CSV file. With
--escape-formulas text that begins with = + - @, a tab or a line end gets an
apostrophe in front; numbers are not touched, plain ones in text columns too.

In xlsx a number has up to 15 digits, a date is of 1900-03-01 or later, a time
is in UTC, to the millisecond; a column with a value beyond that is text, with
every digit, and a line on stderr names it. Text is never a formula, an empty
cell is null. A table of more than 1,048,575 rows, or with a text of more than
32,767 characters, is refused before anything is written.`,
    examples: [
      'medallion export gold.sales_performance --to parquet',
      'medallion export sales_performance --to csv --out - --since 7d',
      'medallion export dim_products --to csv --escape-formulas',
      'medallion export sales_performance --to xlsx --out sales.xlsx',
      'medallion export silver gold --to parquet --partition-by day --out lake',
    ],
    exits: { 4: 'the tables are not there yet' },
    seeAlso: ['models list', 'sql', 'db grant'],
  })
    .argument(
      '<tables...>',
      'tables (gold.sales_performance, or the name alone), or layers: silver, gold',
    )
    .addOption(
      new Option('--to <format>', 'format of the files')
        .choices([...FORMATS])
        .makeOptionMandatory(),
    )
    .option('--out <path>', 'the file of one table (- is stdout), the folder of several')
    .addOption(
      new Option(
        '--partition-by <period>',
        'a folder for each UTC day, date_key=2026-01-31',
      ).choices(['day']),
    )
    .option('--since <day>', 'first UTC day', parseDay)
    .option('--until <day>', 'last UTC day', parseDay)
    .option('--force', 'replace what is there')
    .addOption(parsedSetting('promote.memory_limit', parseMemory))
    .addOption(parsedSetting('promote.threads', parseCount))
    .action(run(runExport));
}

async function runExport(
  context: CommandContext,
  flags: ExportFlags,
  names: string[],
): Promise<void> {
  checkEngine(flags);
  const { since, until, to: format } = flags;
  if (since !== undefined && until !== undefined && since > until) {
    throw new MedallionError('usage', `--since ${since} is after --until ${until}`);
  }
  const models = modelsNamed(names, flags, context.project);
  const [only] = models;
  const isToStdout = flags.out === STDOUT;
  const isSingle = models.length === 1 && !isLayer(names[0] ?? '');
  if (isToStdout && (!isSingle || !TEXTS.has(format) || flags.partitionBy !== undefined)) {
    throw new MedallionError('usage', 'stdout takes one table, as csv or json');
  }
  const folder = isToStdout ? await makeTemporaryFolder() : undefined;
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
    const tables = await exportTables(context.config, targets, {
      ...context.call,
      ...{ format, byDay: flags.partitionBy === 'day', since, until },
      ...{ escapeFormulas: context.escapeFormulas, mayReplace: flags.force ?? false },
      ...{ memoryLimit: flags.memoryLimit, threads: flags.threads },
    });
    if (folder !== undefined) {
      for await (const chunk of createReadStream(path.join(folder, 'rows'))) {
        await context.write(chunk as Uint8Array);
      }
      return;
    }
    const place = isSingle ? targets[0]?.path : at(flags.out ?? '.');
    const isWhole = since === undefined && until === undefined;
    noteOf(tables, place ?? '', isWhole ? names.filter(isLayer) : [], context);
  } finally {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** What goes to stdout is whole before its first byte does. @throws MedallionError storage */
async function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'medallion-export-')).catch((error: unknown) => {
    throw storageError(tmpdir(), error);
  });
}

/**
 * Says what was written, and what of it somebody may not expect.
 * @param layers those that were exported whole
 */
function noteOf(
  tables: readonly ExportedTable[],
  place: string,
  layers: readonly string[],
  { emit }: Pick<CommandContext, 'emit'>,
): void {
  for (const { id, asText } of tables.filter((table) => table.asText.length > 0)) {
    const columns = asText.join(', ');
    emit({ type: 'note', message: `${id}: text, to keep every digit: ${columns}` });
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  emit({
    type: 'note',
    message: `${counted(tables.length, 'table')} written to ${place}, ${counted(rows, 'row')}`,
  });
  for (const layer of layers) {
    const hasRows = tables.some(({ id, rows: count }) => id.startsWith(`${layer}.`) && count > 0);
    if (!hasRows) {
      emit({
        type: 'warning',
        message: `${layer} has no rows yet`,
        hint: 'medallion promote fills it.',
      });
    }
  }
}

function isLayer(name: string): name is 'silver' | 'gold' {
  return name === 'silver' || name === 'gold';
}

/** @throws MedallionError usage */
function modelsNamed(
  names: readonly string[],
  flags: ExportFlags,
  project: string | undefined,
): Model[] {
  const models = loadModels(project);
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
