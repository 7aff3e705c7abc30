import type { Session } from '../engine/engine.ts';

/** What became of the transactions of a batch that have more than one event. */
export interface VerdictCounts {
  readonly contenders: number;
  readonly replaced: number;
  readonly adopted: number;
  readonly duplicates: number;
  readonly superseded: number;
}

/** What this batch adds: an event known before counts only where its verdict changed. */
export async function readVerdicts(session: Session): Promise<VerdictCounts> {
  const [row] = await session.query(`
    select
        count(*) as contenders,
        (select count(*) from source.replaced) as replaced,
        (select count(*) from source.adopted) as adopted,
        count(*) filter (where outcome = 'duplicate')
        - count(*) filter (where known_outcome = 'duplicate') as duplicates,
        count(*) filter (where outcome = 'superseded')
        - count(*) filter (where known_outcome = 'superseded') as superseded
    from source.verdicts`);
  const number = (name: string): number => Number(row?.[name] ?? 0);
  return {
    contenders: number('contenders'),
    replaced: number('replaced'),
    adopted: number('adopted'),
    duplicates: number('duplicates'),
    superseded: number('superseded'),
  };
}
