import { sparkPlace } from '../config/spark.ts';
import { ok, type Check } from './finding.ts';

const TITLE = 'Spark';

/** Only where it is set up: SPARK_REMOTE alone may be there for other programs. */
export const sparkCheck: Check = {
  title: TITLE,
  // A statement on a cluster that has just started takes a while.
  limitMs: 60_000,
  run: async ({ spark, duckdb }, context) => {
    if (spark.staging === undefined) {
      return [];
    }
    const place = sparkPlace(spark);
    const { provenStaging } = await import('../engine/spark/proof.ts');
    const { staging, server } = await provenStaging(place, { duckdb, context });
    await staging.close();
    return [ok(TITLE, `${server} at ${place.remote.server}, shares ${place.staging.folder}`)];
  },
};
