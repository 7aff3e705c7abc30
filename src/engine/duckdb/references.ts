import type { DuckDBConnection } from '@duckdb/node-api';
import type { NewMember } from '../../event/new-members.ts';
import { readReferences, REFERENCE_TABLES, type References } from '../../event/references.ts';
import { sqlFile } from '../../sql-file.ts';
import { singleQuoted } from './sql.ts';
import type { Warehouse } from './warehouse.ts';

/** Reads the dimensions that events are judged by, which no promotion changes, and the exchange rates. */
export async function openReferences(
  connection: DuckDBConnection,
  warehouse: Warehouse,
): Promise<void> {
  for (const { table, columns } of Object.values(REFERENCE_TABLES)) {
    const rows = await warehouse.rows(`select ${columns}, is_new from silver.${table}`, table);
    await connection.run(`create table source.${table} as ${rows}`);
    await connection.run(`create view silver.${table} as select * from source.${table}`);
  }
  const rates = await warehouse.rows(
    'select currency, valid_from, rate from silver.exchange_rates',
    'exchange_rates',
  );
  await connection.run(`create table source.given_rates as ${rates}`);
  await connection.run(`create view source.exchange_rates as ${sqlFile('source/exchange_rates')}`);
}

/** The dimensions that events are judged by, as the session has them. */
export async function sessionReferences(connection: DuckDBConnection): Promise<References> {
  return readReferences(async ({ table, columns }) => {
    const found = await connection.runAndReadAll(`select ${columns} from silver.${table}`);
    return found.getRows().map(([id, name, code]) => ({
      ...{ id: Number(id), name: String(name) },
      code: typeof code === 'string' ? code : null,
    }));
  });
}

/** Adds members to the dimensions as a session has them, before anything points at them. */
export async function addMembers(
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
