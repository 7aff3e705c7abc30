import type { SilverBatch } from '../engine/engine.ts';
import { IS_STORED } from '../postgres/quarantine.ts';
import type { TemporaryTable } from '../postgres/publisher.ts';
import { literal } from '../postgres/quote.ts';
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
  return [
    acceptStatement(batch, runId, hasRejected),
    ...(hasRejected ? [noteStatement(batch, runId), rejectStatement(runId)] : []),
  ];
}

const SAME_PLACE = (a: string, b: string): string =>
  `${a}.topic = ${b}.topic and ${a}.partition = ${b}.partition and ${a}."offset" = ${b}."offset"`;

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

/**
 * An event that was in quarantine and is not rejected now is in silver, or among its discarded events; one that a fill
 * has deferred is not yet.
 */
function acceptStatement(batch: SilverBatch, runId: bigint, hasRejected: boolean): string {
  const notRejected = hasRejected
    ? `and not exists (select from pg_temp.rejected r where ${SAME_PLACE('r', 'q')})`
    : '';
  return `with accepted as materialized (
      select q.*
      from bronze.quarantine q
      where q.stage = 'silver' and q.status <> 'replayed' and ${isInBatch(batch)} and ${IS_STORED}
        ${notRejected}
        and not exists (select from medallion.deferred_events d where ${SAME_PLACE('d', 'q')})
    ),
    noted as (
      insert into bronze.quarantine_history
          (topic, partition, "offset", run_id, action, status_before, status_after, reason_before, field_before,
           detail_before, outcome)
      select topic, partition, "offset", ${String(runId)}, 'replayed', status, 'replayed', reason, field, detail,
             coalesce((select d.outcome from silver.discarded_events d where ${SAME_PLACE('d', 'accepted')}), 'current')
      from accepted
    )
    update bronze.quarantine q set status = 'replayed', resolved_at = now()
    from accepted where ${SAME_PLACE('q', 'accepted')}`;
}

/** Each replay is noted, and of a full refresh what it changes. */
function noteStatement({ again }: SilverBatch, runId: bigint): string {
  const isReplay = again.length > 0 ? 'true' : 'false';
  return `insert into bronze.quarantine_history
        (topic, partition, "offset", run_id, action, status_before, status_after, reason_before, field_before,
         detail_before, reason_after, field_after, detail_after)
    select q.topic, q.partition, q."offset", ${String(runId)}, 'refused', q.status,
           case q.status when 'replayed' then 'open' else q.status end,
           q.reason, q.field, q.detail, r.reason, r.field, r.detail
    from pg_temp.rejected r
    cross join lateral (select * from bronze.quarantine q where ${SAME_PLACE('q', 'r')} limit 1) as q
    where ${isReplay} or q.status = 'replayed'
       or (q.reason, q.field, q.detail) is distinct from (r.reason, r.field, r.detail)`;
}

/** The bytes come from bronze itself, or from the archive, so they are what was received. */
function rejectStatement(runId: bigint): string {
  return `insert into bronze.quarantine as q
        (topic, partition, "offset", stage, reason, field, detail, raw, produced_at, run_id)
    select r.topic, r.partition, r."offset", 'silver', r.reason, r.field, r.detail,
           convert_to(coalesce(e.value, r.value), 'UTF8'), r.produced_at, ${String(runId)}
    from pg_temp.rejected r
    left join lateral (
        select value from bronze.events e where ${SAME_PLACE('e', 'r')} limit 1
    ) e on true
    on conflict (topic, partition, "offset") do update
    set stage = excluded.stage, reason = excluded.reason, field = excluded.field, detail = excluded.detail,
        run_id = excluded.run_id,
        status = case q.status when 'replayed' then 'open' else q.status end,
        resolved_at = case q.status when 'replayed' then null else q.resolved_at end
    where q.status = 'replayed'
       or (q.reason, q.field, q.detail) is distinct from (excluded.reason, excluded.field, excluded.detail)`;
}
