import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import kafkajs, { type Admin, type Kafka, type SASLOptions } from 'kafkajs';
import type { KafkaConfig, SaslConfig, TlsConfig } from '../../config.ts';
import { MedallionError, messageOf } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import { Outage, type Patience } from '../../retry.ts';
import { addCodecs } from './compression.ts';
import { kafkaError, nameOf, unreachable } from './errors.ts';
import { correctFetchResponses } from './fetch-response.ts';
import { correctMetadataAnswers } from './metadata-answer.ts';
import { askForTopicIds } from './topic-id.ts';

/** Time for the first answer of a broker, milliseconds: a person waits. */
const FIRST_ANSWER_MS = 12_000;
const CONNECT_MS = 3_500;
const GOODBYE_MS = 2_000;

/** One way to the brokers: a kafkajs client and the sockets it opened. */
export interface Connection {
  readonly kafka: Kafka;
  /** Cuts every connection for good, whatever kafkajs still waits for: it would connect again by itself. */
  destroy(): void;
}

/** Prepares a client; nothing is connected yet. kafkajs says nothing by itself: its failures come back as errors. */
export function createConnection(config: KafkaConfig): Connection {
  correctFetchResponses();
  askForTopicIds();
  correctMetadataAnswers();
  addCodecs();
  const sockets = new Set<Socket>();
  let isDestroyed = false;
  const tls = config.tls === undefined ? undefined : tlsOptions(config.tls);
  const kafka = new kafkajs.Kafka({
    clientId: config.clientId,
    brokers: [...config.brokers],
    connectionTimeout: CONNECT_MS,
    requestTimeout: 30_000,
    // Every broker of the list is tried once, and the first one again.
    retry: {
      initialRetryTime: 300,
      maxRetryTime: 2_000,
      multiplier: 2,
      factor: 0.2,
      retries: Math.max(2, config.brokers.length),
    },
    ...(config.sasl === undefined ? {} : { sasl: saslOptions(config.sasl) }),
    ssl: tls ?? false,
    logLevel: kafkajs.logLevel.NOTHING,
    logCreator: () => () => undefined,
    socketFactory: ({ host, port, onConnect }) => {
      if (isDestroyed) {
        throw new Error('disconnected');
      }
      const socket =
        tls === undefined
          ? connectTcp({ host, port }, onConnect)
          : connectTls(
              { ...tls, host, port, ...(isIP(host) ? {} : { servername: host }) },
              onConnect,
            );
      socket.setKeepAlive(true, 60_000).setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    destroy: () => {
      isDestroyed = true;
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

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
): Promise<T> {
  const connection = createConnection(config);
  const admin = connection.kafka.admin();
  try {
    await answered(config, signal, admin.connect());
    return await answered(config, signal, work(admin));
  } catch (error) {
    throw kafkaError(error, config, topic);
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

function saslOptions({ mechanism, username, password }: SaslConfig): SASLOptions {
  return { mechanism, username, password };
}

/** @throws MedallionError config, when a certificate file cannot be read */
function tlsOptions(tls: TlsConfig): ConnectionOptions {
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.caFile === undefined ? {} : { ca: certificate(tls.caFile, 'KAFKA_SSL_CA') }),
    ...(tls.certFile === undefined ? {} : { cert: certificate(tls.certFile, 'KAFKA_SSL_CERT') }),
    ...(tls.keyFile === undefined ? {} : { key: certificate(tls.keyFile, 'KAFKA_SSL_KEY') }),
  };
}

function certificate(file: string, variable: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new MedallionError('config', `${variable}: cannot read ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
