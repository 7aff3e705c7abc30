import type { Client } from '../postgres/client.ts';
import { columnsOf, type ResultTable } from '../postgres/query.ts';
import { sqlFile } from '../sql-file.ts';

/** The rows that sql/query/<name>.sql answers, with their columns. */
export async function ask(
  client: Client,
  name: string,
  values: readonly unknown[] = [],
): Promise<ResultTable> {
  return askSql(client, sqlFile(`query/${name}`), values);
}

/** The same for a query that is made of parts. */
export async function askSql(
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

/** The rows of a table by the names of its columns. */
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
