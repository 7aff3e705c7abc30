import { affectsRows } from '../postgres/ask.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { sqlFile } from '../sql-file.ts';

/*
 * The schemas bronze, silver, gold and medallion may hold other people's tables, too. medallion.objects records what
 * medallion has made, medallion.schema_objects says of everything there whether it is medallion's; see
 * sql/migrations/008_objects.sql.
 */

/** A table, view, function or the like of the four schemas. */
export interface SchemaObject {
  readonly kind: string;
  /** As SQL names it, with its schema. */
  readonly identity: string;
}

/**
 * Whether what medallion makes is recorded, and the user may read the record: it is from migration 008 on, which records
 * what there was before.
 */
export async function recordsObjects(client: Client): Promise<boolean> {
  return affectsRows(client, sqlFile('schema/records_objects'));
}

/** Runs the statements of a migration and records what they have made. */
export async function recordingObjects(
  client: Client,
  work: () => Promise<unknown>,
): Promise<void> {
  if (!(await recordsObjects(client))) {
    await work();
    return;
  }
  const foreign = await client.query<{ identity: string }>(
    'select identity from medallion.schema_objects where not is_own',
  );
  await work();
  await client.query(
    `select medallion.record_object(schema_name, name) from medallion.schema_objects
     where not is_own and identity <> all ($1)`,
    [foreign.rows.map(({ identity }) => identity)],
  );
}

/** Records the oids anew where a dump was restored, so that it is not for names alone to decide from then on. */
export async function renewRecord(client: Client): Promise<void> {
  await client.query(sqlFile('schema/renew_objects'));
}

/**
 * Refuses to take over what somebody else has made under the name of a model.
 * @throws MedallionError config
 */
export async function refuseForeign(client: Client, models: readonly Model[]): Promise<void> {
  if (!(await recordsObjects(client))) {
    // Who may not read the record may not change a table either, and only looks.
    return;
  }
  const { rows } = await client.query<{ identity: string; kind: string }>(
    `select identity, kind from medallion.schema_objects
     where not is_own and schema_name || '.' || name = any ($1) order by identity`,
    [models.map(({ id }) => id)],
  );
  if (rows.length > 0) {
    throw foreignError(
      rows.map(({ identity, kind }) => `${identity} is a ${kind} that medallion did not make`),
    );
  }
}

/** @param found what stands under a name that medallion needs, each as a clause */
function foreignError(found: readonly string[], cause?: unknown): MedallionError {
  return new MedallionError('config', found.join('\n'), {
    hint:
      'Nothing was changed. Rename it, move it to another schema, or give medallion its own database.\n' +
      'docs/operations.md says what to do when it is a table of medallion that was restored alone.',
    cause,
  });
}

/**
 * What PostgreSQL says when something of somebody else's keeps a table from being made, changed or dropped; else the
 * error itself.
 */
export function conflictError(error: unknown): unknown {
  const message = messageOf(error);
  if (/^(42P07|42710|42723)$/.test(codeOf(error) ?? '')) {
    return foreignError([`the database has an object of another program: ${message}`], error);
  }
  const detail = error instanceof Error && 'detail' in error ? String(error.detail) : '';
  if (
    !/other objects depend on (it|them)|used by a view or rule|used in a (policy|trigger)|referenced in a foreign key/.test(
      message,
    )
  ) {
    return error;
  }
  return new MedallionError('model', [message, detail].filter((part) => part !== '').join('\n'), {
    hint: 'Nothing was changed. Drop or change what depends on it, and run the command again.',
    cause: error,
  });
}

/**
 * Drops what medallion has made, and those of its schemas that are empty then.
 * @param cascade also what others have made that depends on it
 * @returns what is left in the schemas: other people's
 */
export async function dropOwnObjects(client: Client, cascade: boolean): Promise<SchemaObject[]> {
  const { rows } = await client.query<
    SchemaObject & { class_id: string; object_id: string; is_own: string }
  >(
    `select kind, identity, class_id, object_id, is_own::text from medallion.schema_objects
     order by identity`,
  );
  const own = rows.filter(({ is_own }) => is_own === 'true');
  const foreign = rows.filter(({ is_own }) => is_own === 'false');
  for (const kind of [...new Set(own.map((object) => object.kind))].sort(byDependence)) {
    const names = own.filter((object) => object.kind === kind).map(({ identity }) => identity);
    await client.query(`drop ${kind} ${names.join(', ')}${cascade ? ' cascade' : ''}`);
  }
  const left = await client.query<SchemaObject>(sqlFile('schema/left_objects'), [
    foreign.map(({ class_id }) => class_id),
    foreign.map(({ object_id }) => object_id),
  ]);
  await dropEmptySchemas(client);
  return left.rows;
}

/** Views before the functions and tables that they may read. */
function byDependence(left: string, right: string): number {
  const rank = (kind: string): number => (kind === 'view' ? 0 : kind === 'function' ? 1 : 2);
  return rank(left) - rank(right);
}

async function dropEmptySchemas(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(sqlFile('schema/empty_schemas'));
  if (rows.length > 0) {
    await client.query(`drop schema ${rows.map(({ name }) => name).join(', ')}`);
  }
}
