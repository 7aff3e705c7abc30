import { inspectTopic } from '../log/kafka/topic.ts';
import { ok, warn, type Check } from './finding.ts';

/** Looks only where Kafka is configured; else the log is a landing folder, which lies in the home. */
export const kafkaCheck: Check = {
  title: 'Kafka',
  limitMs: 20_000,
  run: async ({ log }, context) => {
    if (log.kind === 'landing') {
      return [];
    }
    const { brokers, partitions } = await inspectTopic(log, log.topic, context.signal);
    const title = 'Kafka topic';
    return [
      ok(
        'Kafka',
        `${brokers.length === 1 ? '1 broker' : `${brokers.length} brokers`}: ${brokers.join(', ')}`,
      ),
      partitions === undefined
        ? warn(
            title,
            `there is no topic "${log.topic}"`,
            'medallion generate creates it; --topic or KAFKA_TOPIC names another one.',
          )
        : ok(
            title,
            `${log.topic}: ${partitions.length === 1 ? '1 partition' : `${partitions.length} partitions`}`,
          ),
    ];
  },
};
