import { MedallionError, messageOf } from '../../errors.ts';
import type { Client } from '../../postgres/client.ts';
import { identityOf } from '../../postgres/identity.ts';
import { ident } from '../../postgres/quote.ts';

/** A table of the older pipeline, as it is found. */
export interface OldTable {
  /** With its schema, quoted for SQL. */
  readonly name: string;
  /** In bronze: "import:" with server, database and table. No file and no Kafka topic is called so. */
  readonly topic: string;
  /** The very table: another one that is made under its name is another source. */
  readonly source: string;
  readonly payloadType: 'jsonb' | 'json' | 'text';
  /** Whether created_at is there, and a time. */
  readonly hasCreatedAt: boolean;
  /** All columns but id and payload, in their order. */
  readonly otherColumns: readonly string[];
}

const IMPORTED = 'import:';

/** Whether bronze has events of this topic from a table. */
export function isImported(topic: string): boolean {
  return topic.startsWith(IMPORTED);
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
}

/**
 * Looks at a table or view: an id that is a whole number, a payload of JSON or text, and whatever else.
 * @param given its name, with a schema if need be, as SQL has it
 * @throws MedallionError input
 */
export async function findTable(client: Client, given: string): Promise<OldTable> {
  const found = await resolve(client, given);
  const columns = await client.query<ColumnRow>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
      where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    [found.oid],
  );
  const typeOf = (name: string): string | undefined =>
    columns.rows.find((column) => column.name === name)?.type;
  const idType = typeOf('id');
  const payloadType = typeOf('payload');
  if (!/^(smallint|integer|bigint)$/.test(idType ?? '')) {
    throw notThatTable(found.shown, `no column id of whole numbers`, idType);
  }
  if (payloadType !== 'jsonb' && payloadType !== 'json' && payloadType !== 'text') {
    throw notThatTable(found.shown, 'no column payload of type jsonb, json or text', payloadType);
  }
  const { server, database, databaseOid } = await identityOf(client);
  return {
    name: `${ident(found.schema)}.${ident(found.table)}`,
    topic: `${IMPORTED}${server}/${database}/${found.schema}.${found.table}`,
    source: `postgres:${server}/${databaseOid}/${found.oid}`,
    payloadType,
    hasCreatedAt: /^(timestamp|date)/.test(typeOf('created_at') ?? ''),
    otherColumns: columns.rows
      .map(({ name }) => name)
      .filter((name) => name !== 'id' && name !== 'payload'),
  };
}

interface Found {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  /** For messages. */
  readonly shown: string;
}

async function resolve(client: Client, given: string): Promise<Found> {
  const { rows } = await client
    .query<Omit<Found, 'shown'>>(
      `select c.oid, nspname as schema, relname as table
         from pg_class c join pg_namespace n on n.oid = relnamespace
        where c.oid = to_regclass($1) and relkind in ('r', 'p', 'v', 'm', 'f')`,
      [given],
    )
    .catch((error: unknown) => {
      throw new MedallionError('input', `"${given}" is no name of a table: ${messageOf(error)}`, {
        hint: 'Name it as SQL does: bronze_layer, public.bronze_layer, "Bronze".layer.',
        cause: error,
      });
    });
  const [found] = rows;
  if (found === undefined) {
    throw new MedallionError('input', `there is no table ${given} in that database`, {
      hint: 'Name it with its schema: --table schema.table. A view with columns id and payload will do, too.',
    });
  }
  return { ...found, shown: `${found.schema}.${found.table}` };
}

function notThatTable(table: string, lack: string, type: string | undefined): MedallionError {
  const found = type === undefined ? '' : ` (it is ${type})`;
  return new MedallionError('input', `${table} has ${lack}${found}`, {
    hint: 'A view that has them can be imported in its place: --table schema.view.',
  });
}
