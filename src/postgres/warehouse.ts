import { affectsRows } from './ask.ts';
import type { Config } from '../config.ts';
import type { WarehouseConfig } from '../config/warehouse.ts';
import { passwordIn } from '../config/passfile.ts';
import type { ServerFacts } from '../config/session.ts';
import { codeOf, MedallionError, messageOf, withHint } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { allModels } from '../model/load.ts';
import { DEFAULT_RETRY_POLICY, Retry, retryMsAtStart, type RetryPolicy } from '../retry.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { isExposed, withClient, type Client } from './client.ts';
import { readOnly } from './failures.ts';
import { withTransaction } from './transaction.ts';
import { makeTables } from '../schema/changes.ts';
import { acquireEmbeddedServer } from '../embedded/server.ts';
import { askableIdentity } from './identity.ts';
import { hasMetadata, mayMigrate, migrate, missingMigrations } from '../schema/migrate.ts';
import {
  conflictError,
  dropOwnObjects,
  recordsObjects,
  type SchemaObject,
} from '../schema/objects.ts';
import { namedBackend } from './pooler.ts';
import { takeRunFiles } from './run-files.ts';
import { sqlFile } from '../sql-file.ts';

const OLDEST_SERVER = 14;
const NEWEST_SERVER = 18;

export interface WarehouseOptions {
  /** Bring the schema up to date first; true unless said otherwise. */
  readonly migrate?: boolean;
  /** The work writes: a server that takes no writes is like one that is away. */
  readonly writes?: boolean;
  /** For how long this call retries at the start, and `retry` later. */
  readonly retryPolicy?: RetryPolicy;
}

/**
 * Runs `work` with the warehouse that the configuration names: a server of one's own, or the embedded one, which is
 * started when it is down and released afterwards, whatever happens. The schema is current when `work` begins; work
 * that takes long retries with `retry` when the server is lost, which also brings an embedded one back. The
 * records of runs that needed no warehouse are in the metadata by then.
 * @throws MedallionError unreachable, denied, config (server too old, database newer than this program), storage
 */
export async function withWarehouse<T>(
  config: Config,
  context: StageContext,
  work: (settings: ConnectionSettings, retry: Retry) => Promise<T>,
  options: WarehouseOptions = {},
): Promise<T> {
  const { retryPolicy = DEFAULT_RETRY_POLICY } = options;
  return withServer(config, context, async (settings, recover) => {
    const server = `PostgreSQL at ${describeServer(settings)}`;
    const atStart = { recover, forMs: retryMsAtStart(retryPolicy) };
    const facts = await new Retry(server, context, atStart).run(() =>
      withClient(settings, async (client) => {
        const found = await inspectServer(client, settings, context);
        if (found.isReadOnly && options.writes === true) {
          throw readOnly(settings, found.isStandby);
        }
        if (settings.tls?.optional === true && isExposed(client, settings)) {
          context.emit({
            type: 'warning',
            message: `the connection to ${describeServer(settings)} is not encrypted: the server has no TLS`,
            hint: 'To accept that, set sslmode=disable in DATABASE_URL or PGSSLMODE; to require TLS, sslmode=verify-full.',
          });
        }
        if ((options.migrate ?? true) && (await mayMigrate(client))) {
          await applyMigrations(client, settings, config.project);
          await takeRunFiles(client, config.home, context);
        }
        return found.facts;
      }),
    );
    const later = { recover, forMs: retryPolicy.forMs };
    return work({ ...settings, facts }, Retry.connected(server, context, later));
  });
}

/**
 * Brings the schema up to date, the tables of the models included.
 * @param project the folder of models of the user's own
 * @returns the names of the migrations applied
 */
export async function migrateWarehouse(
  settings: ConnectionSettings,
  project?: string,
): Promise<string[]> {
  return withClient(settings, (client) => applyMigrations(client, settings, project));
}

