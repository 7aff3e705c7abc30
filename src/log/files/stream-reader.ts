import type { Readable } from 'node:stream';
import type { LogReader, ReadEnd, ReadOptions, Sink, TopicPartition } from '../log.ts';
import { budgetOf, LineBatches, type Place } from './line-batches.ts';
import { eventsOnly } from './require-events.ts';
import { streamText } from './text.ts';

/** In bronze; no file and no Kafka topic is called so. */
const STDIN: TopicPartition = { topic: '(stdin)', partition: 0 };
const SOURCE = 'stdin';
const NAME = 'standard input';

/**
 * Reads NDJSON, plain or gzip, from a stream to its end. What comes in is new every time: offsets go on from those
 * stored.
 */
export function openStdinReader(stream: Readable): LogReader {
  return {
    description: NAME,
    read: (sink, options) => readStream(stream, sink, options),
  };
}

async function readStream(stream: Readable, sink: Sink, options: ReadOptions): Promise<ReadEnd> {
  const budget = budgetOf(options);
  let readAt = 0;
  const place = async (): Promise<Place> => {
    const [stored] = await sink.storedOffsets([STDIN]);
    return { nextOffset: stored?.nextOffset ?? 0n, source: SOURCE, position: undefined };
  };
  const batches = new LineBatches({
    ...{ sink, to: STDIN, place: await place(), budget, maxLineBytes: options.maxValueBytes },
    readAt: () => (readAt = Math.max(readAt, Date.now())),
    onRefused: place,
  });

  let stopped: ReadEnd | undefined;
  const stop = (why: ReadEnd): void => {
    stopped ??= why;
    stream.destroy();
  };
  const onAbort = (): void => stop('interrupted');
  options.signal.addEventListener('abort', onAbort, { once: true });
  const { follow, idleTimeoutMs } = options;
  const idleTimer =
    follow && idleTimeoutMs !== undefined
      ? setTimeout(() => stop('idle'), idleTimeoutMs)
      : undefined;
  try {
    if (options.signal.aborted) {
      return 'interrupted';
    }
    for await (const chunk of eventsOnly(streamText(stream, NAME), NAME)) {
      idleTimer?.refresh();
      await batches.push(chunk);
      if (batches.isClosed) {
        stop('max-records');
        break;
      }
    }
  } catch (error) {
    // A stream that was stopped breaks off; that is no failure.
    if (stopped === undefined) {
      await batches.finish({ ended: false });
      throw error;
    }
  } finally {
    clearTimeout(idleTimer);
    options.signal.removeEventListener('abort', onAbort);
  }
  await batches.finish({ ended: stopped === undefined });
  return budget.remaining <= 0 ? 'max-records' : (stopped ?? 'end');
}
