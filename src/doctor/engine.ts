import { inspectDuckDb, inspectPostgresExtension } from '../engine/duckdb/inspect.ts';
import { ok, type Check } from './finding.ts';

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
    const version = await inspectPostgresExtension(duckdb, context);
    return [ok('DuckDB postgres extension', `loads, version ${version}`)];
  },
};
