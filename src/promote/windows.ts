import type { BronzePlace, SilverWindow } from '../engine/engine.ts';
import { hasArchive, placesOfEvents, placesOfRanges } from '../postgres/archive.ts';
import { inTurn, type Client } from '../postgres/client.ts';
import { literal } from '../postgres/quote.ts';
import { readBacklogs, sliceBacklog, weightOf } from '../postgres/watermarks.ts';

/** Part of a window's events that the first one holds. */
const FIRST_WINDOW = 0.25;

/** Windows in the order in which they are to be published; undefined after the last one. */
export interface WindowQueue {
  next(): Promise<SilverWindow | undefined>;
}

/**
 * Cuts each window while the one before it is worked on, and the first one right away.
 * @param client by which they are cut
 */
export function cutAhead(
  client: Client,
  windows: AsyncGenerator<SilverWindow, undefined>,
): WindowQueue {
  const cut = (): Promise<SilverWindow | undefined> => {
    const window = inTurn(client, () => windows.next()).then(({ value }) => value);
    // Whoever takes it hears of a failure; in the meantime it must not end the process.
    window.catch(() => undefined);
    return window;
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
export interface WindowOptions {
  readonly runId: bigint;
  /** The next number of a surrogate key; each window moves it on by its events. */
  readonly keys: { next: bigint };
  /** Events in one window, at most, and bytes of their text: large events make small windows. */
  readonly chunkRows: number;
  readonly windowBytes: number;
}

/**
 * Cuts what bronze and its archive hold beyond the watermarks into windows of bounded size; a window may hold several short
 * partitions. The first one is short, so that publishing begins early.
 */
export async function* planBacklog(
  client: Client,
  options: WindowOptions,
): AsyncGenerator<SilverWindow, undefined> {
  const { keys } = options;
  let ranges: SilverWindow['ranges'] = [];
  let events = 0;
  let bytes = 0;
  let maxEvents = Math.ceil(options.chunkRows * FIRST_WINDOW);
  const isArchived = await hasArchive(client);
  const cut = async (): Promise<SilverWindow> => {
    const archive = isArchived ? await placesOfRanges(client, ranges) : [];
    const window = { ranges, again: [], archive, runId: options.runId, firstKey: keys.next };
    keys.next += BigInt(events);
    ranges = [];
    events = 0;
    bytes = 0;
    maxEvents = options.chunkRows;
    return window;
  };
  for (const backlog of await readBacklogs(client)) {
    for (let from = backlog.from; from < backlog.to;) {
      const slice = await sliceBacklog(
        client,
        { ...backlog, from },
        maxEvents - events,
        options.windowBytes - bytes,
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
      if (events >= maxEvents || bytes >= options.windowBytes || from < backlog.to) {
        yield await cut();
      }
    }
  }
  if (ranges.length > 0) {
    yield await cut();
  }
  return undefined;
}

/** Single events are looked up by their keys, so a window of them is smaller than one of a stretch of bronze. */
export const WINDOW_PLACES = 10_000;

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

/** As many of the first events as a window may hold; one at least. */
export function cutPlaces(rows: readonly PlaceRow[], windowBytes: number): BronzePlace[] {
  const places: BronzePlace[] = [];
  let bytes = 0;
  for (const { topic, partition, offset, bytes: size } of rows) {
    bytes += weightOf(Number(size));
    if (places.length > 0 && bytes > windowBytes) {
      break;
    }
    places.push({ topic, partition: Number(partition), offset: BigInt(offset) });
  }
  return places;
}

/** A window of single events. */
export async function windowOf(
  client: Client,
  again: BronzePlace[],
  { runId, keys }: WindowOptions,
): Promise<SilverWindow> {
  const firstKey = keys.next;
  keys.next += BigInt(again.length);
  return { ranges: [], again, archive: await placesOfEvents(client, again), runId, firstKey };
}

/** One queue after the other. */
export async function* inOrder(
  ...queues: readonly AsyncGenerator<SilverWindow, undefined>[]
): AsyncGenerator<SilverWindow, undefined> {
  for (const queue of queues) {
    yield* queue;
  }
  return undefined;
}
