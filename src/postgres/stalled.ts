import type { Client } from './client.ts';
import { sqlFile } from '../sql-file.ts';

/**
 * Ends the sessions that the session of process `pid` waits for and that stand still themselves: in a transaction for
 * `longerThanMs`, waiting for the next bytes of their client, as when that is frozen. Nothing is lost by it: the
 * transaction is rolled back, and a client that comes to finds its connection lost.
 * @returns how many were ended; those of other users are left alone
 */
export async function endStalledBlockers(
  client: Client,
  pid: number,
  longerThanMs: number,
): Promise<number> {
  const { rows } = await client.query<{ ended: string }>(sqlFile('runs/end_stalled'), [
    pid,
    longerThanMs,
  ]);
  return rows.filter(({ ended }) => ended === 'true').length;
}
