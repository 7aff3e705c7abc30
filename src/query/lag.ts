import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import type { Log, PartitionLag, ReadPlace } from '../log/log.ts';
import { openLogs } from '../log/open.ts';
import { currentGenerations } from '../postgres/offsets.ts';
import type { StageContext } from '../progress.ts';

/** A partition as the metadata knows it. */
export interface RecordedPlace extends ReadPlace {
  /** As bronze names it. */
  readonly topic: string;
}

/** The configured log, as far as it could be looked at. */
export interface LogLag {
  readonly description: string;
  /** Partitions with the names that bronze has, or would have, for them. */
  readonly partitions: readonly (PartitionLag & { readonly topic: string })[];
  /** Why nothing is known of it: the broker is down, the topic is not there. */
  readonly problem: MedallionError | undefined;
}

/** Looks how far ingest is behind the configured logs. One that cannot be reached is an answer, too. */
export async function lookAtLog(
  config: Config,
  recorded: readonly RecordedPlace[],
  signal: AbortSignal,
): Promise<LogLag> {
  const context: StageContext = { signal, emit: () => undefined };
  const lags: LogLag[] = [];
  for (const log of openLogs(config, context)) {
    lags.push(await lookAtOne(log, recorded));
  }
  return {
    description: lags.map(({ description }) => description).join(', '),
    partitions: lags.flatMap(({ partitions }) => partitions),
    problem: lags.find(({ problem }) => problem !== undefined)?.problem,
  };
}

async function lookAtOne(log: Log, recorded: readonly RecordedPlace[]): Promise<LogLag> {
  const { name: description, topic } = log;
  const current = currentGenerations(topic, recorded);
  const topicOf = (partition: number): string =>
    current.find((row) => row.partition === partition)?.topic ?? topic;
  try {
    const lags = await log.lag(current);
    const partitions = lags.map((one) => ({ ...one, topic: topicOf(one.partition) }));
    return { description, partitions, problem: undefined };
  } catch (error) {
    if (!(error instanceof MedallionError) || error.code === 'interrupted') {
      throw error;
    }
    const partitions = current.map(({ topic: name, partition }) => ({
      ...{ topic: name, partition, end: undefined, events: undefined, since: undefined },
    }));
    return { description, partitions, problem: error };
  }
}
