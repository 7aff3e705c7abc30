import { setTimeout as delay } from 'node:timers/promises';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { DEFAULT_RETRY_POLICY, durationText } from '../../retry.ts';
import type { LogReader, ReadEnd, ReaderSettings, ReadOptions, Sink } from '../log.ts';
import { retryAtStart, retryLater, withAdmin, type TopicConfig } from './client.ts';
import { describeTopic, groupOf, missingTopic } from './errors.ts';
import { partitionCount } from './topic.ts';
import type { ReadProgress } from './topic-monitor.ts';

const DEFAULTS = { retryPolicy: DEFAULT_RETRY_POLICY, topicWaitMs: 0, metadataMaxAgeMs: 10_000 };
const TOPIC_POLL_MS = 1_000;

/**
 * A reader of a topic as a member of its consumer group. A topic that is waited for need not be there before it reads.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function openKafkaReader(
  config: TopicConfig,
  context: StageContext,
  given: ReaderSettings = {},
): Promise<LogReader> {
  const settings = { ...DEFAULTS, ...given };
  const { retryPolicy, topicWaitMs } = settings;
  const isThere = await retryAtStart(config, context, retryPolicy).run(() =>
    hasTopic(config, context.signal),
  );
  if (!isThere && topicWaitMs === 0) {
    throw missingTopic(config.topic, config);
  }
  return {
    description: describeTopic(config),
    read: async (sink, options) =>
      isThere || (await untilTopic(config, { ...context, signal: options.signal }, settings))
        ? readTopic(config, context, settings, sink, options)
        : 'interrupted',
  };
}

async function hasTopic(config: TopicConfig, signal: AbortSignal): Promise<boolean> {
  const { topic } = config;
  const count = await withAdmin(config, topic, signal, (admin) => partitionCount(admin, topic));
  return (count ?? 0) > 0;
}

/**
 * Waits for the topic, with a warning.
 * @returns false when interrupted
 * @throws MedallionError config, when it has not come in time; unreachable, denied
 */
async function untilTopic(
  config: TopicConfig,
  context: StageContext,
  { retryPolicy, topicWaitMs }: Required<ReaderSettings>,
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
  const retry = retryLater(config, context, retryPolicy);
  const deadline = Date.now() + topicWaitMs;
  try {
    for (;;) {
      await delay(TOPIC_POLL_MS, undefined, { signal });
      if (await retry.run(() => hasTopic(config, signal))) {
        context.emit({ type: 'note', message: `topic "${config.topic}" exists now` });
        return true;
      }
      if (Date.now() >= deadline) {
        throw missing;
      }
    }
  } catch (error) {
    if (signal.aborted) {
      return false;
    }
    throw error;
  }
}

/** Reads until the end that was asked for; a broker that goes away is waited for, with a warning. */
async function readTopic(
  config: TopicConfig,
  context: StageContext,
  { retryPolicy, metadataMaxAgeMs }: Required<ReaderSettings>,
  sink: Sink,
  options: ReadOptions,
): Promise<ReadEnd> {
  const progress: ReadProgress = {
    remaining: options.maxRecords ?? Number.POSITIVE_INFINITY,
    source: undefined,
    ends: new Map(),
  };
  const warehouse = await sink.identity();
  const grouped = { ...config, group: groupOf(config, warehouse) };
  const { ReadSession } = await import('./read-session.ts');
  const retry = retryLater(config, context, retryPolicy);
  for (;;) {
    const outcome = await new ReadSession(grouped, context, sink, options, progress, {
      ...{ warehouse, metadataMaxAgeMs },
      onJoined: () => retry.succeeded(),
    }).run();
    if (!(outcome instanceof MedallionError)) {
      return outcome;
    }
    if (!(await retry.wait(outcome, options.signal))) {
      return 'interrupted';
    }
  }
}
