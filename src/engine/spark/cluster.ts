import type { SparkRemote } from '../../config/spark.ts';
import { ConnectSession } from './connect.ts';

/** What statements rely on, said by us: servers may have other defaults. */
const SESSION_SETTINGS = {
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.session.timeZone': 'UTC',
  // Microseconds, not the 12 bytes of old.
  'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
  'spark.sql.parquet.int96RebaseModeInWrite': 'CORRECTED',
  'spark.sql.parquet.datetimeRebaseModeInWrite': 'CORRECTED',
  'spark.sql.parquet.datetimeRebaseModeInRead': 'CORRECTED',
  // A text may hold what looks like a variable.
  'spark.sql.variable.substitute': 'false',
  'spark.sql.caseSensitive': 'false',
} as const;

/** A session on a cluster, with the settings that statements rely on. */
export async function openCluster(remote: SparkRemote): Promise<ConnectSession> {
  return ConnectSession.open(remote, SESSION_SETTINGS);
}
