import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '../postgres/client.ts';
import { columnsOf, type ResultTable } from '../postgres/query.ts';

const FOLDER = new URL('../../sql/inspect/', import.meta.url);

/** The rows that the query in sql/inspect/<name>.sql answers. */
export async function askFile(
  client: Client,
  name: string,
  values: readonly unknown[] = [],
): Promise<ResultTable> {
  const text = readFileSync(fileURLToPath(new URL(`${name}.sql`, FOLDER)), 'utf8');
  return ask(client, text, values);
}

/** The rows that a query answers. */
export async function ask(
  client: Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<ResultTable> {
  const { fields, rows } = await client.query<(string | null)[]>({
    text,
    values: [...values],
    rowMode: 'array',
  });
  return { columns: columnsOf(fields), rows };
}

/** The rows by the names of their columns. */
export function rowsOf<Name extends string>({
  columns,
  rows,
}: ResultTable): Readonly<Record<Name, string | null>>[] {
  return rows.map(
    (row) =>
      Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])) as Record<
        Name,
        string | null
      >,
  );
}
