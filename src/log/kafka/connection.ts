import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import kafkajs, { type Kafka, type SASLOptions } from 'kafkajs';
import type { KafkaConfig } from '../../config/kafka.ts';
import { type TlsConfig, readCertificates } from '../../config/tls.ts';
import { correctBrokerAnswers } from './broker-answers.ts';
import { addCodecs } from './codecs.ts';
import { correctFetchResponses } from './fetch-response.ts';
import { askForTopicIds } from './topic-id.ts';

// kafkajs is corrected once, in this process.
correctFetchResponses();
askForTopicIds();
correctBrokerAnswers();
addCodecs();

const CONNECT_MS = 3_500;

/** One way to the brokers: a kafkajs client and the sockets it opened. */
export interface Connection {
  readonly kafka: Kafka;
  /** Cuts every connection for good, whatever kafkajs still waits for: it would connect again by itself. */
  destroy(): void;
}

/** Prepares a client; nothing is connected yet. kafkajs logs nothing: its failures come back as errors. */
export function createConnection(config: KafkaConfig): Connection {
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
    ...(config.sasl === undefined ? {} : { sasl: config.sasl as SASLOptions }),
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

/** @throws MedallionError config, when a certificate file cannot be read */
function tlsOptions(tls: TlsConfig): ConnectionOptions {
  return {
    rejectUnauthorized: tls.verify,
    ...readCertificates(tls, {
      ca: 'KAFKA_SSL_CA',
      cert: 'KAFKA_SSL_CERT',
      key: 'KAFKA_SSL_KEY',
    }),
  };
}
