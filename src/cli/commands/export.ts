import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportTables, hasDays } from '../../app/export.ts';
import { checkEngine } from '../../app/promote.ts';
import { usageError } from '../../errors.ts';
import type { ExportedTable, ExportTarget } from '../../export/export.ts';
import { loadModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { counted } from '../../number.ts';
import { storageError } from '../../whole-file.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { checkDays, choice, days, DUCKDB, required } from '../flags.ts';

const FORMATS = ['parquet', 'csv', 'json', 'xlsx'] as const;
/** Those that a pipe can take. */
const TEXTS: ReadonlySet<string> = new Set(['csv', 'json']);
const STDOUT = '-';

export const exportCommand = command(
  'export',
  'write tables of silver and gold to Parquet, CSV, JSON or Excel files',
  {
    details: `
One table goes to <table>.<format> here, or to --out; several go to
<layer>/<table>.<format> below it, all of one moment. A file gets its name when
it is complete. Decimals keep every digit, times are UTC; JSON has one object on
each line. --since, --until and --partition-by use date_key: of a layer, tables
without it are written whole. A role with the rights of "medallion db grant
reader" can do it.

A spreadsheet may run text in a CSV file that looks like a formula. With
--escape-formulas text that begins with = + - @, a tab or a line end gets an
apostrophe in front; numbers are not touched, plain ones in text columns too.

In xlsx a number has up to 15 digits, a date is of 1900-03-01 or later, a time
is in UTC, to the millisecond; a column with any other value is written as text,
with every digit, and a line on stderr names it. Text is never a formula, an
empty cell is null. A table of more than 1,048,575 rows, or with a text of more
than 32,767 characters, is an error before anything is written.`,
    examples: [
      'medallion export gold.sales_performance --to parquet',
      'medallion export sales_performance --to csv --out - --since 7d',
      'medallion export dim_products --to csv --escape-formulas',
      'medallion export sales_performance --to xlsx --out sales.xlsx',
      'medallion export silver gold --to parquet --partition-by day --out lake',
    ],
    exits: { 4: 'the tables are not there yet' },
    seeAlso: ['models list', 'sql', 'db grant'],
    arguments: [
      [
        '<tables...>',
        'tables (gold.sales_performance, or the name alone), or layers: silver, gold',
      ],
    ],
    options: {
      to: required(choice('--to <format>', 'format of the files', FORMATS)),
      '--out <path>': 'the file of one table (- is stdout), the folder of several',
      partitionBy: choice('--partition-by <period>', 'a folder for each day, date_key=2026-01-31', [
        'day',
      ]),
      ...days('first day', 'last day'),
      '--force': 'replace what is there',
      ...DUCKDB,
    },
    run: async (context, flags, names) => {
      checkEngine(flags);
      checkDays(flags);
      const { since, until, to: format, out, partitionBy, memoryLimit, threads } = flags;
      const needsDays = (since ?? until ?? partitionBy) !== undefined;
      const models = modelsNamed(names, needsDays, context.project);
      const [only] = models;
      const isToStdout = out === STDOUT;
      const isSingle = models.length === 1 && !isLayer(names[0] ?? '');
      if (isToStdout && (!isSingle || !TEXTS.has(format) || partitionBy !== undefined)) {
        throw usageError('stdout takes one table, as csv or json');
      }
      const folder = isToStdout ? await makeTemporaryFolder() : undefined;
      try {
        const nameOf = (model: Model): string =>
          partitionBy !== undefined && hasDays(model) ? model.name : `${model.name}.${format}`;
        const place =
          folder === undefined
            ? path.resolve(context.cwd, out ?? (isSingle && only ? nameOf(only) : '.'))
            : path.join(folder, 'rows');
        const targets = models.map((model): ExportTarget => ({
          model,
          path: isSingle ? place : path.join(place, model.layer, nameOf(model)),
        }));
        const tables = await exportTables(context.config, targets, {
          ...{ ...context.call, format, byDay: partitionBy === 'day', since, until },
          ...{ escapeFormulas: context.escapeFormulas, mayReplace: flags.force },
          ...{ memoryLimit, threads },
        });
        if (folder === undefined) {
          const isWhole = since === undefined && until === undefined;
          noteOf(tables, place, isWhole ? names.filter(isLayer) : [], context);
          return;
        }
        for await (const chunk of createReadStream(place)) {
          await context.write(chunk as Uint8Array);
        }
      } finally {
        if (folder !== undefined) {
          await rm(folder, { recursive: true, force: true });
        }
      }
    },
  },
);

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
  { note, warn }: CommandContext,
): void {
  for (const { id, asText } of tables.filter((table) => table.asText.length > 0)) {
    note(`${id}: text, to keep every digit: ${asText.join(', ')}`);
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  note(`${counted(tables.length, 'table')} written to ${place}, ${counted(rows, 'row')}`);
  for (const layer of layers) {
    if (!tables.some(({ id, rows: count }) => id.startsWith(`${layer}.`) && count > 0)) {
      warn(`${layer} has no rows yet`, 'medallion promote fills it.');
    }
  }
}

function isLayer(name: string): name is 'silver' | 'gold' {
  return name === 'silver' || name === 'gold';
}

/** @throws MedallionError usage */
function modelsNamed(
  names: readonly string[],
  needsDays: boolean,
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
      throw usageError(
        `there is no table "${name}" in silver or gold`,
        'medallion models list has all of them.',
      );
    }
    if (needsDays && !hasDays(model)) {
      throw usageError(
        `${model.id} has no days (date_key)`,
        'Leave out --since, --until and --partition-by.',
      );
    }
    return [model];
  });
  return [...new Set(found)];
}