export interface WarehouseState {
  /** Version of the server, e.g. 18.4. */
  readonly serverVersion: string;
  /** Name of the latest migration applied; undefined when the database has none. */
  readonly migration: string | undefined;
  /** Bytes on disk. */
  readonly size: bigint;
}

export async function warehouseState(settings: ConnectionSettings): Promise<WarehouseState> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<{ version: string; migrated: string | null; size: string }>(
      sqlFile('schema/state'),
    );
    const latest =
      typeof rows[0]?.migrated !== 'string'
        ? undefined
        : await client.query<{ name: string }>(
            'select name from medallion.migrations order by number desc limit 1',
          );
    return {
      serverVersion: rows[0]?.version ?? '',
      migration: latest?.rows[0]?.name,
      size: BigInt(rows[0]?.size ?? 0),
    };
  });
}

/**
 * Drops what medallion has made in the warehouse, all or nothing, and leaves what others have made in its schemas.
 * @param cascade also drop what others have made that depends on it, as a view on a mart
 * @returns what stays
 * @throws MedallionError locked when another session is using the tables; model when something of somebody else's
 *   depends on them; denied
 */
export async function dropWarehouse(
  settings: ConnectionSettings,
  { cascade = false }: { readonly cascade?: boolean } = {},
): Promise<SchemaObject[]> {
  return withClient(settings, async (client) => {
    if (!(await hasMetadata(client))) {
      return [];
    }
    if (!(await recordsObjects(client))) {
      // An older version did not record what it made; a migration does that.
      await applyMigrations(client, settings);
    }
    try {
      return await withTransaction(client, async () => {
        await client.query(`set local lock_timeout = '5s'`);
        return dropOwnObjects(client, cascade);
      });
    } catch (error) {
      throw dropError(error, settings);
    }
  });
}

export function serverSettings(
  warehouse: Extract<WarehouseConfig, { kind: 'server' }>,
): ConnectionSettings {
  const { host, port, user, database, tls, passfile } = warehouse;
  const password =
    warehouse.password ?? (passfile === undefined ? undefined : passwordIn(passfile, warehouse));
  return { host, port, user, password, database, tls };
}

function dropError(error: unknown, settings: ConnectionSettings): unknown {
  const server = describeServer(settings);
  switch (codeOf(error)) {
    case '55P03':
    case '40P01':
      return new MedallionError('locked', `another session is using the tables of ${server}`, {
        hint: 'Nothing was dropped. Try again when it has finished.',
        cause: error,
      });
    case '42501':
      return new MedallionError(
        'denied',
        `user "${settings.user}" may not drop the tables of ${server}: ${messageOf(error)}`,
        { hint: 'Nothing was dropped. Run it as the owner of the tables.', cause: error },
      );
    default: {
      const conflict = conflictError(error);
      return conflict instanceof MedallionError
        ? withHint(
            conflict,
            'Nothing was dropped. Drop what depends on it first, or with the rest: medallion db reset --cascade',
          )
        : error;
    }
  }
}

async function withServer<T>(
  config: Config,
  context: StageContext,
  work: (settings: ConnectionSettings, recover: () => Promise<void>) => Promise<T>,
): Promise<T> {
  if (config.warehouse.kind === 'server') {
    return work(serverSettings(config.warehouse), () => Promise.resolve());
  }
  const server = await acquireEmbeddedServer(config.home, context);
  try {
    return await work(server.settings, () => server.renew());
  } finally {
    await server.release();
  }
}

interface InspectedServer {
  readonly facts: ServerFacts;
  readonly isReadOnly: boolean;
  readonly isStandby: boolean;
}

/**
 * Asks a server what it is, before anything is written to it.
 * @throws MedallionError config, where it is none that medallion works with
 */
