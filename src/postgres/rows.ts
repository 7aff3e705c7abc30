import { sqlFile } from '../sql-file.ts';
import type { Client } from './client.ts';
import { fromHex } from './quarantine.ts';

const asText = (value: string): string => value;
const asJson = (value: string): unknown => JSON.parse(value);
/** By the OIDs of types, which are fixed in PostgreSQL's catalog. */
const PARSERS: ReadonlyMap<number, (value: string) => unknown> = new Map([
  [17, fromHex],
  [16, (value) => value === 't'],
  [20, BigInt],
  [21, Number],
  [23, Number],
  [701, Number],
  [1700, BigInt],
  [114, asJson],
  [3802, asJson],
]);
const types = { getTypeParser: (oid: number) => PARSERS.get(oid) ?? asText };

/**
 * The rows that sql/<name>.sql answers, by the types of their columns: integer and double precision are numbers, bigint and
 * sums of them (numeric without decimals) are bigint, json is what it holds, bytea a buffer, all else text. Null is undefined.
 */
export async function readRows<Row extends object>(
  client: Client,
  name: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return rowsOf(client, sqlFile(name), values);
}

/** The rows of any statement, so many at a time; in a transaction. */
export async function* readPages<Row extends object>(
  client: Client,
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
  most: number,
): AsyncGenerator<Row[], undefined> {
  await client.query(`declare pages no scroll cursor for ${text}`, [...values]);
  for (;;) {
    const rows = await rowsOf<Row>(client, `fetch ${String(most)} from pages`, []);
    if (rows.length === 0) {
      await client.query('close pages');
      return;
    }
    yield rows;
  }
}

async function rowsOf<Row extends object>(
  client: Client,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const { rows } = await client.query<Row>({ text, values: [...values], types });
  return rows.map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [column, value ?? undefined]),
      ) as Row,
  );
}
