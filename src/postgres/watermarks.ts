import type { Client } from './client.ts';
import { rangeStatement, type RunRange } from './runs.ts';
import { literal } from './quote.ts';

/** What of a partition of bronze is not promoted yet. */
export interface Backlog {
  readonly topic: string;
  readonly partition: number;
  /** First offset that is not promoted. */
  readonly from: bigint;
  /** First offset that bronze does not hold yet. */
  readonly to: bigint;
}

/** The part of a backlog that makes one window: offsets up to `to` (exclusive), holding `events` events. */
export interface BacklogSlice {
  readonly to: bigint;
  readonly events: number;
  /** Bytes of their text, large events counted as LARGE_EVENT_WEIGHT says. */
  readonly bytes: number;
}

/** Engines work on a few thousand rows at once: of large events that is a whole window, several times over. */
const LARGE_EVENT_BYTES = 16 * 1024;
const LARGE_EVENT_WEIGHT = 4;

/** What an event counts for in the bytes of a window. */
export function weightOf(bytes: number): number {
  return bytes > LARGE_EVENT_BYTES ? bytes * LARGE_EVENT_WEIGHT : bytes;
}

/** Partitions with offsets that ingest has committed and promote has not, in order. */
export async function readBacklogs(client: Client): Promise<Backlog[]> {
  const { rows } = await client.query<{
    topic: string;
    partition: string;
    from: string;
    to: string;
  }>(
    `select o.topic, o.partition, coalesce(w.next_offset, 0) as from, o.next_offset as to
     from medallion.offsets o
     left join medallion.watermarks w on w.topic = o.topic and w.partition = o.partition
     where o.next_offset > coalesce(w.next_offset, 0)
     order by o.topic, o.partition`,
  );
  return rows.map((row) => ({
    topic: row.topic,
    partition: Number(row.partition),
    from: BigInt(row.from),
    to: BigInt(row.to),
  }));
}

/**
 * The longest run of events at the start of a backlog that keeps to both limits; one event at least, however large.
 * The cost follows the slice: an index range and the sizes of its values.
 */
export async function sliceBacklog(
  client: Client,
  backlog: Backlog,
  maxEvents: number,
  maxBytes: number,
): Promise<BacklogSlice> {
  const { rows } = await client.query<{
    events: string;
    last: string | null;
    bytes: string | null;
  }>(
    `select count(*) as events, max("offset") as last, max(bytes) as bytes
     from (
         select "offset", row_number() over ahead as number, sum(size) over ahead as bytes
         from (
             select "offset",
                    octet_length(value) * case when octet_length(value) > $7 then $8::bigint else 1 end as size
             from bronze.events
             where topic = $1 and partition = $2 and "offset" >= $3 and "offset" < $4
             order by "offset"
             limit $5
         ) as waiting
         window ahead as (order by "offset" rows unbounded preceding)
     ) as measured
     where number = 1 or bytes <= $6`,
    [
      ...[backlog.topic, backlog.partition, backlog.from, backlog.to, maxEvents, maxBytes],
      ...[LARGE_EVENT_BYTES, LARGE_EVENT_WEIGHT],
    ],
  );
  const events = Number(rows[0]?.events ?? 0);
  const last = rows[0]?.last;
  // Fewer events than either limit allows: the backlog ends here, holes included.
  const isEnd =
    last === null ||
    last === undefined ||
    (events < maxEvents && !(await hasMore(client, backlog, last)));
  return { events, bytes: Number(rows[0]?.bytes ?? 0), to: isEnd ? backlog.to : BigInt(last) + 1n };
}

async function hasMore(client: Client, backlog: Backlog, last: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from bronze.events
     where topic = $1 and partition = $2 and "offset" > $3 and "offset" < $4 limit 1`,
    [backlog.topic, backlog.partition, last, backlog.to],
  );
  return rowCount === 1;
}

/** The next free number of the transactions' surrogate key. */
export async function readNextKey(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ next_key: string }>(
    `select next_key from medallion.key_blocks where name = 'transaction'`,
  );
  return BigInt(rows[0]?.next_key ?? 0);
}

/** Statements that book a published window; they fail the transaction when another promotion was here. */
export function advanceStatements(
  runId: bigint,
  ranges: readonly RunRange[],
  nextKey: bigint,
): string[] {
  return [
    ...ranges.map((range) => rangeStatement(runId, range)),
    ...ranges.map(
      ({ topic, partition, from, to }) =>
        `select medallion.advance_watermark(${literal(topic)}, ${String(partition)}, ${String(from)}, ${String(to)})`,
    ),
    `update medallion.key_blocks set next_key = ${String(nextKey)} where name = 'transaction'`,
  ];
}
