import type { SparkPlace } from '../../config/spark.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { DuckDbLane } from '../duckdb/lane.ts';
import type { Engine } from '../engine.ts';
import { SparkLane } from './lane.ts';
import { provenStaging } from './proof.ts';
import { openSession } from './session.ts';

/**
 * Spark at work for a promotion, with a DuckDB here for what is looked up, checked and handed to PostgreSQL.
 * @param near DuckDB on the warehouse; it is closed with this
 * @throws MedallionError unreachable, denied, storage
 */
export async function openSpark(
  near: Engine,
  place: SparkPlace,
  context: StageContext,
): Promise<Engine> {
  const lanes = new Set<SparkLane>();
  const { staging } = await provenStaging(place).catch(async (error: unknown) => {
    await near.close(true);
    throw error;
  });
  // An interrupt, or a failure on one lane, leaves statements at work that nobody waits for.
  const release = (): void => {
    for (const lane of lanes) {
      void lane.release();
    }
  };
  context.signal.addEventListener('abort', release);
  const closeLanes = async (): Promise<void> => {
    for (const lane of lanes) {
      await lane.close();
    }
  };
  return {
    async openLane() {
      const lane = await near.openLane();
      if (!(lane instanceof DuckDbLane)) {
        throw new MedallionError('config', 'Spark works with a lane of DuckDB beside it');
      }
      const session = await openSession(place.remote);
      const spark = new SparkLane(lane, session, staging, (closed) => {
        lanes.delete(closed);
      });
      lanes.add(spark);
      return spark;
    },
    async reset() {
      await closeLanes();
      await staging.empty();
      await near.reset();
    },
    async close(hasFailed) {
      context.signal.removeEventListener('abort', release);
      await closeLanes();
      await staging.close();
      await near.close(hasFailed);
    },
  };
}
