import { sqlFile } from '../sql-file.ts';
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

/** The part of a backlog that makes one batch: offsets up to `to` (exclusive), holding `events` events. */
export interface BacklogSlice {
  readonly to: bigint;
  readonly events: number;
  /** Bytes of their text, large events counted as LARGE_EVENT says. */
  readonly bytes: number;
}

/** Engines work on a few thousand rows at once: of large events that is a whole batch, several times over. */
export const LARGE_EVENT = { bytes: 16 * 1024, weight: 4 } as const;

export function weightOf(bytes: number): number {
  return bytes > LARGE_EVENT.bytes ? bytes * LARGE_EVENT.weight : bytes;
}

/** Partitions with offsets that ingest has committed and promote has not, in order. */
export async function readBacklogs(client: Client): Promise<Backlog[]> {
  const { rows } = await client.query<{
    topic: string;
    partition: string;
    from: string;
    to: string;
  }>(sqlFile('promote/backlogs'));
  return rows.map((row) => ({
    topic: row.topic,
    partition: Number(row.partition),
    from: BigInt(row.from),
    to: BigInt(row.to),
  }));
}

/**
 * The longest run of events at the start of a backlog that keeps to both limits; one event at least, however large.
 * The cost follows the slice: an index range and the sizes of its values, or what is recorded of archived ones.
 */
export async function sliceBacklog(
  client: Client,
  backlog: Backlog,
  maxEvents: number,
  maxBytes: number,
): Promise<BacklogSlice> {
  const { rows } = await client.query<{
    events: string;
    to: string | null;
    bytes: string;
    has_more: string;
  }>(sqlFile('promote/slice'), [
    ...[backlog.topic, backlog.partition, backlog.from, backlog.to, maxEvents, maxBytes],
    ...[LARGE_EVENT.bytes, LARGE_EVENT.weight],
  ]);
  const [slice] = rows;
  const events = Number(slice?.events ?? 0);
  const bytes = Number(slice?.bytes ?? 0);
  const to = slice?.to ?? null;
  if (to === null) {
    return { events: 0, bytes: 0, to: backlog.to };
  }
  if (events > maxEvents) {
    // A range of the archive alone, which has an event at every offset.
    const cut = BigInt(to) - BigInt(events - maxEvents);
    return { events: maxEvents, bytes: Math.ceil((bytes * maxEvents) / events), to: cut };
  }
  // Where nothing follows, the backlog ends here, holes included.
  return { events, bytes, to: slice?.has_more === 'true' ? BigInt(to) : backlog.to };
}

/** The next free number of the transactions' surrogate key. */
export async function readNextKey(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ next_key: string }>(
    `select next_key from medallion.key_blocks where name = 'transaction'`,
  );
  return BigInt(rows[0]?.next_key ?? 0);
}

/** Statements that record a published batch; they fail the transaction when another promotion was here. */
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
