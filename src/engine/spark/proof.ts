import type { SparkPlace } from '../../config/spark.ts';
import { MedallionError } from '../../errors.ts';
import { foreseen, STAGING } from '../duckdb/errors.ts';
import { withDuckDb } from '../duckdb/inspect.ts';
import { reachPlaces, type FileAccess } from '../duckdb/s3.ts';
import { StatementError, type ConnectSession } from './connect.ts';
import { stagingFailure } from './errors.ts';
import { farSelect, FileExchange, nearSelect } from './files.ts';
import { openCluster } from './cluster.ts';
import { Staging } from './staging.ts';

const OLDEST_MAJOR = 4;

/**
 * The staging folder of a run, once a row has gone by it to the cluster and back, and what the server is: Spark 4.2.1,
 * Sail 0.7.2.
 * @throws MedallionError unreachable, denied, storage; config, where it is too old
 */
export async function provenStaging(
  { remote, staging: settings }: SparkPlace,
  access: FileAccess,
): Promise<{ staging: Staging; server: string }> {
  const cluster = await openCluster(remote);
  try {
    const staging = await Staging.open(settings, access);
    try {
      return { staging, server: await proveWay(cluster, staging, settings.folder, access) };
    } catch (error) {
      await staging.close();
      throw error;
    }
  } finally {
    await cluster.close();
  }
}

/** Writes a row here, has the cluster read it, and reads what that has written; returns what the server is. */
async function proveWay(
  cluster: ConnectSession,
  staging: Staging,
  folder: string,
  access: FileAccess,
): Promise<string> {
  return withDuckDb(async (connection) => {
    await reachPlaces(connection, [folder], access);
    const execute = (sql: string): Promise<unknown> => foreseen(() => connection.run(sql), STAGING);
    const exchange = new FileExchange({ execute }, cluster, staging);
    const given = await exchange.give('proof', 'select 1 as proof');
    const columns = [{ name: 'version', type: 'varchar' }];
    const taken = await exchange
      .take(
        'answer',
        `select version() as version from (${farSelect(given)}) as given where proof = 1`,
        columns,
      )
      .catch((error: unknown) => {
        // Where there is no such file Sail reads rows without a column.
        throw error instanceof StatementError ? stagingFailure(error) : error;
      });
    const [row] = (await connection.runAndReadAll(nearSelect(taken.files))).getRows();
    return nameOf(String(row?.[0]));
  });
}

/** Spark says its revision behind its version, Sail the version alone. */
function nameOf(version: string): string {
  const [number = '', revision] = version.split(' ');
  if (revision === undefined) {
    return `Sail ${number}`;
  }
  if (Number.parseInt(number, 10) < OLDEST_MAJOR) {
    throw new MedallionError('config', `the server is Spark ${number}`, {
      hint: `medallion needs Spark ${String(OLDEST_MAJOR)}.0 or later.`,
    });
  }
  return `Spark ${number}`;
}
