import { affectsRows, isTrue } from '../postgres/ask.ts';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MedallionError } from '../errors.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import { recordingObjects } from './objects.ts';
import { sqlFile } from '../sql-file.ts';

const MIGRATIONS = fileURLToPath(new URL('../../sql/migrations/', import.meta.url));
/** Key of the advisory lock under which migrations run: "medallion" in ASCII, cut to 63 bits. */
const MIGRATION_LOCK = '7882824967869855595';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly hash: string;
}

/**
 * Brings the database to this version's schema: the numbered files that it does not have yet, each in its own
 * transaction, under a lock that makes a second migrator wait and then find nothing to do.
 * @param finish what belongs to the new schema and is in no file: a part of the last transaction
 * @returns the names of the migrations applied
 * @throws MedallionError config when the database is newer than this program, or a file was edited after it was applied
 */
export async function migrate(
  client: Client,
  directory = MIGRATIONS,
  finish: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  // The usual case: everything is applied.
  if ((await missingMigrations(client, directory)).length === 0) {
    return [];
  }
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    const pending = await readPending(client, directory);
    for (const migration of pending) {
      await withTransaction(client, async () => {
        // With the first of them, so that one that fails leaves nothing behind.
        await client.query(sqlFile('schema/migrations'));
        await recordingObjects(client, () => client.query(migration.sql));
        await client.query(
          'insert into medallion.migrations (number, name, hash) values ($1, $2, $3)',
          [migration.number, migration.name, migration.hash],
        );
        if (migration === pending.at(-1)) {
          await finish();
        }
      });
    }
    return pending.map((migration) => migration.name);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
  }
}

/**
 * The names of the migrations that the database does not have yet; asked without a lock and without a write.
 * @throws MedallionError config, as `migrate` does
 */
export async function missingMigrations(client: Client, directory = MIGRATIONS): Promise<string[]> {
  return (await readPending(client, directory)).map(({ name }) => name);
}

async function readPending(client: Client, directory: string): Promise<Migration[]> {
  const applied: Applied = (await hasMetadata(client))
    ? await appliedMigrations(client)
    : new Map();
  return pendingMigrations(readMigrations(directory), applied);
}

/** Whether any migration was applied. Asked of the catalog, which answers whoever has no rights on the schema too. */
export async function hasMetadata(client: Client): Promise<boolean> {
  return affectsRows(
    client,
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'medallion' and c.relname = 'migrations'`,
  );
}

/**
 * Whether the user could read, or change, the schema's version: who may not look into the metadata, as a reader of gold
 * may not, takes the schema as it is.
 */
export async function mayMigrate(client: Client): Promise<boolean> {
  return isTrue(
    client,
    `select coalesce(bool_and(has_schema_privilege(oid, 'usage')), true)
     from pg_namespace where nspname = 'medallion'`,
  );
}

type Applied = ReadonlyMap<number, { readonly name: string; readonly hash: string }>;

async function appliedMigrations(client: Client): Promise<Applied> {
  const { rows } = await client.query<{ number: string; name: string; hash: string }>(
    'select number, name, hash from medallion.migrations',
  );
  return new Map(rows.map((row) => [Number(row.number), row]));
}

function pendingMigrations(migrations: readonly Migration[], applied: Applied): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const [number, { name, hash }] of applied) {
    const file = known.get(number);
    if (file === undefined) {
      throw new MedallionError(
        'config',
        `the database has migration ${name}, which this version does not know`,
        {
          hint: 'A newer medallion has used this database. Update medallion.',
        },
      );
    }
    if (file.hash !== hash) {
      throw new MedallionError(
        'config',
        `migration ${name} differs from what was applied to this database`,
        {
          hint: 'A migration must never change. Restore the file, and put the change into a new migration.',
        },
      );
    }
  }
  return migrations.filter((migration) => !applied.has(migration.number));
}

function readMigrations(directory: string): Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const number = Number(/^(\d+)_/.exec(file)?.[1]);
      if (!Number.isInteger(number)) {
        throw new MedallionError(
          'config',
          `${path.join(directory, file)}: the name of a migration must begin with its number`,
        );
      }
      const sql = readFileSync(path.join(directory, file), 'utf8');
      return { number, name: file, sql, hash: createHash('sha256').update(sql).digest('hex') };
    });
}
