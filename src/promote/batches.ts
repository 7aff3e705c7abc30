import type { Reporting } from '../config/reporting.ts';
import type { BronzePlace, SilverBatch } from '../engine/engine.ts';
import { hasArchive, placesOfEvents, placesOfRanges } from '../postgres/archive.ts';
import { inTurn } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import { literal } from '../postgres/quote.ts';
import type { SourceOf } from '../postgres/topic-sources.ts';
import { sliceBacklog, weightOf, type Backlog } from '../postgres/watermarks.ts';

/** Part of a batch's events that the first one holds. */
const FIRST_BATCH = 0.25;

/** Batches in the order in which they are to be published; undefined after the last one. */
export interface BatchQueue {
  next(): Promise<SilverBatch | undefined>;
}

/**
 * Cuts each batch while the one before it is worked on, and the first one right away.
 * @param client by which they are cut
 */
export function cutAhead(
  client: Client,
  batches: AsyncGenerator<SilverBatch, undefined>,
): BatchQueue {
  const cut = (): Promise<SilverBatch | undefined> => {
    const batch = inTurn(client, () => batches.next()).then(({ value }) => value);
    // Whoever takes it hears of a failure; in the meantime it must not end the process.
    batch.catch(() => undefined);
    return batch;
  };
  let coming = cut();
  return {
    next() {
      const next = coming;
      coming = cut();
      return next;
    },
  };
}

/** How a backlog is cut. */
export interface BatchOptions {
  readonly reporting: Reporting;
  readonly runId: bigint;
  /** The next number of a surrogate key; each batch moves it on by its events. */
  readonly keys: { next: bigint };
  /** Events in one batch, at most, and bytes of their text: large events make small batches. */
  readonly chunkRows: number;
  readonly batchBytes: number;
  /** How the records of a topic are mapped: all of a batch are mapped alike. */
  readonly sourceOf: SourceOf;
}

/**
 * Cuts what bronze and its archive hold beyond the watermarks into batches of bounded size; a batch may hold several short
 * partitions. The first one is short, so that publishing begins early.
 */
export async function* planBacklog(
  client: Client,
  backlogs: readonly Backlog[],
  options: BatchOptions,
): AsyncGenerator<SilverBatch, undefined> {
  const { keys, sourceOf } = options;
  let ranges: SilverBatch['ranges'] = [];
  let events = 0;
  let bytes = 0;
  let maxEvents = Math.ceil(options.chunkRows * FIRST_BATCH);
  const isArchived = await hasArchive(client);
  const cut = async (): Promise<SilverBatch> => {
    const archive = isArchived ? await placesOfRanges(client, ranges) : [];
    const source = sourceOf(ranges[0]?.topic ?? '');
    const { reporting, runId } = options;
    const of = { archive, source, reporting, runId };
    const batch = { ranges, again: [], ...of, firstKey: keys.next };
    keys.next += BigInt(events);
    ranges = [];
    events = 0;
    bytes = 0;
    maxEvents = options.chunkRows;
    return batch;
  };
  for (const backlog of backlogs) {
    const [first] = ranges;
    if (first !== undefined && sourceOf(first.topic) !== sourceOf(backlog.topic)) {
      yield await cut();
    }
    for (let from = backlog.from; from < backlog.to;) {
      const slice = await sliceBacklog(
        client,
        { ...backlog, from },
        maxEvents - events,
        options.batchBytes - bytes,
      );
      ranges = [
        ...ranges,
        {
          topic: backlog.topic,
          partition: backlog.partition,
          from,
          to: slice.to,
          events: slice.events,
        },
      ];
      events += slice.events;
      bytes += slice.bytes;
      from = slice.to;
      if (events >= maxEvents || bytes >= options.batchBytes || from < backlog.to) {
        yield await cut();
      }
    }
  }
  if (ranges.length > 0) {
    yield await cut();
  }
  return undefined;
}

/** An event of bronze, and the bytes of its text. */
export interface PlaceRow {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
  readonly bytes: string;
}

/** A place of bronze as a row of PostgreSQL. */
export function placeLiteral({ topic, partition, offset }: BronzePlace): string {
  return `(${literal(topic)}, ${String(partition)}, ${String(offset)}::bigint)`;
}

/** Single events are looked up by their keys, so a batch of them is smaller than one of a stretch of bronze. */
const BATCH_PLACES = 10_000;

/**
 * Cuts single events into batches of bounded size; each comes once.
 * @param read the next events behind a place, in the order of their places, no more than `most`
 */
export async function* planPlaces(
  client: Client,
  options: BatchOptions,
  read: (most: number, after: BronzePlace | undefined) => Promise<readonly PlaceRow[]>,
): AsyncGenerator<SilverBatch, undefined> {
  const { keys, sourceOf, reporting, runId } = options;
  const most = Math.min(options.chunkRows, BATCH_PLACES);
  let last: BronzePlace | undefined;
  for (;;) {
    const again = cutPlaces(await read(most, last), options);
    last = again.at(-1);
    if (last === undefined) {
      return undefined;
    }
    const firstKey = keys.next;
    keys.next += BigInt(again.length);
    const archive = await placesOfEvents(client, again);
    const source = sourceOf(last.topic);
    yield { ranges: [], again, archive, source, reporting, runId, firstKey };
  }
}

/** As many of the first events as a batch may hold; one at least. */
function cutPlaces(
  rows: readonly PlaceRow[],
  { batchBytes, sourceOf }: BatchOptions,
): BronzePlace[] {
  const places: BronzePlace[] = [];
  let bytes = 0;
  for (const { topic, partition, offset, bytes: size } of rows) {
    bytes += weightOf(Number(size));
    const [first] = places;
    if (first !== undefined && (bytes > batchBytes || sourceOf(topic) !== sourceOf(first.topic))) {
      break;
    }
    places.push({ topic, partition: Number(partition), offset: BigInt(offset) });
  }
  return places;
}

/** One queue after the other. */
export async function* inOrder(
  ...queues: readonly AsyncGenerator<SilverBatch, undefined>[]
): AsyncGenerator<SilverBatch, undefined> {
  for (const queue of queues) {
    yield* queue;
  }
  return undefined;
}
