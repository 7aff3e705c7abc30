import type { BronzePlace, SilverBatch } from '../engine/engine.ts';
import type { Client } from '../postgres/client.ts';
import { lockQuarantine } from '../postgres/lock.ts';
import { conditionOf, IS_STORED, type Selection } from '../postgres/quarantine.ts';
import { refuseHalfRefreshed } from './refresh.ts';
import { cutPlaces, BATCH_PLACES, batchOf, type PlaceRow, type BatchOptions } from './batches.ts';

export interface ReplayOptions {
  /** Which events; of these the open ones are judged again. */
  readonly selection: Omit<Selection, 'status'>;
  /** Events that ingest found too large come into bronze when they are no larger than this. */
  readonly maxEventBytes: number;
}

/** What replayed events came to, by outcome; `reason` and `field` say why events are still rejected. */
export interface ReplayOutcome {
  readonly outcome: 'current' | 'duplicate' | 'superseded' | 'refused';
  readonly reason: string | null;
  readonly field: string | null;
  readonly events: number;
}

/** Why an open event cannot be judged again; the command line has the words. */
export type Obstacle =
  | 'not_text'
  | 'empty_value'
  | 'undecodable'
  | 'cut_off'
  | 'over_limit'
  | 'not_promoted'
  | 'not_in_bronze';

export interface ReplayResult {
  readonly outcomes: readonly ReplayOutcome[];
  readonly obstacles: readonly { readonly obstacle: Obstacle; readonly events: number }[];
}

/** Silver has judged what stood here: everything before the watermark. */
const IS_PROMOTED = `exists (
    select from medallion.watermarks w
    where w.topic = q.topic and w.partition = q.partition and w.next_offset > q."offset")`;
/** The detail of an event that was too large begins with its size; a reader may have kept the beginning only. */
const IS_WHOLE = `octet_length(q.raw) = substring(q.detail from '^(\\d+) bytes')::bigint`;

/**
 * Makes ready what is to be judged again: takes events that were too large for ingest into bronze, where they stay open
 * in the quarantine until silver has judged them.
 * @throws MedallionError check_failed while silver is being made again, locked
 */
export async function prepareReplay(
  client: Client,
  { selection, maxEventBytes }: ReplayOptions,
  runId: bigint,
): Promise<void> {
  await refuseHalfRefreshed(client);
  await lockQuarantine(client, 'connection');
  const { sql, values } = conditionOf({ ...selection, status: 'open' });
  const limit = `$${String(values.length + 1)}`;
  const run = `$${String(values.length + 2)}::bigint`;
  await client.query(
    `with chosen as materialized (
       select q.*, medallion.text_of(q.raw) as value
       from bronze.quarantine q
       where ${sql} and q.stage = 'ingest' and q.reason = 'too_large'
         and octet_length(q.raw) <= ${limit} and ${IS_WHOLE} and ${IS_PROMOTED}
     ),
     landed as (
       insert into bronze.events (topic, partition, "offset", value, produced_at, ingested_at, run_id)
       select topic, partition, "offset", value, produced_at, now(), ${run} from chosen where value is not null
       returning topic, partition, "offset", octet_length(value) as bytes
     ),
     recorded as (
       update medallion.offsets o
       set landed_events = o.landed_events + l.events, landed_bytes = o.landed_bytes + l.bytes,
           quarantined_events = o.quarantined_events - l.events
       from (select topic, partition, count(*) as events, sum(bytes) as bytes from landed group by 1, 2) as l
       where o.topic = l.topic and o.partition = l.partition
     ),
     noted as (
       insert into bronze.quarantine_history
           (topic, partition, "offset", run_id, action, status_before, status_after,
            reason_before, field_before, detail_before, reason_after, detail_after)
       select topic, partition, "offset", ${run}, case when value is null then 'refused' else 'landed' end,
              status, status, reason, field, detail,
              case when value is null then 'not_text' else reason end,
              case when value is null then 'bytes that are not UTF-8, or a NUL' else detail end
       from chosen
     )
     update bronze.quarantine q
     set stage = case when c.value is null then q.stage else 'silver' end,
         reason = case when c.value is null then 'not_text' else q.reason end,
         detail = case when c.value is null then 'bytes that are not UTF-8, or a NUL' else q.detail end
     from chosen c
     where q.topic = c.topic and q.partition = c.partition and q."offset" = c."offset"`,
    [...values, maxEventBytes, runId],
  );
}

