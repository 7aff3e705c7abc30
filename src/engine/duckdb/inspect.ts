import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import type { StageContext } from '../../progress.ts';
import { buildOf, loadPostgresExtension, type Build } from './extension.ts';

/** The DuckDB in this process. */
export async function inspectDuckDb(): Promise<Build> {
  return withDuckDb(buildOf);
}

/**
 * The version of the postgres extension, which is fetched when it is not on this machine.
 * @throws MedallionError as `loadPostgresExtension` does
 */
export async function inspectPostgresExtension(
  config: DuckDbConfig,
  context: StageContext,
): Promise<string> {
  return withDuckDb(async (connection) => {
    await loadPostgresExtension(connection, config, context);
    const result = await connection.runAndReadAll(
      "select extension_version from duckdb_extensions() where extension_name = 'postgres_scanner'",
    );
    return String(result.getRows()[0]?.[0]);
  });
}

async function withDuckDb<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('./driver.ts');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
