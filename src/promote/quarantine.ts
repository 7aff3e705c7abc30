import type { SilverBatch } from '../engine/engine.ts';
import type { TemporaryTable } from '../postgres/publisher.ts';
import { literal } from '../postgres/quote.ts';
import { statement, statements } from '../sql-file.ts';
import { placeLiteral } from './batches.ts';

/** What a batch rejected, for the statements below. */
export const REJECTED: TemporaryTable = {
  name: 'rejected',
  columns: [
    { name: 'topic', type: 'text' },
    { name: 'partition', type: 'integer' },
    { name: 'offset', type: 'bigint' },
    { name: 'produced_at', type: 'timestamptz' },
    ...['reason', 'field', 'detail', 'value'].map((name) => ({ name, type: 'text' })),
  ],
};

/**
 * What a batch does to the quarantine, in the transaction of its facts and after them. New events that were rejected
 * come in. Events that were there before (of a replay, or of a full refresh) are replayed when silver has taken them,
 * and else say why they are rejected today; their history says what changed.
 */
export function quarantineStatements(
  batch: SilverBatch,
  runId: bigint,
  hasRejected: boolean,
): string[] {
  const values = {
    batch: isInBatch(batch),
    is_replay: batch.again.length > 0 ? 'true' : 'false',
    is_stored: statement('quarantine/is_stored', {}),
    run_id: String(runId),
  };
  return [
    statement('promote/accept', {
      ...values,
      not_rejected: hasRejected ? NOT_REJECTED : 'true',
    }),
    ...(hasRejected ? statements('promote/reject', values) : []),
  ];
}

/** A batch that rejects nothing has no table of rejected events. */
const NOT_REJECTED = `not exists (select from pg_temp.rejected as r
    where r.topic = q.topic and r.partition = q.partition and r."offset" = q."offset")`;

/** Whether a row q of the quarantine is of an event of this batch. */
function isInBatch({ ranges, again }: SilverBatch): string {
  const parts = ranges.map(
    ({ topic, partition, from, to }) =>
      `(q.topic = ${literal(topic)} and q.partition = ${String(partition)}
        and q."offset" >= ${String(from)} and q."offset" < ${String(to)})`,
  );
  if (again.length > 0) {
    const places = again.map(placeLiteral).join(', ');
    parts.push(`(q.topic, q.partition, q."offset") in (values ${places})`);
  }
  return `(${parts.join(' or ')})`;
}
