import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import type { StageContext } from '../../progress.ts';
import { buildOf, EXTENSIONS, loadExtension, loadCachedExtension } from './extension.ts';
import type { Build, Extension } from './extension-sources.ts';

export async function inspectDuckDb(): Promise<Build> {
  return withDuckDb(buildOf);
}

/**
 * The version of an extension, which is fetched when it is not on this machine.
 * @throws MedallionError as `loadExtension` does
 */
export async function inspectExtension(
  name: Extension['name'],
  config: DuckDbConfig,
  context: StageContext,
): Promise<string> {
  return withDuckDb(async (connection) => {
    await loadExtension(connection, EXTENSIONS[name], config, context);
    return versionOf(connection, EXTENSIONS[name]);
  });
}

/**
 * The same, but nothing is fetched: undefined when it is not on this machine.
 * @throws MedallionError config
 */
export async function inspectCachedExtension(
  name: Extension['name'],
  config: DuckDbConfig,
): Promise<string | undefined> {
  return withDuckDb(async (connection) => {
    const cached = await loadCachedExtension(connection, EXTENSIONS[name], config);
    return cached === undefined ? undefined : versionOf(connection, EXTENSIONS[name]);
  });
}

async function versionOf(connection: DuckDBConnection, { module }: Extension): Promise<string> {
  const result = await connection.runAndReadAll(
    'select extension_version from duckdb_extensions() where extension_name = $1',
    [module],
  );
  return String(result.getRows()[0]?.[0]);
}

/** A DuckDB that knows no warehouse. */
export interface BareDuckDb {
  readonly connection: DuckDBConnection;
  readonly close: () => void;
}

/** Starts one. It takes long to load: only who needs one waits for it. */
export async function openBareDuckDb(): Promise<BareDuckDb> {
  const { DuckDBInstance } = await import('./driver.ts');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export async function withDuckDb<T>(
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const { connection, close } = await openBareDuckDb();
  try {
    return await work(connection);
  } finally {
    close();
  }
}
