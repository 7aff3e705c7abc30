import { MedallionError } from '../errors.ts';
import type { LogWriter } from '../log/log.ts';
import { openRunFile, type WrittenPartition } from '../postgres/run-files.ts';
import type { StageContext } from '../progress.ts';
import type { GenerateResult } from './generate.ts';

export interface GenerateRecord {
  /** Where the record is kept until a warehouse takes it into its books. */
  readonly home: string;
  /** What bronze calls the log that is written. */
  readonly topic: string;
  /** The command line, secrets removed. */
  readonly arguments: readonly string[];
}

/** Runs a generation with a record of it in a file of the home: a log needs no warehouse. */
export async function recordGenerate<T extends { result: GenerateResult; writer: LogWriter }>(
  { home, topic, arguments: commandLine }: GenerateRecord,
  context: StageContext,
  work: () => Promise<T>,
): Promise<T> {
  const finish = await openRunFile(home, { command: 'generate', arguments: commandLine }, context);
  try {
    const done = await work();
    const { result, writer } = done;
    await finish({
      counts: {
        events: result.events,
        bytes: result.bytes,
        ...result.kinds,
        seconds: Math.round(result.elapsedMs) / 1000,
      },
      partitions: writtenPartitions(topic, writer),
      error: context.signal.aborted ? new MedallionError('interrupted', 'interrupted') : undefined,
    });
    return done;
  } catch (error) {
    await finish({ counts: {}, partitions: [], error });
    throw error;
  }
}

function writtenPartitions(topic: string, { appended, written }: LogWriter): WrittenPartition[] {
  return [...(appended ?? [])]
    .filter(([, events]) => events > 0)
    .map(([partition, events]) => ({
      ...{ topic, partition, events },
      from: written?.get(partition)?.from,
      to: written?.get(partition)?.to,
    }));
}
