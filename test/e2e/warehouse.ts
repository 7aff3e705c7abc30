import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Manifest } from '../../src/generate/generate.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { rowsOf } from '../support/promotion.ts';

/** Arguments of `generate`: a month of a small shop, so that customers return and products repeat within an order. */
export const SHOP = [
  ...['--seed', '7', '--since', '2026-01-15', '--until', '2026-02-14'],
  ...['--customers', '60', '--products', '25', '--cities', '12'],
  ...['--late', '5%', '--duplicates', '6%', '--malformed', '3%', '--corrections', '7%'],
];

type Row = Readonly<Record<string, string | number | null>>;

export async function readManifest(file: string): Promise<Manifest> {
  return JSON.parse(await readFile(file, 'utf8')) as Manifest;
}

/** Holds the warehouse to a manifest, row by row, to the cent and to the count. */
export async function expectTheAnswersOf(
  manifest: Manifest,
  settings: ConnectionSettings,
): Promise<void> {
  const { bronze, silver, gold } = manifest;
  const ask = (sql: string): Promise<Row[]> => rowsOf(settings, sql);
  for (const [table, rows] of Object.entries(gold)) {
    await expectRows(settings, `gold.${table}`, rows);
  }
  await expectRows(settings, 'silver.dim_customers', silver.dim_customers);
  await expectRows(settings, 'silver.dim_products', silver.dim_products);
  expect(await ask('select count(*)::int as events from bronze.events')).toEqual(
    asText([{ events: bronze.events }]),
  );
  const reasons = (stage: string): Promise<Row[]> =>
    ask(
      `select reason, count(*)::text as n from bronze.quarantine where stage = '${stage}' group by reason`,
    );
  expect(asCounts(await reasons('ingest'))).toEqual(bronze.quarantined);
  expect(asCounts(await reasons('silver'))).toEqual(silver.quarantined);
  expect(
    asCounts(
      await ask(
        `select outcome as reason, count(*)::text as n from silver.discarded_events group by outcome`,
      ),
    ),
  ).toEqual({ duplicate: silver.duplicates, superseded: silver.superseded });
  const { order_lines, transactions, sums } = silver;
  expect(
    await ask(
      `select
         (select count(*) from silver.fact_transactions)::text as transactions,
         (select count(*) from silver.fact_transaction_items)::text as order_lines,
         ${Object.keys(sums).map(sumOf).join(', ')}`,
    ),
  ).toEqual(asText([{ transactions, order_lines, ...sums }]));
}

/** Sums over purchases (shipping too: the generator makes nothing else), named as the manifest names them. */
function sumOf(name: string): string {
  if (name.startsWith('order_')) {
    return `(select sum(${name}) from silver.fact_transactions)::text as "${name}"`;
  }
  const sum = `sum(${name.replace('_x_', ' * ')})`;
  return `(select ${name === 'quantity' ? wholeText(sum) : `medallion.unit_amount_text(${sum})`}
    from silver.fact_transaction_items) as "${name}"`;
}

async function expectRows(
  settings: ConnectionSettings,
  table: string,
  expected: readonly Row[],
): Promise<void> {
  const columns = Object.keys(expected[0] ?? {});
  const found = await rowsOf(
    settings,
    `select ${columns.map((name) => `${shownAs(name)} as ${name}`).join(', ')} from ${table}`,
  );
  expect(sorted(found), table).toEqual(sorted(asText(expected)));
}

/** As the manifest writes it: whole quantities, and prices and costs of one unit in cents. */
function shownAs(column: string): string {
  if (column === 'units' || column === 'total_quantity') {
    return wholeText(column);
  }
  if (column === 'unit_price' || column === 'cost') {
    return `medallion.unit_amount_text(${column})`;
  }
  return column.endsWith('_at')
    ? `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
    : `${column}::text`;
}

function wholeText(quantity: string): string {
  return `trim_scale(${quantity})::text`;
}

function asText(rows: readonly Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
  );
}

function asCounts(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ reason, n }) => [String(reason), Number(n)]));
}

/** Rows begin with their keys and no two are the same, so their text decides the order. */
function sorted(rows: readonly Row[]): Row[] {
  return rows
    .map((row) => [JSON.stringify(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
}
