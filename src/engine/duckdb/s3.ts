import type { DuckDBConnection } from '@duckdb/node-api';
import type { DuckDbConfig } from '../../config.ts';
import { type S3Config, isS3 } from '../../config/s3.ts';
import type { StageContext } from '../../progress.ts';
import { EXTENSIONS, loadExtension } from './extension.ts';
import { singleQuoted } from './sql.ts';

/** What reaches files, wherever they lie. */
export interface FileAccess {
  readonly duckdb: DuckDbConfig;
  readonly context: StageContext;
}

/**
 * Makes places readable and writable for a DuckDB.
 * @throws MedallionError as `loadExtension` does
 */
export async function reachPlaces(
  connection: DuckDBConnection,
  places: readonly string[],
  { duckdb, context }: FileAccess,
): Promise<void> {
  if (places.some(isS3)) {
    await loadExtension(connection, EXTENSIONS.httpfs, duckdb, context);
    await connection.run(s3Secret(duckdb.s3));
  }
}

function s3Secret({
  endpoint,
  region,
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: S3Config): string {
  const options = {
    region,
    key_id: accessKeyId,
    secret: secretAccessKey,
    session_token: sessionToken,
    // Other servers are found by one name for all buckets.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint: `${endpoint.host}${endpoint.pathname.replace(/\/$/, '')}`,
          url_style: 'path',
          use_ssl: String(endpoint.protocol === 'https:'),
        }),
  };
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${singleQuoted(value)}`],
  );
  return `create or replace secret medallion_s3 (type s3, ${given.join(', ')})`;
}
