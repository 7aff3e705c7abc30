import type { Command } from 'commander';
import { checks, failingRows } from '../../app/query.ts';
import { allModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { counted, grouped } from '../../number.ts';
import { describeChecked, type FailingRows } from '../../query/checks.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount } from '../options.ts';
import { resultOf } from '../render/result.ts';
import { checkLines } from '../render/check-view.ts';
import type { ResultTable } from '../../postgres/query.ts';

interface ChecksFlags {
  readonly run?: number;
  readonly failing?: boolean;
}

export function createChecksCommand(run: RunCommand): Command {
  const show = command('show', 'show rows that failed a check: the first 20 of a run', {
    examples: [
      'medallion checks show silver.fact_transactions',
      'medallion checks show gold.sales_performance "a day has orders" --output json',
    ],
    seeAlso: ['checks', 'models show'],
  })
    .argument('<model>', 'schema.name, or the name alone')
    .argument('[check]', 'name of the check; not needed where only one has failing rows')
    .option(
      '--run <run>',
      'the run of promote (default: the last in which rows failed)',
      parseCount,
    )
    .action(run(runShow));
  return command(
    'checks',
    'what the checks of a promotion counted, and the rows that failed them',
    {
      details: `
A check is a condition in the header of a model (sql/silver, sql/gold) that
every row should meet. With severity warn a promotion warns of rows that do not.
With severity error it publishes nothing of what they are a part of and ends
with exit code 4: of silver the batch that holds them (the batches before it
stay), of gold nothing at all. warn_above and error_above set limits: 5 rows, or
"0.1%".`,
      examples: [
        'medallion checks',
        'medallion checks --failing --output json',
        'medallion checks --run 12',
        'medallion checks show silver.fact_transactions',
      ],
      seeAlso: ['checks show', 'promote', 'quarantine'],
    },
  )
    .enablePositionalOptions()
    .helpCommand(true)
    .option(
      '--run <run>',
      'the run of promote (default: the last that checked anything)',
      parseCount,
    )
    .option('--failing', 'only checks that did not pass')
    .addCommand(addGlobalFlags(show))
    .action(run(runChecks));
}

async function runChecks(context: CommandContext, flags: ChecksFlags): Promise<void> {
  const { runId, table } = await checks(context.config, context.call, {
    ...{ runId: flags.run?.toString(), failing: flags.failing ?? false },
  });
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
  const known = allModels(context.project).find(({ id, name }) => id === given || name === given);
  // A model that is gone may still have its results in the metadata.
  const model = known?.id ?? given;
  const query = { model, check, runId: flags.run?.toString() };
  const found = await failingRows(context.config, context.call, query);
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
  const isNumber = (type: string): boolean => /^(smallint|integer|bigint|numeric)/.test(type);
  return resultOf<string>(
    Object.fromEntries([
      ...known.map(({ name, type }) => [name, isNumber(type) ? 'number' : 'text'] as const),
      ...others.map((name) => [name, 'text'] as const),
    ]),
    rows,
  );
}
