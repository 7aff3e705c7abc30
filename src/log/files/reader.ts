import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MedallionError } from '../../errors.ts';
import type { CsvForm } from '../../source/mapping.ts';
import type { LogReader, ReadEnd, ReadOptions, Sink } from '../log.ts';
import { FilePartition } from './file-partition.ts';
import { landingDirectory, landingFiles, landingTopic } from './landing.ts';
import { budgetOf, type Budget } from './line-batches.ts';
import { inputError } from './text.ts';

/** Files read at once: two keep two connections of the warehouse copying. */
const AT_ONCE = 2;
/** How often a followed file is looked at. */
const POLL_MS = 200;

/**
 * Reads the partitions that generate writes: <home>/landing/<topic>/<partition>.ndjson. In bronze their topic is
 * "landing/<topic>", which no Kafka topic can be called. No directory is no partition yet.
 */
export function openLandingReader(home: string, topic: string): LogReader {
  const known = new Map<number, FilePartition>();
  const partitions = async (): Promise<FilePartition[]> => {
    for (const { path: file, partition } of await landingFiles(home, topic)) {
      if (!known.has(partition)) {
        known.set(partition, new FilePartition(file, { topic: landingTopic(topic), partition }));
      }
    }
    return [...known.values()];
  };
  return {
    description: path.join(landingDirectory(home), topic),
    read: (sink, options) => readFiles(partitions, true, sink, options),
  };
}

/**
 * Reads files of NDJSON, or of CSV, plain or gzip. In bronze a file's topic is "file:" and its real path.
 * @throws MedallionError input, when a path leads to no regular file
 */
export async function openFileReader(paths: readonly string[], csv?: CsvForm): Promise<LogReader> {
  const files = new Set<string>();
  for (const given of paths) {
    files.add(await regularFile(given));
  }
  const partitions = [...files].map(
    (file) => new FilePartition(file, { topic: `file:${file}`, partition: 0 }, csv),
  );
  return {
    description: [...files].join(', '),
    read: (sink, options) =>
      readFiles(() => Promise.resolve(partitions), options.follow, sink, options),
  };
}

async function regularFile(given: string): Promise<string> {
  try {
    const file = await realpath(given);
    const found = await stat(file);
    if (!found.isFile()) {
      const what = found.isDirectory() ? 'it is a folder' : 'it is not a regular file';
      throw new MedallionError('input', `cannot read ${given}: ${what}`, {
        hint: 'Give a regular file, or pipe the events in: medallion ingest --from - < input',
      });
    }
    return file;
  } catch (error) {
    throw inputError(error, given);
  }
}

/** Reads the files once, or again and again; each round two at a time. */
async function readFiles(
  partitions: () => Promise<readonly FilePartition[]>,
  grows: boolean,
  sink: Sink,
  options: ReadOptions,
): Promise<ReadEnd> {
  const budget = budgetOf(options);
  // Before anything is written, also of the others.
  for (const partition of await partitions()) {
    await partition.requireEvents(sink, { grows });
  }
  let readAt = 0;
  for (;;) {
    // One time for the whole round, and never an earlier one: lines stand in the order they were found in.
    readAt = Math.max(readAt, Date.now());
    const round = {
      ...{ signal: options.signal, budget, grows, readAt },
      maxLineBytes: options.maxValueBytes,
    };
    await twoAtOnce(await partitions(), (partition) => partition.read(sink, round));
    const end = endOf(options, budget);
    if (end !== undefined) {
      return end;
    }
    await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

function endOf(options: ReadOptions, budget: Budget): ReadEnd | undefined {
  if (options.signal.aborted) {
    return 'interrupted';
  }
  if (budget.remaining <= 0) {
    return 'max-records';
  }
  if (!options.follow) {
    return 'end';
  }
  const idleMs = Date.now() - budget.lastWrittenAt;
  return idleMs >= (options.idleTimeoutMs ?? Number.POSITIVE_INFINITY) ? 'idle' : undefined;
}

/** Works through the items, two at a time; after a failure the work under way is finished, and no more begun. */
async function twoAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failed = workers.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
}
