import type { KafkaConfig } from '../../config/kafka.ts';
import { codeOf, MedallionError, messageOf } from '../../errors.ts';
import { lacksRight, type Use } from './denied.ts';

/** What kafkajs puts on its errors; `type` is the broker's name for a protocol error. */
type KafkaFailure = Error & { readonly type?: string; readonly retriable?: boolean };

const REFUSED = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
]);
const UNUSABLE = new Set([
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'INVALID_GROUP_ID',
]);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const BAD_CERTIFICATE = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;

/** The brokers as messages name them: "Kafka at localhost:9092". */
export function nameOf(config: KafkaConfig): string {
  return `Kafka at ${config.brokers.join(',')}`;
}

/** A topic as messages name it: "Kafka topic sales at localhost:9092". */
export function describeTopic(config: KafkaConfig & { readonly topic: string }): string {
  return `Kafka topic ${config.topic} at ${config.brokers.join(',')}`;
}

/**
 * The group to read in: the one that the user named, or the warehouse's own for the topic. The offsets that count are the
 * warehouse's, so its partitions are shared by its own readers only.
 */
export function groupOf(
  config: KafkaConfig & { readonly topic: string },
  warehouse: string,
): string {
  return config.group ?? `medallion-${warehouse}-${config.topic}`;
}

/**
 * A failure of kafkajs as the error a user can act on. What is no failure of Kafka, a defect say, is passed through.
 * `retriable` is set where the same call may succeed later: the broker is away, not the password wrong.
 */
export function kafkaError(
  error: unknown,
  config: KafkaConfig,
  topic?: string,
  use: Use = 'read',
): unknown {
  const known = knownCause(error);
  if (known !== undefined) {
    return known;
  }
  const failures = causesOf(error);
  const root = failures.at(-1);
  if (root === undefined || !failures.some(({ name }) => name.startsWith('KafkaJS'))) {
    return error;
  }
  const kafka = nameOf(config);
  const said = messageOf(root);
  const type = protocolErrorOf(error) ?? '';
  const named = topic === undefined ? 'topic' : `topic "${topic}"`;

  if (REFUSED.has(type) || failures.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) {
    const user = config.sasl === undefined ? 'the client' : `user "${config.sasl.username}"`;
    return new MedallionError('denied', `${kafka} refused ${user}: ${said}`, {
      hint: 'Check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM.',
      cause: error,
    });
  }
  if (type.endsWith('AUTHORIZATION_FAILED')) {
    return lacksRight(type, kafka, config, { topic, use }, error);
  }
  if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
    return groupTaken(config, [], error);
  }
  if (failures.some((failure) => BAD_CERTIFICATE.test(codeOf(failure) ?? ''))) {
    return new MedallionError('denied', `no trusted TLS connection to ${kafka}: ${said}`, {
      hint: 'Set KAFKA_SSL_CA to the file of the certificate authority, or KAFKA_SSL=false to connect without TLS.',
      cause: error,
    });
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return missingTopic(topic ?? '', config, error);
  }
  if (TOO_LARGE.has(type)) {
    return new MedallionError(
      'input',
      `${kafka} rejects a message for ${named}, because it is too large`,
      {
        hint: 'Raise max.message.bytes of the topic.',
        cause: error,
      },
    );
  }
  if (UNUSABLE.has(type)) {
    return new MedallionError('config', `${kafka} rejects ${named}: ${said}`, {
      cause: error,
    });
  }
  return unreachable(config, said, error, mayPass(failures));
}

/** The broker's name for a protocol error, if it is one. */
export function protocolErrorOf(error: unknown): string | undefined {
  return causesOf(error).find(({ type }) => typeof type === 'string')?.type;
}

/** The broker does not answer, or no longer. */
export function unreachable(
  config: KafkaConfig,
  why: string,
  cause?: unknown,
  retriable = true,
): MedallionError {
  const reason = why.replace(/^Connection error: /, '');
  return new MedallionError('unreachable', `cannot reach ${nameOf(config)}: ${reason}`, {
    hint: 'Check that the broker is up, and KAFKA_BROKERS, KAFKA_SSL and KAFKA_SASL_*.',
    retriable,
    reason,
    cause,
  });
}

/**
 * Other clients have the consumer group.
 * @param members who they are, as far as the broker says so
 */
export function groupTaken(
  config: KafkaConfig,
  members: readonly string[],
  cause?: unknown,
): MedallionError {
  const by = members.length === 0 ? 'another application' : members.join(', ');
  return new MedallionError(
    'denied',
    `group "${config.group ?? ''}" of ${nameOf(config)} is used by ${by}`,
    { hint: OWN_GROUP, cause },
  );
}

/** What to do about a group that others are in. */
export const OWN_GROUP =
  'Set a group that nobody else uses (--group, KAFKA_GROUP, kafka.group), or set none: then each warehouse and topic has its own.';

/** The topic is not there. */
export function missingTopic(topic: string, config: KafkaConfig, cause?: unknown): MedallionError {
  return new MedallionError('config', `${nameOf(config)} has no topic "${topic}"`, {
    hint:
      'To create it: medallion generate --partitions 4, or ' +
      `kafka-topics.sh --bootstrap-server ${config.brokers[0] ?? ''} --create --topic ${topic} --partitions 4`,
    cause,
  });
}

/** kafkajs calls its giving up not retriable; what counts is what it gave up on. */
function mayPass(failures: readonly KafkaFailure[]): boolean {
  return failures.some(
    ({ name, retriable }) =>
      name === 'KafkaJSNumberOfRetriesExceeded' ||
      name === 'KafkaJSGroupCoordinatorNotFound' ||
      name === 'KafkaJSLockTimeout' ||
      retriable === true,
  );
}

/** What medallion itself found wrong in an answer, which kafkajs hands on as the cause of its own error. */
function knownCause(error: unknown): MedallionError | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof MedallionError) {
      return current;
    }
  }
  return undefined;
}

/** The error and what caused it, outermost first; the parts of an aggregate count as causes. */
function causesOf(error: unknown): KafkaFailure[] {
  const found: KafkaFailure[] = [];
  for (let current = error; current instanceof Error && found.length < 10;) {
    found.push(current);
    const parts: unknown = 'errors' in current ? current.errors : undefined;
    const next: unknown = Array.isArray(parts) ? parts[0] : current.cause;
    current = next === current ? undefined : next;
  }
  return found;
}
