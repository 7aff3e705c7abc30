import { singleQuoted } from './sql.ts';

/** What the warehouse is attached as. */
export const ATTACHED = 'warehouse';

/** A statement of DuckDB: the rows of a select that PostgreSQL runs. Unlike a scan of a table this can use an index. */
export function queried(sql: string): string {
  return `select * from postgres_query('${ATTACHED}', ${singleQuoted(sql)})`;
}
