import { MedallionError, withHint } from '../errors.ts';
import type { LogWriter } from '../log/log.ts';
import { grouped } from '../number.ts';
import { openRunFile, type WrittenPartition } from '../postgres/run-files.ts';
import type { StageContext } from '../progress.ts';
import { generate, type GenerateOptions, type GenerateResult } from './generate.ts';
import { writeManifest } from './manifest.ts';

export interface GenerateRun {
  /** Where the record lies until a warehouse takes it into its metadata. */
  readonly home: string;
  /** What bronze calls the log that is written. */
  readonly topic: string;
  /** The command line, secrets removed. */
  readonly arguments: readonly string[];
  readonly open: () => Promise<LogWriter>;
  /** Where the manifest goes, if one is wanted. */
  readonly manifestFile?: string | undefined;
}

/**
 * Generates to a log that is opened for it and closed, with a record of the run in a file of the home: a log needs no
 * warehouse.
 * @returns what was written, and where, for people
 * @throws MedallionError usage, unreachable, denied, config, storage
 */
export async function recordGenerate(
  options: GenerateOptions,
  { home, topic, arguments: commandLine, open, manifestFile }: GenerateRun,
  context: StageContext,
): Promise<{ readonly result: GenerateResult; readonly target: string }> {
  const finish = await openRunFile(home, { command: 'generate', arguments: commandLine }, context);
  try {
    const writer = await open();
    const result = await generate(options, writer, context).catch(async (error: unknown) => {
      await (writer.discard ?? writer.close).call(writer).catch(() => undefined);
      throw error instanceof MedallionError && error.code === 'unreachable'
        ? withHint(error, stateOf(writer))
        : error;
    });
    await writer.close();
    if (manifestFile !== undefined && result.manifest !== undefined) {
      await writeManifest(manifestFile, result.manifest);
    }
    const { events, bytes, kinds, elapsedMs } = result;
    await finish({
      counts: { events, bytes, ...kinds, seconds: Math.round(elapsedMs) / 1000 },
      partitions: writtenPartitions(topic, writer),
      error: context.signal.aborted ? new MedallionError('interrupted', 'interrupted') : undefined,
    });
    return { result, target: writer.description };
  } catch (error) {
    await finish({ counts: {}, partitions: [], error });
    throw error;
  }
}

/** What is left where the log stayed away. */
function stateOf({ appended, description }: LogWriter): string {
  const taken = [...(appended ?? new Map<number, number>()).values()].reduce((a, b) => a + b, 0);
  return (
    `${grouped(taken)} events are in ${description}; it is not known whether it took the last request before it ` +
    'went away. A new run makes new events.'
  );
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
