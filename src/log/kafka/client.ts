import type { Admin } from 'kafkajs';
import type { KafkaConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { Outage, type Patience } from '../../retry.ts';
import type { Connection } from './connection.ts';
import type { Use } from './denied.ts';
import { kafkaError, nameOf, unreachable } from './errors.ts';

/** Time for the first answer of a broker, milliseconds: a person waits. */
const FIRST_ANSWER_MS = 12_000;
const GOODBYE_MS = 2_000;

/** The waiting for brokers that a command finds away when it begins. */
export function beginning(config: KafkaConfig, context: StageContext, patience: Patience): Outage {
  return new Outage(nameOf(config), context, { forMs: patience.atStart ? patience.forMs : 0 });
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
    await goodbye(admin, connection);
  }
}

/** The first answer of a broker, or `unreachable` when it takes too long, or `interrupted`. */
export async function answered<T>(
  config: KafkaConfig,
  signal: AbortSignal,
  call: Promise<T>,
): Promise<T> {
  let stop = (): void => undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unreachable(config, `no answer within ${FIRST_ANSWER_MS / 1000} s`));
    }, FIRST_ANSWER_MS);
    const interrupt = (): void => {
      reject(new MedallionError('interrupted', 'interrupted'));
    };
    signal.addEventListener('abort', interrupt, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
    };
    if (signal.aborted) {
      interrupt();
    }
  });
  // When silence wins, the call's own failure comes later and to nobody.
  call.catch(() => undefined);
  try {
    return await Promise.race([call, silence]);
  } finally {
    stop();
  }
}

/** Disconnects, and cuts the connections when the broker does not take part. */
export async function goodbye(
  client: { disconnect(): Promise<void> },
  connection: Connection,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE_MS);
  });
  await Promise.race([client.disconnect().catch(() => undefined), patience]);
  clearTimeout(timer);
  connection.destroy();
}
