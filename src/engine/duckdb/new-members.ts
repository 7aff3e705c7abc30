import type { DuckDBConnection } from '@duckdb/node-api';
import type { NewMember } from '../../event/new-members.ts';
import { REFERENCE_TABLES } from '../../event/references.ts';
import { singleQuoted } from './sql.ts';

/** Adds members to the dimensions as a session has them, before anything points at them. */
export async function addToSession(
  connection: DuckDBConnection,
  members: readonly NewMember[],
): Promise<void> {
  for (const { dimension, id, name } of members) {
    await connection.run(
      `insert into source.${REFERENCE_TABLES[dimension].table} (id, name, is_new)
       values (${String(id)}, ${singleQuoted(name)}, true)`,
    );
  }
}
