import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_PATIENCE, durationText, Outage, type Patience } from '../../retry.ts';
import type { LogReader, ReadEnd, ReadOptions, Sink } from '../log.ts';
import { beginning, withAdmin } from './client.ts';
import { describeBrokers, missingTopic, nameOf } from './errors.ts';
import { groupOf } from './group-name.ts';
import type { ReadProgress } from './lookout.ts';
import { partitionCount } from './topic.ts';

export interface KafkaReaderSettings {
  /** How long a broker that is away is waited for. */
  readonly patience?: Patience;
  /** How long a topic that is not there yet is waited for, milliseconds; not at all unless said otherwise. */
  readonly topicWaitMs?: number;
  /** How often a reader looks for new partitions, and whether the topic still is the same, milliseconds. */
  readonly metadataMaxAgeMs?: number;
}

const METADATA_MAX_AGE_MS = 10_000;
const TOPIC_POLL_MS = 1_000;

/**
 * A reader of a topic as a member of its consumer group. A topic that is waited for need not be there before it reads.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function openKafkaReader(
  config: KafkaConfig & { readonly topic: string },
  context: StageContext,
  settings: KafkaReaderSettings = {},
): Promise<LogReader> {
  const { patience = DEFAULT_PATIENCE, topicWaitMs = 0 } = settings;
  const isThere = await beginning(config, context, patience).ride(() => hasTopic(config, context));
  if (!isThere && topicWaitMs === 0) {
    throw missingTopic(config.topic, config);
  }
  return {
    description: `Kafka topic ${config.topic} at ${describeBrokers(config)}`,
    read: async (sink, options) =>
      isThere || (await untilTopic(config, { ...context, signal: options.signal }, settings))
        ? readTopic(config, context, settings, sink, options)
        : 'interrupted',
  };
}

async function hasTopic(
  config: KafkaConfig & { readonly topic: string },
  { signal }: Pick<StageContext, 'signal'>,
): Promise<boolean> {
  const { topic } = config;
  return withAdmin(
    config,
    topic,
    signal,
    async (admin) => ((await partitionCount(admin, topic)) ?? 0) > 0,
  );
}

/**
 * Waits for the topic, and says so.
 * @returns false when interrupted
 * @throws MedallionError config, when it has not come in time; unreachable, denied
 */
async function untilTopic(
  config: KafkaConfig & { readonly topic: string },
  context: StageContext,
  { patience = DEFAULT_PATIENCE, topicWaitMs = 0 }: KafkaReaderSettings,
): Promise<boolean> {
  const { signal } = context;
  const missing = missingTopic(config.topic, config);
  const until =
    topicWaitMs === Number.POSITIVE_INFINITY
      ? 'until stopped'
      : `up to ${durationText(topicWaitMs)}`;
  context.emit({
    type: 'warning',
    message: `${missing.message}: waiting for it, ${until}`,
    ...(missing.hint === undefined ? {} : { hint: missing.hint }),
  });
  const outage = new Outage(nameOf(config), context, { forMs: patience.forMs, unsaid: 1 });
  outage.end();
  const deadline = Date.now() + topicWaitMs;
  while (!signal.aborted) {
    await delay(TOPIC_POLL_MS, undefined, { signal }).catch(() => undefined);
    const isThere = await outage
      .ride(() => hasTopic(config, context))
      .catch((error: unknown) => {
        if (signal.aborted) {
          return false;
        }
        throw error;
      });
    if (isThere) {
      context.emit({ type: 'note', message: `topic "${config.topic}" is there` });
      return true;
    }
    if (Date.now() >= deadline) {
      throw missing;
    }
  }
  return false;
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
