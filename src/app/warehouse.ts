import type { Config } from '../config.ts';
import { usageError } from '../errors.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import {
  embeddedStatus,
  keepServerRunning,
  stopEmbeddedServer,
  type EmbeddedStatus,
} from '../embedded/server.ts';
import type { SchemaObject } from '../schema/objects.ts';
import { grantRole, type GrantOptions, type GrantResult } from '../schema/grants.ts';
import {
  dropWarehouse,
  migrateWarehouse,
  serverSettings,
  warehouseState,
  type WarehouseState,
} from '../postgres/warehouse.ts';
import { contextOf, READS, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';

/**
 * Runs `work` while the warehouse is up and its schema current: with what any PostgreSQL client connects with. Calls of
 * the other functions meanwhile share an embedded server.
 * @throws MedallionError unreachable, denied, config, storage
 */
export async function withWarehouse<T>(
  config: Config,
  work: (settings: ConnectionSettings) => Promise<T>,
  options: CallOptions = {},
): Promise<T> {
  return withOpen(config, options, ({ settings }) => work(settings), READS);
}

/**
 * Starts the embedded server and keeps it up.
 * @returns where it is
 * @throws MedallionError usage where the warehouse is another server; storage
 */
export async function startServer(config: Config, options: CallOptions): Promise<string> {
  requireEmbedded(config, 'start');
  return describeServer(await keepServerRunning(config.home, contextOf(options)));
}

/**
 * Stops the embedded server once no command uses it.
 * @returns how many use it; undefined when it was not running
 * @throws MedallionError usage where the warehouse is another server
 */
export async function stopServer(
  config: Config,
  options: CallOptions,
): Promise<number | undefined> {
  requireEmbedded(config, 'stop');
  return stopEmbeddedServer(config.home, contextOf(options));
}

function requireEmbedded({ warehouse }: Config, verb: string): void {
  if (warehouse.kind === 'server') {
    throw usageError(
      `the warehouse is the server named by ${warehouse.from}; medallion does not ${verb} it`,
      'medallion starts and stops only the embedded PostgreSQL. To use it, unset DATABASE_URL, PG* and POSTGRES_*.',
    );
  }
}

export interface WarehouseFacts {
  /** Where it is, and what it says of itself; undefined where nothing runs. */
  readonly running: (WarehouseState & { readonly address: string }) | undefined;
  /** Undefined where the warehouse is another server. */
  readonly embedded: EmbeddedStatus | undefined;
}

/** Where the warehouse is and its state; starts nothing. */
export async function warehouseFacts({ warehouse, home }: Config): Promise<WarehouseFacts> {
  const embedded = warehouse.kind === 'server' ? undefined : await embeddedStatus(home);
  const settings = warehouse.kind === 'server' ? serverSettings(warehouse) : embedded?.settings;
  return {
    embedded,
    running: settings && {
      ...(await warehouseState(settings)),
      address: describeServer(settings),
    },
  };
}

/** Where the warehouse is, if nothing has to be started for it. */
export async function runningWarehouse({
  warehouse,
  home,
}: Config): Promise<ConnectionSettings | undefined> {
  return warehouse.kind === 'server'
    ? serverSettings(warehouse)
    : (await embeddedStatus(home)).settings;
}

/**
 * Brings the schema up to date.
 * @returns the names of the migrations applied
 */
export async function migrate(
  config: Config,
  options: CallOptions,
): Promise<{ readonly applied: readonly string[]; readonly server: string }> {
  const work = async ({ settings }: OpenWarehouse) => ({
    applied: await migrateWarehouse(settings, config.project),
    server: describeServer(settings),
  });
  return withOpen(config, options, work, { migrate: false });
}

/** Gives a role of the server what reading, loading or promoting needs. */
export async function grant(
  config: Config,
  options: CallOptions,
  role: GrantOptions,
): Promise<GrantResult & { readonly server: string }> {
  const work = async ({ settings }: OpenWarehouse) => ({
    ...(await grantRole(settings, role)),
    server: describeServer(settings),
  });
  return withOpen(config, options, work, { migrate: !role.dryRun, writes: !role.dryRun });
}

/**
 * Drops what medallion has made.
 * @returns what others have made and stays
 * @throws MedallionError locked, model, denied; what `confirm` throws
 */
export async function reset(
  config: Config,
  options: CallOptions & {
    readonly cascade: boolean;
    /** Asked before anything goes, with the server. */
    readonly confirm: (server: string) => Promise<void>;
  },
): Promise<{ readonly left: readonly SchemaObject[]; readonly server: string }> {
  const work = async ({ settings }: OpenWarehouse) => {
    const server = describeServer(settings);
    await options.confirm(server);
    return { left: await dropWarehouse(settings, options), server };
  };
  return withOpen(config, options, work, { migrate: false });
}
