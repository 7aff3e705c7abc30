import type { Session } from '../engine/engine.ts';
import { sqlFile } from '../sql-file.ts';

const OUTCOMES = ['candidates', 'replaced', 'relinked', 'duplicates', 'superseded'] as const;

/** What became of the transactions of a batch that have more than one event. */
export type DedupCounts = Readonly<Record<(typeof OUTCOMES)[number], number>>;

/** What this batch adds: an event known before counts only where its outcome changed. */
export async function readDedup(session: Session): Promise<DedupCounts> {
  const [row] = await session.query(sqlFile('source/dedup_counts'));
  const counts = OUTCOMES.map((name) => [name, Number(row?.[name] ?? 0)] as const);
  return Object.fromEntries(counts) as DedupCounts;
}
