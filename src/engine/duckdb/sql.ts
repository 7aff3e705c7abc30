/** Text as a DuckDB string literal. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a DuckDB identifier. */
export function doubleQuoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The rows of a select that PostgreSQL runs. Unlike a scan of an attached table it can use an index. */
export function warehouseQuery(sql: string): string {
  return `select * from postgres_query('warehouse', ${singleQuoted(sql)})`;
}
