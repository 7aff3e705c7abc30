import type { Client } from 'pg';

type Values = readonly unknown[];

/** Whether a statement reads, or writes, any row. */
export async function affectsRows(client: Client, sql: string, values?: Values): Promise<boolean> {
  const { rowCount } = await client.query(sql, values && [...values]);
  return rowCount !== null && rowCount > 0;
}

/** Whether the one value that a select asks for is true. */
export async function isTrue(client: Client, sql: string, values?: Values): Promise<boolean> {
  const { rows } = await client.query<Record<string, string>>(sql, values && [...values]);
  return /^t(rue)?$/.test(Object.values(rows[0] ?? {})[0] ?? '');
}

export async function hasTables(client: Client, ...names: readonly string[]): Promise<boolean> {
  const sql =
    'select bool_and(to_regclass(name) is not null) from unnest($1::text[]) as tables (name)';
  return isTrue(client, sql, [names]);
}

export async function runAll(client: Client, statements: Iterable<string>): Promise<void> {
  for (const statement of statements) {
    await client.query(statement);
  }
}

/** Columns of rows, each as an array: what unnest takes. */
export function arraysOf<Row extends object>(
  rows: readonly Row[],
  ...columns: readonly (keyof Row)[]
): unknown[][] {
  return columns.map((column) => rows.map((row) => row[column]));
}
