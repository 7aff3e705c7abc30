import { isPort, type SettingReader } from './setting-reader.ts';
import { FORMATS, SASL_MECHANISMS } from './kafka-settings.ts';
import type { TlsConfig } from './tls.ts';

export type LogConfig = {
  readonly topic: string;
  /** Further topics that are read beside it. */
  readonly others?: readonly string[];
} & ({ readonly kind: 'landing' } | ({ readonly kind: 'kafka' } & KafkaConfig));

export interface KafkaConfig {
  readonly brokers: readonly string[];
  /** The consumer group that the user named; undefined: each warehouse and topic has its own. */
  readonly group: string | undefined;
  readonly clientId: string;
  /** What the values of the topic are declared to be; JSON when left out. */
  readonly format?: Format;
  readonly sasl: SaslConfig | undefined;
  readonly tls: TlsConfig | undefined;
}

export type Format = (typeof FORMATS)[number];

export interface SaslConfig {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

const DEFAULT_KAFKA_PORT = 9092;
/** What Kafka takes as a topic name (org.apache.kafka.common.internals.Topic). */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** Kafka where brokers are named, else files. */
export function parseLog(settings: SettingReader): LogConfig {
  const topics = parseTopics(settings);
  const brokers = settings.text('kafka.brokers');
  if (brokers === undefined) {
    return { kind: 'landing', ...topics };
  }
  return {
    kind: 'kafka',
    ...topics,
    brokers: parseBrokers(brokers, settings),
    group: parseGroup(settings, topics),
    clientId: settings.text('kafka.client_id') ?? '',
    format: settings.choice('kafka.format', FORMATS, 'json'),
    sasl: parseSasl(settings),
    tls: parseKafkaTls(settings),
  };
}

type Topics = Pick<LogConfig, 'topic' | 'others'>;

function parseTopics(settings: SettingReader): Topics {
  const [topic = '', ...others] = (settings.text('kafka.topic') ?? '')
    .split(',')
    .map((name) => name.trim());
  for (const name of [topic, ...others]) {
    if (!TOPIC_NAME.test(name)) {
      settings.refuse(
        'kafka.topic',
        `"${name}" is not a topic name: letters, digits, ".", "_" and "-", at most 249`,
      );
    }
  }
  if (new Set([topic, ...others]).size <= others.length) {
    settings.refuse('kafka.topic', 'the same topic is there twice');
  }
  return { topic, ...(others.length === 0 ? {} : { others }) };
}

/** Of members of one group that read different topics, Kafka would leave some without a partition. */
function parseGroup(settings: SettingReader, { others }: Topics): string | undefined {
  const group = settings.given('kafka.group');
  if (group !== undefined && others !== undefined) {
    settings.refuse(
      'kafka.group',
      'works with one topic only: with several topics, each has its own group',
    );
  }
  return group;
}

/** What each of its topics is as a log of one. */
export function logsOf({ others = [], ...log }: LogConfig): LogConfig[] {
  return [log.topic, ...others].map((topic) => ({ ...log, topic }));
}

/** A name or an IPv4 address, and a port; kafkajs takes no IPv6 address. */
const BROKER = /^([^\s:[\]/]+)(?::(\d{1,5}))?$/;

function parseBrokers(list: string, settings: SettingReader): string[] {
  const brokers = list
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (brokers.length === 0) {
    settings.refuse(
      'kafka.brokers',
      'there is no broker in it (host:port, several separated by commas)',
    );
  }
  return brokers.map((broker) => {
    const [, host, port = String(DEFAULT_KAFKA_PORT)] = BROKER.exec(broker) ?? [];
    if (host === undefined || !isPort(port)) {
      settings.refuse('kafka.brokers', `"${broker}" is not host:port`);
    }
    return `${host}:${port}`;
  });
}

function parseSasl(settings: SettingReader): SaslConfig | undefined {
  const username = settings.text('kafka.sasl_username');
  const password = settings.text('kafka.sasl_password');
  const given = settings.text('kafka.sasl_mechanism');
  if (username === undefined && password === undefined && given === undefined) {
    return undefined;
  }
  const mechanism = settings.choice('kafka.sasl_mechanism', SASL_MECHANISMS, 'plain');
  if (username === undefined || password === undefined) {
    settings.problems.push('SASL needs both KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  }
  return { mechanism, username: username ?? '', password: password ?? '' };
}

/** TLS is on when it is asked for, by an SSL security protocol, or by any certificate file; it verifies unless told not to. */
function parseKafkaTls(settings: SettingReader): TlsConfig | undefined {
  const caFile = settings.text('kafka.tls_ca');
  const certFile = settings.text('kafka.tls_cert');
  const asked =
    settings.isOn('kafka.tls') || /SSL$/i.test(settings.text('kafka.security_protocol') ?? '');
  if (!asked && caFile === undefined && certFile === undefined) {
    return undefined;
  }
  return {
    verify: settings.isOn('kafka.tls_verify'),
    caFile,
    certFile,
    keyFile: settings.text('kafka.tls_key'),
  };
}
