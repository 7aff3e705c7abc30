import type { SparkPlace } from '../../config/spark.ts';
import { MedallionError } from '../../errors.ts';
import type { FileAccess } from '../duckdb/s3.ts';
import { DuckDbSession } from '../duckdb/session.ts';
import type { Engine } from '../engine.ts';
import { SparkSession } from './session.ts';
import { provenStaging } from './proof.ts';
import { openCluster } from './cluster.ts';

/**
 * Spark at work for a promotion, with a DuckDB here for what is looked up, checked and handed to PostgreSQL.
 * @param near DuckDB on the warehouse; it is closed with this
 * @throws MedallionError unreachable, denied, storage
 */
export async function openSpark(
  near: Engine,
  place: SparkPlace,
  access: FileAccess,
): Promise<Engine> {
  const { signal } = access.context;
  const sessions = new Set<SparkSession>();
  const { staging } = await provenStaging(place, access).catch(async (error: unknown) => {
    await near.close(true);
    throw error;
  });
  // An interrupt, or a failure on one session, leaves statements at work that nobody waits for.
  const release = (): void => {
    for (const session of sessions) {
      void session.release();
    }
  };
  signal.addEventListener('abort', release);
  const closeSessions = async (): Promise<void> => {
    for (const session of sessions) {
      await session.close();
    }
  };
  return {
    async openSession() {
      const session = await near.openSession();
      if (!(session instanceof DuckDbSession)) {
        throw new MedallionError('config', 'Spark works with a session of DuckDB beside it');
      }
      await session.reach([place.staging.folder]);
      const cluster = await openCluster(place.remote);
      const spark = new SparkSession(session, cluster, staging, (closed) => {
        sessions.delete(closed);
      });
      sessions.add(spark);
      return spark;
    },
    async reset() {
      await closeSessions();
      await staging.empty();
      await near.reset();
    },
    async close(hasFailed) {
      signal.removeEventListener('abort', release);
      await closeSessions();
      await staging.close();
      await near.close(hasFailed);
    },
  };
}
