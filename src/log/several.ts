import type { LogReader, ReadEnd, ReadOptions, RecordBatch, Sink } from './log.ts';

const IDLE_CHECKS_MS = 200;

/** Reads several logs into one sink: side by side, or one after another where only so many records are wanted. */
export function readSeveral(readers: readonly LogReader[]): LogReader {
  return {
    description: readers.map(({ description }) => description).join(', '),
    read: (sink, options) =>
      options.maxRecords === undefined
        ? readTogether(readers, sink, options)
        : readInTurn(readers, sink, options, options.maxRecords),
  };
}

/** A sink that says of each batch that was written how many records it had. */
function counting(sink: Sink, onWritten: (records: number) => void): Sink {
  return {
    identity: () => sink.identity(),
    storedOffsets: (partitions) => sink.storedOffsets(partitions),
    recordGap: (gap, source) => sink.recordGap(gap, source),
    resetOffset: (stored, place) => sink.resetOffset(stored, place),
    warn: (message, hint) => {
      sink.warn(message, hint);
    },
    write: async (batch: RecordBatch) => {
      const isWritten = await sink.write(batch);
      if (isWritten && batch.records.length > 0) {
        onWritten(batch.records.length);
      }
      return isWritten;
    },
  };
}

async function readInTurn(
  readers: readonly LogReader[],
  sink: Sink,
  options: ReadOptions,
  maxRecords: number,
): Promise<ReadEnd> {
  let left = maxRecords;
  const counted = counting(sink, (records) => {
    left -= records;
  });
  for (const reader of readers) {
    const end = await reader.read(counted, { ...options, maxRecords: left });
    if (end === 'interrupted' || left <= 0) {
      return left <= 0 ? 'max-records' : end;
    }
  }
  return 'end';
}

/** All of them stop when one fails, and when none has had a record for the idle time. */
async function readTogether(
  readers: readonly LogReader[],
  sink: Sink,
  { idleTimeoutMs, ...options }: ReadOptions,
): Promise<ReadEnd> {
  const failed = new AbortController();
  const idle = new AbortController();
  let lastWrittenAt = Date.now();
  const counted = counting(sink, () => {
    lastWrittenAt = Date.now();
  });
  const checks = setInterval(() => {
    if (idleTimeoutMs !== undefined && Date.now() - lastWrittenAt >= idleTimeoutMs) {
      idle.abort();
    }
  }, IDLE_CHECKS_MS);
  try {
    const signal = AbortSignal.any([options.signal, failed.signal, idle.signal]);
    const ends = await Promise.allSettled(
      readers.map((reader) =>
        reader.read(counted, { ...options, signal }).catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    );
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure !== undefined) {
      throw failure.reason;
    }
    if (options.signal.aborted) {
      return 'interrupted';
    }
    return idle.signal.aborted ? 'idle' : 'end';
  } finally {
    clearInterval(checks);
  }
}