/** Cuts the events that are to be judged again into batches of bounded size; each comes once, whatever it comes to. */
export async function* planReplay(
  client: Client,
  { selection }: ReplayOptions,
  options: BatchOptions,
): AsyncGenerator<SilverBatch, undefined> {
  let last: BronzePlace | undefined;
  for (;;) {
    const again = await readBatch(client, selection, last, options);
    last = again.at(-1);
    if (last === undefined) {
      return undefined;
    }
    yield await batchOf(client, again, options);
  }
}

async function readBatch(
  client: Client,
  selection: ReplayOptions['selection'],
  after: BronzePlace | undefined,
  options: BatchOptions,
): Promise<BronzePlace[]> {
  const { sql, values } = conditionOf({ ...selection, status: 'open' });
  const parameter = (number: number): string => `$${String(values.length + number)}`;
  const isNext =
    after === undefined
      ? ''
      : `and (q.topic, q.partition, q."offset") > (${parameter(2)}, ${parameter(3)}::integer, ${parameter(4)}::bigint)`;
  const { rows } = await client.query<PlaceRow>(
    `select q.topic, q.partition, q."offset", octet_length(q.raw) as bytes
     from bronze.quarantine q
     where ${sql} and q.stage = 'silver' and ${IS_PROMOTED} and ${IS_STORED} ${isNext}
     order by q.topic, q.partition, q."offset"
     limit ${parameter(1)}`,
    [
      ...values,
      Math.min(options.chunkRows, BATCH_PLACES),
      ...(after === undefined ? [] : [after.topic, after.partition, after.offset]),
    ],
  );
  return cutPlaces(rows, options);
}

/** What a replay has come to, and what it had to leave. */
export async function readReplay(
  client: Client,
  { selection, maxEventBytes }: ReplayOptions,
  runIds: readonly bigint[],
): Promise<ReplayResult> {
  const { rows: outcomes } = await client.query<{
    outcome: ReplayOutcome['outcome'];
    reason: string | null;
    field: string | null;
    events: string;
  }>(
    `select coalesce(outcome, action) as outcome, reason_after as reason, field_after as field,
            -- A run that lost the warehouse may have refused it before.
            count(distinct (topic, partition, "offset")) as events
     from bronze.quarantine_history
     where run_id = any ($1::bigint[]) and action in ('replayed', 'refused')
     group by 1, 2, 3
     order by array_position(array['current', 'duplicate', 'superseded', 'refused'], coalesce(outcome, action)),
              events desc, reason, field`,
    [runIds],
  );
  const { sql, values } = conditionOf({ ...selection, status: 'open' });
  const parameter = (number: number): string => `$${String(values.length + number)}`;
  const { rows: obstacles } = await client.query<{ obstacle: Obstacle; events: string }>(
    `select case
              when q.stage = 'ingest' and q.reason <> 'too_large' then q.reason
              when q.stage = 'ingest' and not ${IS_WHOLE} then 'cut_off'
              when q.stage = 'ingest' and octet_length(q.raw) > ${parameter(1)} then 'over_limit'
              when not ${IS_PROMOTED} then 'not_promoted'
              else 'not_in_bronze'
            end as obstacle,
            count(*) as events
     from bronze.quarantine q
     where ${sql} and (q.stage = 'ingest' or not ${IS_STORED})
       and not exists (
         select from bronze.quarantine_history h
         where h.run_id = any (${parameter(2)}::bigint[]) and h.topic = q.topic and h.partition = q.partition and h."offset" = q."offset")
     group by 1
     order by events desc, obstacle`,
    [...values, maxEventBytes, runIds],
  );
  const count = <Row extends { readonly events: string }>(row: Row): Row & { events: number } => ({
    ...row,
    events: Number(row.events),
  });
  return { outcomes: outcomes.map(count), obstacles: obstacles.map(count) };
}
