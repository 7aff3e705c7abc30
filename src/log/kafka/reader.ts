import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import type { LogReader, ReadEnd, ReadOptions, Sink } from '../log.ts';
import { withAdmin } from './client.ts';
import { describeBrokers } from './errors.ts';
import { ReadSession, type ReadProgress } from './read-session.ts';
import { requireTopic } from './topic.ts';

export interface KafkaReaderSettings {
  /** How long a lost broker is waited for, milliseconds. */
  readonly retryForMs?: number;
  /** How often a reader looks for new partitions, milliseconds. */
  readonly metadataMaxAgeMs?: number;
}

const RETRY_FOR_MS = 5 * 60_000;
const METADATA_MAX_AGE_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * A reader of a topic as a member of the configured consumer group.
 * @throws MedallionError unreachable (within 15 s), denied, config when the topic is not there
 */
export async function openKafkaReader(
  config: KafkaConfig & { readonly topic: string },
  context: StageContext,
  settings: KafkaReaderSettings = {},
): Promise<LogReader> {
  await withAdmin(config, config.topic, context.signal, (admin) =>
    requireTopic(admin, config, config.topic),
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
    ends: undefined,
  };
  const retryForMs = settings.retryForMs ?? RETRY_FOR_MS;
  let lostAt: number | undefined;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    const outcome = await new ReadSession(config, context, sink, options, progress, {
      metadataMaxAgeMs: settings.metadataMaxAgeMs ?? METADATA_MAX_AGE_MS,
      onJoined: () => {
        if (lostAt !== undefined) {
          context.emit({ type: 'note', message: `Kafka at ${describeBrokers(config)} is back` });
        }
        lostAt = undefined;
        pause = FIRST_PAUSE_MS;
      },
    }).run();
    if (!(outcome instanceof MedallionError)) {
      return outcome;
    }
    if (lostAt === undefined) {
      lostAt = Date.now();
      sink.warn(
        `${outcome.message}; trying again for ${durationText(retryForMs)}`,
        'Nothing is lost: reading goes on from the last batch that landed.',
      );
    }
    if (Date.now() - lostAt + pause > retryForMs) {
      throw outcome;
    }
    await delay(pause, undefined, { signal: options.signal }).catch(() => undefined);
    if (options.signal.aborted) {
      return 'interrupted';
    }
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

function durationText(ms: number): string {
  return ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`;
}
