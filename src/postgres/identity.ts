import { isTrue } from './ask.ts';
import { createHash } from 'node:crypto';
import type { Client } from './client.ts';

const HASH_LENGTH = 12;

/** What a server, and a database in it, are known by, whatever host name leads there. */
export interface Identity {
  /** The number that the server's data was born with; where that may not be asked, its address. */
  readonly server: string;
  readonly database: string;
  readonly databaseOid: string;
}

const BY_SYSTEM = 'select system_identifier::text from pg_control_system()';
const BY_ADDRESS = `select coalesce(host(inet_server_addr()), 'socket') || ':' || current_setting('port')`;

/** Asks for the identity, by the statement that this user may ask it with. */
export async function identityOf(client: Client): Promise<Identity> {
  const { rows } = await client.query<{ database: string; oid: string; server: string }>(
    `select datname as database, oid, (${await serverQuery(client)}) as server
       from pg_database where datname = current_database()`,
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Error('a database that does not list itself');
  }
  return { server: row.server, database: row.database, databaseOid: row.oid };
}

/**
 * What tells this warehouse from every other, as a short hash. A clone of the database and a dump that was restored
 * elsewhere have another one, and nothing is stored that they could copy. Only a physical copy of the whole server has
 * the same.
 */
export async function warehouseIdentity(client: Client): Promise<string> {
  const { server, databaseOid } = await identityOf(client);
  return createHash('sha256')
    .update(`${server}/${databaseOid}`)
    .digest('hex')
    .slice(0, HASH_LENGTH);
}

/** The identity as one text, and the statement by which another client can ask for it. */
export async function askableIdentity(client: Client): Promise<{ sql: string; value: string }> {
  const sql = `select format('system %s, database %s', (${await serverQuery(client)}), oid) as identity
    from pg_database where datname = current_database()`;
  const { rows } = await client.query<{ identity: string }>(sql);
  return { sql, value: rows[0]?.identity ?? '' };
}

async function serverQuery(client: Client): Promise<string> {
  const mayAsk = `select has_function_privilege('pg_control_system()', 'execute')`;
  return (await isTrue(client, mayAsk)) ? BY_SYSTEM : BY_ADDRESS;
}
