import type { KafkaConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_PATIENCE, Outage, type Patience } from '../../retry.ts';
import type { LogReader, ReadEnd, ReadOptions, Sink } from '../log.ts';
import { beginning, withAdmin } from './client.ts';
import { describeBrokers, nameOf } from './errors.ts';
import { groupOf } from './group-name.ts';
import type { ReadProgress } from './lookout.ts';
import { requireTopic } from './topic.ts';

export interface KafkaReaderSettings {
  /** How long a broker that is away is waited for. */
  readonly patience?: Patience;
  /** How often a reader looks for new partitions, and whether the topic still is the same, milliseconds. */
  readonly metadataMaxAgeMs?: number;
}

const METADATA_MAX_AGE_MS = 10_000;

/**
 * A reader of a topic as a member of the configured consumer group.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function openKafkaReader(
  config: KafkaConfig & { readonly topic: string },
  context: StageContext,
  settings: KafkaReaderSettings = {},
): Promise<LogReader> {
  const { patience = DEFAULT_PATIENCE } = settings;
  await beginning(config, context, patience).ride(() =>
    withAdmin(config, config.topic, context.signal, (admin) =>
      requireTopic(admin, config, config.topic),
    ),
  );
  return {
    description: `Kafka topic ${config.topic} at ${describeBrokers(config)}`,
    read: (sink, options) => readTopic(config, context, settings, sink, options),
  };
}

/** Reads until the end that was asked for; a broker that goes away is waited for, with a warning. */
async function readTopic(
  config: KafkaConfig & { readonly topic: string },
  context: StageContext,
  settings: KafkaReaderSettings,
  sink: Sink,
  options: ReadOptions,
): Promise<ReadEnd> {
  const progress: ReadProgress = {
    remaining: options.maxRecords ?? Number.POSITIVE_INFINITY,
    source: undefined,
    ends: new Map(),
  };
  const { patience = DEFAULT_PATIENCE } = settings;
  const warehouse = await sink.identity();
  const grouped = { ...config, group: groupOf(config, warehouse) };
  const { ReadSession } = await import('./read-session.ts');
  // A broker that has just started, or hands a group over, is back at the next attempt.
  const outage = new Outage(nameOf(config), context, { forMs: patience.forMs, unsaid: 1 });
  outage.end();
  for (;;) {
    const outcome = await new ReadSession(grouped, context, sink, options, progress, {
      warehouse,
      metadataMaxAgeMs: settings.metadataMaxAgeMs ?? METADATA_MAX_AGE_MS,
      onJoined: () => outage.end(),
    }).run();
    if (!(outcome instanceof MedallionError)) {
      return outcome;
    }
    if (!options.signal.aborted) {
      await outage.wait(outcome, options.signal);
    }
    if (options.signal.aborted) {
      return 'interrupted';
    }
  }
}
