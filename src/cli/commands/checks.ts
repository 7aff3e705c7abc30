import { checks, failingRows } from '../../app/query.ts';
import { allModels } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { counted, grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { describeChecked, type FailingRows } from '../../query/checks.ts';
import { command } from '../command.ts';
import { CHECKS } from '../render/check-view.ts';

const show = command('show', 'show rows that failed a check: the first 20 of a run', {
  examples: [
    'medallion checks show silver.fact_transactions',
    'medallion checks show gold.sales_performance "a day has orders" --output json',
  ],
  seeAlso: ['checks', 'models show'],
  arguments: [
    ['<model>', 'schema.name, or the name alone'],
    ['[check]', 'name of the check; not needed where only one has failing rows'],
  ],
  options: {
    '--run <run>': 'the run of promote (default: the last in which rows failed)',
  },
  run: async (context, { run }, [given = '', check]) => {
    const known = allModels(context.project).find(({ id, name }) => id === given || name === given);
    // A model that is gone may still have its results in the metadata.
    const query = { model: known?.id ?? given, check, runId: run?.toString() };
    const found = await failingRows(context.config, context.call, query);
    await context.writeRows(failingTable(known, found?.rows ?? []));
    context.note(
      found === undefined
        ? `no failing rows are stored for ${describeChecked(query)}`
        : `run ${found.runId}: ${grouped(found.rows.length)} of ${grouped(found.failing)} rows that fail "${found.check}"`,
    );
  },
});

export const checksCommand = command(
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
    options: {
      '--run <run>': 'the run of promote (default: the last that checked anything)',
      '--failing': 'only checks that did not pass',
    },
    commands: [show],
    run: async (context, { run, failing }) => {
      const wanted = { runId: run?.toString(), failing };
      const { runId, table } = await checks(context.config, context.call, wanted);
      await context.writeRows(table, CHECKS);
      context.note(
        runId === undefined
          ? 'no promotion has checked anything yet'
          : `run ${runId}: ${table.rows.length === 0 ? 'every check passed' : counted(table.rows.length, 'check')}`,
      );
    },
  },
);

/** Failing rows in the order of the model's columns, where the model still has them. */
function failingTable(model: Model | undefined, rows: FailingRows['rows']): ResultTable {
  const kept = new Set(rows.flatMap((row) => Object.keys(row)));
  const known = model?.columns.filter(({ name }) => rows.length === 0 || kept.has(name)) ?? [];
  const others = [...kept].filter((name) => !known.some((column) => column.name === name));
  const isNumber = (type: string): boolean => /^(smallint|integer|bigint|numeric)/.test(type);
  const columns: ResultTable['columns'] = [
    ...known.map(({ name, type }) => ({ name, kind: isNumber(type) ? 'number' : 'text' }) as const),
    ...others.map((name) => ({ name, kind: 'text' }) as const),
  ];
  return { columns, rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)) };
}
