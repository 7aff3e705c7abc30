import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config/kafka.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { Retry, retryMsAtStart, type RetryPolicy } from '../../retry.ts';
import type { Connection } from './connection.ts';
import type { Use } from './denied.ts';
import { kafkaError, nameOf, unreachable } from './errors.ts';

/** A topic, and the brokers that have it. */
export type TopicConfig = KafkaConfig & { readonly topic: string };

/** Time for the first answer of a broker, milliseconds: a person waits. */
const FIRST_ANSWER_MS = 12_000;
const DISCONNECT_MS = 2_000;

/** Retries of a command that finds the brokers away when it begins. */
export function retryAtStart(
  config: KafkaConfig,
  context: StageContext,
  policy: RetryPolicy,
): Retry {
  return new Retry(nameOf(config), context, { forMs: retryMsAtStart(policy) });
}

/** Retries after the brokers have answered. One that has just started, or hands a group over, is back at once: no news. */
export function retryLater(
  config: KafkaConfig,
  context: StageContext,
  { forMs }: RetryPolicy,
): Retry {
  return Retry.connected(nameOf(config), context, { forMs, quietAttempts: 1 });
}

/**
 * Runs `work` with an administrator's connection that is closed afterwards.
 * @throws MedallionError unreachable (within 15 s), denied, config
 */
export async function withAdmin<T>(
  config: KafkaConfig,
  topic: string,
  signal: AbortSignal,
  work: (admin: Admin) => Promise<T>,
  use: Use = 'read',
): Promise<T> {
  const { createConnection } = await import('./connection.ts');
  const connection = createConnection(config);
  const admin = connection.kafka.admin();
  try {
    await answered(config, signal, admin.connect());
    return await answered(config, signal, work(admin));
  } catch (error) {
    throw kafkaError(error, config, topic, use);
  } finally {
    await disconnect(admin, connection);
  }
}

/** The first answer of a broker, or `unreachable` when it takes too long, or `interrupted`. */
export async function answered<T>(
  config: KafkaConfig,
  signal: AbortSignal,
  call: Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const silence = delay(FIRST_ANSWER_MS, undefined, {
    signal: AbortSignal.any([signal, done.signal]),
  }).then(
    () => {
      throw unreachable(config, `no answer within ${FIRST_ANSWER_MS / 1000} s`);
    },
    () => {
      throw new MedallionError('interrupted', 'interrupted');
    },
  );
  // Of the two the one that loses fails later and to nobody.
  silence.catch(() => undefined);
  call.catch(() => undefined);
  try {
    return await Promise.race([call, silence]);
  } finally {
    done.abort();
  }
}

/** Disconnects, and cuts the connections when the broker does not take part. */
export async function disconnect(
  client: { disconnect(): Promise<void> },
  connection: Connection,
): Promise<void> {
  await settledWithin(DISCONNECT_MS, client.disconnect());
  connection.destroy();
}

/** Resolves when the promise has settled, or after `ms`. */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