async function inspectServer(
  client: Client,
  settings: ConnectionSettings,
  context: StageContext,
): Promise<InspectedServer> {
  const { rows } = await client.query<{
    number: string;
    version: string;
    encoding: string;
    backend: string;
    read_only: string;
    standby: string;
  }>(sqlFile('schema/server'));
  const [found] = rows;
  const majorVersion = Math.floor(Number(found?.number) / 10_000);
  checkVersion(majorVersion, found?.version ?? '?', settings, context);
  checkEncoding(found?.encoding ?? '?', settings);
  return {
    facts: {
      majorVersion,
      isPooled: found?.backend !== namedBackend(client),
      identity: await askableIdentity(client),
    },
    isReadOnly: found?.read_only === 'on',
    isStandby: found?.standby === 'true',
  };
}

function checkVersion(
  major: number,
  version: string,
  settings: ConnectionSettings,
  context: StageContext,
): void {
  const found = `${describeServer(settings)} is PostgreSQL ${version}`;
  if (major < OLDEST_SERVER) {
    throw new MedallionError(
      'config',
      `${found}; medallion needs ${String(OLDEST_SERVER)} or later`,
      {
        hint: 'Upgrade the server, or unset DATABASE_URL, PG* and POSTGRES_* to use the embedded one.',
      },
    );
  }
  if (major > NEWEST_SERVER) {
    context.emit({
      type: 'warning',
      message: `${found}, newer than the latest one that this version of medallion was tested with (${String(NEWEST_SERVER)})`,
    });
  }
}

/** Events hold any Unicode, which no other encoding does; SQL_ASCII would take any bytes and compare them as such. */
function checkEncoding(encoding: string, settings: ConnectionSettings): void {
  if (encoding !== 'UTF8') {
    throw new MedallionError(
      'config',
      `the database ${describeServer(settings)} has the encoding ${encoding}; medallion needs UTF8`,
      {
        hint: `Create another database and use that: createdb -h ${settings.host} -p ${String(settings.port)} -E UTF8 -T template0 NAME`,
      },
    );
  }
}

async function applyMigrations(
  client: Client,
  settings: ConnectionSettings,
  project?: string,
): Promise<string[]> {
  try {
    return await migrate(client, undefined, () => makeTables(client, () => allModels(project)));
  } catch (error) {
    const obstacle = OBSTACLES[codeOf(error) ?? ''];
    const missing = obstacle === undefined ? [] : await missingBehind(client);
    throw missing.length > 0
      ? new MedallionError(
          'denied',
          `the schema of ${describeServer(settings)} is not up to date, and ${obstacle?.(settings) ?? ''}: ` +
            `it lacks ${missing.join(', ')}`,
          {
            hint: 'Run "medallion db migrate" as its owner, on the primary server, then run this command again.',
            cause: error,
          },
        )
      : migrationError(error, settings);
  }
}

/** Why a schema stays as it is, by the SQLSTATE of a change to it. */
const OBSTACLES: Readonly<Record<string, (settings: ConnectionSettings) => string>> = {
  '42501': ({ user }) => `user "${user}" may not change it`,
  '25006': () => 'the server is read-only',
};

/** What a schema that has been made lacks; nothing where there is none yet, or where that cannot be asked. */
async function missingBehind(client: Client): Promise<string[]> {
  const isMade = await affectsRows(client, `select from pg_namespace where nspname = 'medallion'`);
  return isMade ? missingMigrations(client).catch(() => []) : [];
}

/** What keeps a schema from being made, where it lies with the database and not with the migration. */
function migrationError(error: unknown, settings: ConnectionSettings): unknown {
  const server = describeServer(settings);
  switch (codeOf(error)) {
    case '42501':
      return new MedallionError(
        'denied',
        `user "${settings.user}" cannot make tables in ${server}: ${messageOf(error)}`,
        {
          hint: `The owner of the database can allow it: grant create on database "${settings.database}" to "${settings.user}";`,
          cause: error,
        },
      );
    default:
      return conflictError(error);
  }
}
