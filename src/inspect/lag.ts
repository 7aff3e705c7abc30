import type { Config } from '../config.ts';
import { MedallionError } from '../errors.ts';
import { describeBrokers } from '../log/kafka/errors.ts';
import { kafkaLag } from '../log/kafka/lag.ts';
import type { PartitionLag, ReadPlace } from '../log/lag.ts';
import { landingLag } from '../log/landing/lag.ts';
import { landingTopic } from '../log/landing/writer.ts';

/** A partition as the books know it. */
export interface BookedPartition extends ReadPlace {
  /** As bronze names it. */
  readonly topic: string;
  /** When its row last changed, Unix milliseconds. */
  readonly updatedAt: number;
}

/** The configured log, as far as it could be looked at. */
export interface LogLag {
  readonly description: string;
  /** Partitions with the names that bronze has, or would have, for them. */
  readonly partitions: readonly (PartitionLag & { readonly topic: string })[];
  /** Why nothing is known of it: the broker is down, the topic is not there. */
  readonly problem: MedallionError | undefined;
}

/** Looks how far the books are behind the configured log. A log that cannot be reached is an answer, too. */
export async function lookAtLog(
  { log, home }: Config,
  booked: readonly BookedPartition[],
  signal: AbortSignal,
): Promise<LogLag> {
  const topic = log.kind === 'kafka' ? log.topic : landingTopic(log.topic);
  const current = currentGenerations(topic, booked);
  const description =
    log.kind === 'kafka'
      ? `Kafka topic ${log.topic} at ${describeBrokers(log)}`
      : `landing directory of ${log.topic}`;
  try {
    const lags =
      log.kind === 'kafka'
        ? await kafkaLag(log, current, signal)
        : await landingLag(
            home,
            log.topic,
            current.map((place) => ({ ...place, readUpTo: place.updatedAt })),
          );
    const partitions = lags.map((lag) => ({
      ...lag,
      topic: current.find(({ partition }) => partition === lag.partition)?.topic ?? topic,
    }));
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

/** A recreated Kafka topic goes on as "sales#2": of each partition the highest generation counts. */
function currentGenerations(
  topic: string,
  booked: readonly BookedPartition[],
): readonly BookedPartition[] {
  const generation = ({ topic: name }: BookedPartition): number =>
    name === topic ? 1 : Number(name.slice(topic.length + 1));
  const own = booked.filter(
    ({ topic: name }) =>
      name === topic ||
      (name.startsWith(`${topic}#`) && /^\d{1,9}$/.test(name.slice(topic.length + 1))),
  );
  return own.filter(
    (row) =>
      !own.some(
        (other) => other.partition === row.partition && generation(other) > generation(row),
      ),
  );
}
