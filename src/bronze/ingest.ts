import { MedallionError, withHint } from '../errors.ts';
import { mostlyRejected } from '../event/rejections.ts';
import type { Decoder } from '../format/decoder.ts';
import type { Gap, LogReader, ReadEnd, ReadOptions } from '../log/log.ts';
import { grouped } from '../number.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { withClient } from '../postgres/client.ts';
import { finishRun, startRun } from '../postgres/runs.ts';
import type { StageContext } from '../progress.ts';
import { Retry } from '../retry.ts';
import type { Sources } from '../source/mapping.ts';
import { MAX_EVENT_BYTES } from './admission.ts';
import { BronzeSink } from './sink.ts';
import type { PartitionTally, Tally } from './tally.ts';

export interface IngestOptions extends Omit<ReadOptions, 'signal' | 'maxValueBytes'> {
  /** The command, for the run's record and for progress; ingest unless said otherwise. */
  readonly command?: string;
  /** The command line, for the run's record; secrets removed. */
  readonly arguments: readonly string[];
  /** Retries when the warehouse is lost; one of its own unless given. */
  readonly retry?: Retry;
  /** Larger values go to the quarantine; 16 MiB unless said otherwise. */
  readonly maxEventBytes?: number | undefined;
  /** For values that are not JSON themselves. */
  readonly decoder?: Decoder | undefined;
  /** The source that maps what is read. */
  readonly source?: string | undefined;
  /** The sources that there are, which may drop fields. */
  readonly sources?: Sources | undefined;
  /** Called after each batch that is committed, with what the run has counted so far. */
  readonly onWritten?: ((tally: Tally) => void) | undefined;
}

export interface IngestResult {
  readonly runId: bigint;
  readonly end: ReadEnd;
  /** Events written to bronze.events, and the bytes of their values. */
  readonly events: number;
  readonly bytes: number;
  /** Of those events, the ones whose time in the log cannot be right. */
  readonly implausible: number;
  /** Records rejected, by reason. */
  readonly quarantined: Readonly<Record<string, number>>;
  readonly partitions: readonly PartitionTally[];
  /** Batches that another consumer had written first. */
  readonly droppedBatches: number;
  readonly gaps: readonly Gap[];
  readonly seconds: number;
}

/**
 * Writes what a log holds to bronze, each record exactly once: rows and next offset commit together. An interruption
 * finishes the batch in hand and is an end like any other.
 * @throws MedallionError unreachable, denied, storage, and what the reader throws; what was committed stays
 */
export async function ingest(
  reader: LogReader,
  settings: ConnectionSettings,
  options: IngestOptions,
  context: StageContext,
): Promise<IngestResult> {
  const {
    command = 'ingest',
    arguments: commandLine,
    maxEventBytes = MAX_EVENT_BYTES,
    source,
    sources,
    retry = new Retry(`PostgreSQL at ${describeServer(settings)}`, context),
    onWritten: report,
    decoder,
    ...reading
  } = options;
  const startedAt = performance.now();
  const runId = await withClient(settings, (client) =>
    startRun(client, { command, arguments: commandLine }),
  );
  context.emit({ type: 'step.started', step: command, detail: reader.description });
  const onWritten = (tally: Tally): void => {
    report?.(tally);
    context.emit({
      ...{ type: 'step.progress', step: command, done: tally.events, unit: 'events' },
      detail: `${(tally.bytes / 1e6).toFixed(1)} MB`,
    });
  };
  const sink = new BronzeSink(
    { settings, retry, runId, maxEventBytes, decoder, source, sources, onWritten },
    context,
  );
  try {
    const { signal } = context;
    const end = await reader.read(sink, { ...reading, signal, maxValueBytes: maxEventBytes });
    const result = { runId, end, ...resultOf(sink.tally), seconds: secondsSince(startedAt) };
    for (const rejections of sink.tally.rejections) {
      const warning = mostlyRejected(rejections);
      if (warning !== undefined) {
        context.emit({ type: 'warning', ...warning });
      }
    }
    const error =
      end === 'interrupted' ? new MedallionError('interrupted', 'interrupted') : undefined;
    await retry.run(() =>
      withClient(settings, (client) => finishRun(client, runId, countsOf(result), error)),
    );
    return result;
  } catch (error) {
    const counts = countsOf({ ...resultOf(sink.tally), seconds: secondsSince(startedAt) });
    // The failure is what the user is to see, even where it cannot be recorded.
    await withClient(settings, (client) => finishRun(client, runId, counts, error)).catch(
      () => undefined,
    );
    throw error instanceof MedallionError && error.code === 'unreachable'
      ? withHint(error, stateOf(sink.tally))
      : error;
  } finally {
    await sink.close();
  }
}

type Counted = Omit<IngestResult, 'runId' | 'end' | 'seconds'>;

function resultOf(tally: Tally): Counted {
  const { events, bytes, implausible, quarantined, partitions, droppedBatches, gaps } = tally;
  return { events, bytes, implausible, quarantined, partitions, droppedBatches, gaps };
}

/** What is left where the warehouse or the log stayed away. */
function stateOf({ events }: Tally): string {
  return (
    `${grouped(events)} events of this run are committed, with their offsets; ` +
    'the batch in progress was rolled back. Run the command again when the server is back: no event is lost or doubled.'
  );
}

function countsOf(result: Counted & { readonly seconds: number }): Record<string, unknown> {
  return {
    events: result.events,
    bytes: result.bytes,
    ...(result.implausible > 0 ? { implausible_events: result.implausible } : {}),
    quarantined: result.quarantined,
    partitions: result.partitions.length,
    dropped_batches: result.droppedBatches,
    gaps: result.gaps.length,
    seconds: Math.round(result.seconds * 1000) / 1000,
  };
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
