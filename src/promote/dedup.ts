import type { Session } from '../engine/engine.ts';
import { sqlFile } from '../sql-file.ts';

/** What became of the transactions of a batch that have more than one event. */
export interface DedupCounts {
  readonly candidates: number;
  readonly replaced: number;
  readonly relinked: number;
  readonly duplicates: number;
  readonly superseded: number;
}

/** What this batch adds: an event known before counts only where its outcome changed. */
export async function readDedup(session: Session): Promise<DedupCounts> {
  const [row] = await session.query(sqlFile('source/dedup_counts'));
  const number = (name: string): number => Number(row?.[name] ?? 0);
  return {
    candidates: number('candidates'),
    replaced: number('replaced'),
    relinked: number('relinked'),
    duplicates: number('duplicates'),
    superseded: number('superseded'),
  };
}
