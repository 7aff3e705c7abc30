import type * as NodeApi from '@duckdb/node-api';
import { createRequire } from 'node:module';

/**
 * DuckDB's client, required: of a CommonJS package that is imported Node parses every file once more, to learn what it
 * exports, and these are so many that it takes twice as long as loading them.
 */
export const { DuckDBBlobValue, DuckDBInstance } = createRequire(import.meta.url)(
  '@duckdb/node-api',
) as typeof NodeApi;
