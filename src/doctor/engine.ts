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

/** Loads an extension, which may have to be fetched: 15 MB. */
function extensionOf(name: 'postgres' | 'excel'): Check {
  const title = `DuckDB ${name} extension`;
  const run: Check['run'] = async ({ duckdb }, context) => {
    const version = await inspectExtension(name, duckdb, context);
    return [ok(title, `loads, version ${version}`)];
  };
  return { title, limitMs: 120_000, run };
}

export const extensionCheck = extensionOf('postgres');
/** Where it is wanted: before a machine loses its network. */
export const excelFetch = extensionOf('excel');

/** Only exports to xlsx need it: without it nothing is amiss. */
export const excelCheck: Check = {
  title: excelFetch.title,
  limitMs: 10_000,
  run: async ({ duckdb }) => {
    try {
      const version = await inspectCachedExtension('excel', duckdb);
      const missing =
        'not installed; the first export to xlsx fetches it, or medallion doctor --fetch';
      const found = version === undefined ? missing : `loads, version ${version}`;
      return [ok(excelFetch.title, found)];
    } catch (error) {
      if (error instanceof MedallionError) {
        return [warn(excelFetch.title, error.message, error.hint)];
      }
      throw error;
    }
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
