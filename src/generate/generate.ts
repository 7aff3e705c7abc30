import { setTimeout as sleep } from 'node:timers/promises';
import type { LogWriter } from '../log/log.ts';
import { counted, grouped } from '../number.ts';
import type { StageContext } from '../progress.ts';
import type { CatalogueSizes } from './catalogue.ts';
import {
  generateEvents,
  type EventKind,
  type EventOptions,
  type FaultShares,
  type GeneratedEvent,
} from './events.ts';
import { describeWarehouse, type WarehouseTruth } from './manifest.ts';
import { historicalTimeline, liveTimeline, type Period } from './timeline.ts';
import { Truth } from './truth.ts';

export interface GenerateOptions {
  readonly seed: number;
  /** Events in all, faults included; undefined goes on until the signal, which only a stream that runs now can. */
  readonly count: number | undefined;
  /** The days to spread the events over, or 'now': each event carries the time at which it is sent. */
  readonly period: Period | 'now';
  /** Events a second; undefined is as fast as the log takes them. */
  readonly rate: number | undefined;
  readonly sizes: CatalogueSizes;
  readonly faults: FaultShares;
  /** Also work out what the warehouse must answer. */
  readonly manifest: boolean;
  /** How events are written; as JSON unless said otherwise. */
  readonly wire?: EventOptions['wire'];
}

export interface GenerateResult {
  readonly events: number;
  /** Bytes of the events, without line ends. */
  readonly bytes: number;
  readonly kinds: Readonly<Record<EventKind, number>>;
  readonly elapsedMs: number;
  readonly manifest: Manifest | undefined;
}

/** What a run wrote, and what the warehouse must answer when it holds that and nothing else. */
export interface Manifest extends WarehouseTruth {
  readonly arguments: Omit<GenerateOptions, 'manifest' | 'wire'>;
  readonly events: Readonly<Record<EventKind, number>> & {
    readonly written: number;
    readonly bytes: number;
    /** Events by partition; null where the log, not the generator, chose it. */
    readonly by_partition: Readonly<Record<string, number>> | null;
  };
}

/** Events handed over at once: about half a megabyte, within what a broker takes in one request. */
const BATCH = 400;
/** With a rate: how often events that are due are sent. */
const TICK_MS = 50;
const PROGRESS_MS = 100;
const STEP = 'generate';

/**
 * Writes seeded purchases to a log. An abort ends it between two batches: what was written is whole.
 * @throws MedallionError usage; whatever the writer throws
 */
export async function generate(
  options: GenerateOptions,
  writer: LogWriter,
  { signal, emit }: StageContext,
): Promise<GenerateResult> {
  const { seed, count = Number.POSITIVE_INFINITY, period, rate, sizes, faults, wire } = options;
  // Faker's lists take a while to load: only who generates waits for them.
  const { createCatalogue } = await import('./shop.ts');
  const catalogue = createCatalogue(sizes);
  const timeline = period === 'now' ? liveTimeline() : historicalTimeline(period, count, seed);
  const stream = generateEvents({ catalogue, timeline, seed, count, faults, wire });
  const truth = options.manifest ? new Truth() : undefined;
  const kinds = { purchase: 0, late: 0, duplicate: 0, correction: 0, malformed: 0 };
  const startedAt = performance.now();
  let events = 0;
  let bytes = 0;
  let shownAt = startedAt;
  let taken: Promise<void> | undefined;

  emit({ type: 'step.started', step: STEP, detail: writer.description });
  for (;;) {
    const batch = take(stream, await due(rate, events, startedAt, signal));
    if (batch.length === 0) {
      break;
    }
    // The next batch is made while the log takes this one.
    await taken;
    taken = writer.append(batch);
    taken.catch(() => undefined);
    for (const event of batch) {
      kinds[event.kind] += 1;
      bytes += event.value.length;
      truth?.record(event);
    }
    events += batch.length;
    if (performance.now() - shownAt >= PROGRESS_MS) {
      shownAt = performance.now();
      emit({
        type: 'step.progress',
        step: STEP,
        done: events,
        ...(options.count === undefined ? {} : { total: count }),
        unit: 'events',
      });
    }
  }
  await taken;
  const elapsedMs = performance.now() - startedAt;
  emit({
    type: 'step.finished',
    step: STEP,
    detail: summary(events, elapsedMs),
  });

  const manifest =
    truth === undefined
      ? undefined
      : {
          arguments: { seed, count: options.count, period, rate, sizes, faults },
          events: {
            written: events,
            bytes,
            ...kinds,
            by_partition:
              writer.appended === undefined ? null : Object.fromEntries(writer.appended),
          },
          ...describeWarehouse(truth, catalogue),
        };
  return { events, bytes, kinds, elapsedMs, manifest };
}

/** How many events to send now: a batch, or with a rate what has come due, after waiting for it. 0 when it is time to stop. */
async function due(
  rate: number | undefined,
  sent: number,
  startedAt: number,
  signal: AbortSignal,
): Promise<number> {
  if (rate === undefined) {
    // Writers may never have to wait for anything; signals are heard only when the event loop turns.
    await new Promise(setImmediate);
    return signal.aborted ? 0 : BATCH;
  }
  while (!signal.aborted) {
    const owed = Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1 - sent;
    if (owed > 0) {
      return Math.min(owed, BATCH);
    }
    const waitMs = ((sent + 1) / rate) * 1000 - (performance.now() - startedAt);
    await sleep(Math.max(TICK_MS, Math.min(waitMs, 60_000)), undefined, { signal }).catch(
      () => undefined,
    );
  }
  return 0;
}

function take(stream: Iterator<GeneratedEvent, void, undefined>, count: number): GeneratedEvent[] {
  const batch: GeneratedEvent[] = [];
  while (batch.length < count) {
    const next = stream.next();
    if (next.done === true) {
      break;
    }
    batch.push(next.value);
  }
  return batch;
}

function summary(events: number, elapsedMs: number): string {
  const rate = Math.round((events * 1000) / Math.max(elapsedMs, 1));
  return `${counted(events, 'event')}, ${grouped(rate)}/s`;
}
