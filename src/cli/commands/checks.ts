import { Command } from 'commander';
import { loadModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { counted, grouped } from '../../number.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import {
  describeChecked,
  readChecks,
  readFailingRows,
  type FailingRows,
} from '../../promote/check-history.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount } from '../options.ts';
import { checkLines } from '../render/check-view.ts';
import type { ResultTable } from '../render/output.ts';

interface ChecksFlags {
  readonly run?: number;
  readonly failing?: boolean;
}

export function createChecksCommand(run: RunCommand): Command {
  const show = new Command('show')
    .description('show rows that failed a check: the first 20 of a run')
    .argument('<model>', 'schema.name, or the name alone')
    .argument('[check]', 'name of the check; not needed where only one has failing rows')
    .option(
      '--run <run>',
      'the run of promote (default: the last in which rows failed)',
      parseCount,
    )
    .addHelpText(
      'after',
      manual({
        examples: [
          'medallion checks show silver.fact_transactions',
          'medallion checks show gold.sales_performance "a day has orders" --output json',
        ],
        seeAlso: ['checks', 'models show'],
      }),
    )
    .action(run(runShow));
  return new Command('checks')
    .description('what the checks of a promotion counted, and the rows that failed them')
    .enablePositionalOptions()
    .helpCommand(true)
    .option(
      '--run <run>',
      'the run of promote (default: the last that checked anything)',
      parseCount,
    )
    .option('--failing', 'only checks that did not pass')
    .addCommand(addGlobalFlags(show))
    .addHelpText(
      'after',
      manual({
        details: `
A check is a condition in the header of a model (sql/silver, sql/gold) that
every row should meet. With severity warn a promotion tells of rows that do not.
With severity error it publishes nothing of what they are a part of and ends
with exit code 4: of silver the window that holds them (the windows before it
stay), of gold nothing at all. warn_above and error_above set limits: 5 rows, or
"0.1%".`,
        examples: [
          'medallion checks',
          'medallion checks --failing --output json',
          'medallion checks --run 12',
          'medallion checks show silver.fact_transactions',
        ],
        seeAlso: ['checks show', 'promote', 'quarantine'],
      }),
    )
    .action(run(runChecks));
}

async function runChecks(context: CommandContext, flags: ChecksFlags): Promise<void> {
  const { runId, table } = await withWarehouse(context.config, context, (settings) =>
    readChecks(
      settings,
      { runId: flags.run?.toString(), failing: flags.failing ?? false },
      context,
    ),
  );
  await context.writeRows(table, (width) => checkLines(table, width));
  const message =
    runId === undefined
      ? 'no promotion has checked anything yet'
      : `run ${runId}: ${table.rows.length === 0 ? 'every check passed' : counted(table.rows.length, 'check')}`;
  context.emit({ type: 'note', message });
}

async function runShow(
  context: CommandContext,
  flags: ChecksFlags,
  [given = '', check]: string[],
): Promise<void> {
  const { silver, gold } = loadModels();
  const known = [...silver, ...gold].find(({ id, name }) => id === given || name === given);
  // A model that is gone may still have its results in the books.
  const model = known?.id ?? given;
  const query = { model, check, runId: flags.run?.toString() };
  const found = await withWarehouse(context.config, context, (settings) =>
    readFailingRows(settings, query, context),
  );
  await context.writeRows(failingTable(known, found?.rows ?? []));
  context.emit({
    type: 'note',
    message:
      found === undefined
        ? `no failing rows are kept of ${describeChecked(query)}`
        : `run ${found.runId}: ${grouped(found.rows.length)} of ${grouped(found.failing)} rows that fail "${found.check}"`,
  });
}

/** Failing rows in the order of the model's columns, where the model still has them. */
function failingTable(model: Model | undefined, rows: FailingRows['rows']): ResultTable {
  const kept = new Set(rows.flatMap((row) => Object.keys(row)));
  const known = model?.columns.filter(({ name }) => rows.length === 0 || kept.has(name)) ?? [];
  const others = [...kept].filter((name) => !known.some((column) => column.name === name));
  const columns = [
    ...known.map(({ name, type }) => ({
      name,
      kind: /^(smallint|integer|bigint|numeric)/.test(type)
        ? ('number' as const)
        : ('text' as const),
    })),
    ...others.map((name) => ({ name, kind: 'text' as const })),
  ];
  return { columns, rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)) };
}
