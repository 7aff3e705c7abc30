import type { Client } from './client.ts';

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
  const { rows } = await client.query<{ ended: string }>(
    // In a select list, and not among the conditions: those are asked in any order.
    `select pg_terminate_backend(pid)::text as ended
       from pg_stat_activity
      where pid = any(pg_blocking_pids($1))
        and usename = current_user and application_name = 'medallion'
        and wait_event = 'ClientRead'
        and xact_start < clock_timestamp() - $2 * interval '1 millisecond'`,
    [pid, longerThanMs],
  );
  return rows.filter(({ ended }) => ended === 'true').length;
}
