import { sparkPlace } from '../config/spark.ts';
import {
  inspectDuckDb,
  inspectExtension,
  inspectCachedExtension,
} from '../engine/duckdb/inspect.ts';
import { MedallionError } from '../errors.ts';
import { ok, warn, type Check } from './finding.ts';

export const duckDbCheck: Check = {
  title: 'DuckDB',
  limitMs: 10_000,
  run: async () => {
    const { version, platform } = await inspectDuckDb();
    return [ok('DuckDB', `${version} on ${platform}`)];
  },
};

export const extensionCheck: Check = {
  title: 'DuckDB postgres extension',
  // It may have to be fetched: 15 MB.
  limitMs: 120_000,
  run: async ({ duckdb }, context) => {
    const version = await inspectExtension('postgres', duckdb, context);
    return [ok('DuckDB postgres extension', `loads, version ${version}`)];
  },
};

const EXCEL = 'DuckDB excel extension';

/** Only exports to xlsx need it: without it nothing is amiss. */
export const excelCheck: Check = {
  title: EXCEL,
  limitMs: 10_000,
  run: async ({ duckdb }) => {
    try {
      const version = await inspectCachedExtension('excel', duckdb);
      const missing =
        'not installed; the first export to xlsx fetches it, or medallion doctor --fetch';
      return [ok(EXCEL, version === undefined ? missing : `loads, version ${version}`)];
    } catch (error) {
      if (error instanceof MedallionError) {
        return [warn(EXCEL, error.message, error.hint)];
      }
      throw error;
    }
  },
};

/** The same, where it is wanted: before a machine loses its network. */
export const excelFetch: Check = {
  title: EXCEL,
  limitMs: extensionCheck.limitMs,
  run: async ({ duckdb }, context) => {
    const version = await inspectExtension('excel', duckdb, context);
    return [ok(EXCEL, `loads, version ${version}`)];
  },
};

const SPARK = 'Spark';

/** Only where it is set up: SPARK_REMOTE alone may be there for other programs. */
export const sparkCheck: Check = {
  title: SPARK,
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
    return [ok(SPARK, `${server} at ${place.remote.server}, shares ${place.staging.folder}`)];
  },
};
