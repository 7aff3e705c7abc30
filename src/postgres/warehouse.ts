import type { Config } from '../config.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { DEFAULT_PATIENCE, Outage, type Patience } from '../retry.ts';
import {
  describeServer,
  isExposed,
  withClient,
  type Client,
  type ConnectionSettings,
} from './client.ts';
import { acquireEmbeddedServer } from './embedded.ts';
import { mayMigrate, migrate, missingMigrations } from './migrate.ts';
import { takeRunFiles } from './run-files.ts';

const OLDEST_SERVER = 14;
const NEWEST_SERVER = 18;

export interface WarehouseOptions {
  /** Bring the schema up to date first; true unless said otherwise. */
  readonly migrate?: boolean;
  /** How long the server is waited for, by this call at the start and by `outage` later. */
  readonly patience?: Patience;
}

/**
 * Runs `work` with the warehouse that the configuration names: a server of one's own, or the embedded one, which is
 * started when it is down and released afterwards, whatever happens. The schema is current when `work` begins; work
 * that takes long rides out the losses of the server with `outage`, which also brings an embedded one back. The
 * records of runs that needed no warehouse are in the books by then.
 * @throws MedallionError unreachable, denied, config (server too old, database newer than this program), storage
 */
export async function withWarehouse<T>(
  config: Config,
  context: StageContext,
  work: (settings: ConnectionSettings, outage: Outage) => Promise<T>,
  options: WarehouseOptions = {},
): Promise<T> {
  const { patience = DEFAULT_PATIENCE } = options;
  return withServer(config, context, async (settings, recover) => {
    const server = `PostgreSQL at ${describeServer(settings)}`;
    const outage = (forMs: number): Outage => new Outage(server, context, { forMs, recover });
    await outage(patience.atStart ? patience.forMs : 0).ride(() =>
      withClient(settings, async (client) => {
        await checkVersion(client, settings, context);
        if (settings.tls?.optional === true && isExposed(client, settings)) {
          context.emit({
            type: 'warning',
            message: `the connection to ${describeServer(settings)} is not encrypted: the server has no TLS`,
            hint: 'sslmode=disable, in DATABASE_URL or PGSSLMODE, says that this is meant; sslmode=verify-full insists on TLS.',
          });
        }
        if ((options.migrate ?? true) && (await mayMigrate(client))) {
          await applyMigrations(client, settings);
          await takeRunFiles(client, config.home, context);
        }
      }),
    );
    const later = outage(patience.forMs);
    later.end();
    return work(settings, later);
  });
}

/**
 * Brings the schema up to date.
 * @returns the names of the migrations applied
 */
export async function migrateWarehouse(settings: ConnectionSettings): Promise<string[]> {
  return withClient(settings, (client) => applyMigrations(client, settings));
}

export interface WarehouseState {
  /** Version of the server, e.g. 18.4. */
  readonly serverVersion: string;
  /** Name of the latest migration applied; undefined when the database has none. */
  readonly migration: string | undefined;
  /** Bytes on disk. */
  readonly size: bigint;
}

/** What a database says about itself, without changing it. */
export async function warehouseState(settings: ConnectionSettings): Promise<WarehouseState> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<{ version: string; migrated: string | null; size: string }>(
      `select current_setting('server_version') as version,
              to_regclass('medallion.migrations') as migrated,
              pg_database_size(current_database()) as size`,
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
 * Drops bronze, silver, gold and medallion's books, all or none.
 * @throws MedallionError locked when another session is using them
 */
export async function dropWarehouse(settings: ConnectionSettings): Promise<void> {
  await withClient(settings, async (client) => {
    try {
      // One message is one transaction.
      await client.query(
        `set local lock_timeout = '5s';
         drop schema if exists bronze, silver, gold, medallion cascade`,
      );
    } catch (error) {
      if (codeOf(error) === '55P03' || codeOf(error) === '40P01') {
        throw new MedallionError(
          'locked',
          `another session is using the tables of ${describeServer(settings)}`,
          {
            hint: 'Nothing was dropped. Try again when it has finished.',
            cause: error,
          },
        );
      }
      throw error;
    }
  });
}

async function withServer<T>(
  config: Config,
  context: StageContext,
  work: (settings: ConnectionSettings, recover: () => Promise<void>) => Promise<T>,
): Promise<T> {
  if (config.warehouse.kind === 'server') {
    const { host, port, user, password, database, tls } = config.warehouse;
    return work({ host, port, user, password, database, tls }, () => Promise.resolve());
  }
  const server = await acquireEmbeddedServer(config.home, context);
  try {
    return await work(server.settings, () => server.renew());
  } finally {
    await server.release();
  }
}

async function checkVersion(
  client: Client,
  settings: ConnectionSettings,
  context: StageContext,
): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  );
  const major = Math.floor(Number(rows[0]?.number) / 10_000);
  const found = `${describeServer(settings)} is PostgreSQL ${rows[0]?.version ?? '?'}`;
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
      message: `${found}, which is newer than this medallion was tested with (${String(NEWEST_SERVER)})`,
    });
  }
}

async function applyMigrations(client: Client, settings: ConnectionSettings): Promise<string[]> {
  try {
    return await migrate(client);
  } catch (error) {
    const missing = codeOf(error) === '42501' ? await missingBehind(client) : [];
    throw missing.length > 0
      ? new MedallionError(
          'denied',
          `the schema of ${describeServer(settings)} is not up to date, and user "${settings.user}" may not change it: ` +
            `it lacks ${missing.join(', ')}`,
          { hint: 'Run "medallion db migrate" as its owner, then this again.', cause: error },
        )
      : migrationError(error, settings);
  }
}

/** What a schema that has been made lacks; nothing where there is none yet, or where that cannot be asked. */
async function missingBehind(client: Client): Promise<string[]> {
  const { rowCount } = await client.query(`select from pg_namespace where nspname = 'medallion'`);
  return rowCount === 1 ? missingMigrations(client).catch(() => []) : [];
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
    case '25006':
      return new MedallionError('config', `${server} is read-only: a standby, or set so`, {
        hint: 'Name the primary server in DATABASE_URL, PG* or POSTGRES_*.',
        cause: error,
      });
    case '42P07':
    case '42710':
      return new MedallionError(
        'config',
        `${server} holds tables of another program: ${messageOf(error)}`,
        {
          hint: 'medallion needs the schemas bronze, silver, gold and medallion for itself: give it a database of its own.',
          cause: error,
        },
      );
    default:
      return error;
  }
}
