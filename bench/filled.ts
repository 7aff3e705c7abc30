import type { Database, Stand } from './harness.ts';
import type { Run } from './process.ts';

export const FACTS = ['fact_transactions', 'fact_transaction_lines'] as const;

/** A database that holds the first events of a file, promoted and at rest; and how the promotion ran. */
export async function filled(
  stand: Stand,
  file: string,
  count: number,
): Promise<{ readonly database: Database; readonly promote: Run }> {
  const database = await stand.database();
  await stand.ingest(database, file, count);
  const promote = await stand.promote(database);
  await leaveToPromote(database);
  return { database, promote };
}

/**
 * Does what autovacuum would do in time, and turns it off: it would run beside what is timed, and when it brings a BRIN
 * index up to date, PostgreSQL counts a sequential scan for each range of pages, which no statement made.
 */
async function leaveToPromote(database: Database): Promise<void> {
  for (const table of FACTS) {
    await database.execute(`alter table silver.${table} set (autovacuum_enabled = off)`);
  }
  await database.execute('vacuum analyze');
}

/** How many more events are promoted where "10,000 more" are meant: fewer in a small run. */
export function incrementOf(size: number): number {
  return Math.min(10_000, Math.floor(size / 10));
}
