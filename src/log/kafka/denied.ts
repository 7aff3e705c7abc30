import type { KafkaConfig } from '../../config/kafka.ts';
import { MedallionError } from '../../errors.ts';

/** What a client wants of a topic: it decides which right a denial is about. */
export type Use = 'read' | 'write' | 'create';

const TOPIC_RIGHTS: Readonly<Record<Use, readonly string[]>> = {
  read: ['READ'],
  write: ['WRITE'],
  create: ['CREATE', 'WRITE'],
};
const CLUSTER = { resource: 'the cluster', flag: '--cluster' } as const;

/** What the client may not do: the rights, the resource, and how kafka-acls names it. */
interface Missing {
  readonly rights: readonly string[];
  readonly resource: string;
  readonly flag: string;
  /** What else old brokers want. */
  readonly note?: string;
}

/**
 * The failure of a client that the brokers know and that lacks a right.
 * @param type the broker's name for the error
 * @param server how messages name the brokers
 */
export function lacksRight(
  type: string,
  server: string,
  config: KafkaConfig,
  subject: { readonly topic: string | undefined; readonly use: Use },
  cause: unknown,
): MedallionError {
  const client = principalOf(config);
  const missing = missingRight(type, config, subject);
  if (missing === undefined) {
    return new MedallionError('denied', `${server} denies ${client} access: ${type}`, {
      hint: 'To see the rights that are granted: kafka-acls.sh --list',
      cause,
    });
  }
  const { rights, resource, flag, note = '' } = missing;
  const operations = rights.map((right) => `--operation ${right}`).join(' ');
  const broker = config.brokers[0] ?? '';
  return new MedallionError(
    'denied',
    `${server} denies ${client} the right ${rights.join(' and ')} on ${resource}`,
    {
      hint:
        `An administrator can grant it: kafka-acls.sh --bootstrap-server ${broker} --add ` +
        `--allow-principal "${client}" ${operations} ${flag}${note}`,
      cause,
    },
  );
}

function missingRight(
  type: string,
  { group }: KafkaConfig,
  { topic, use }: { readonly topic: string | undefined; readonly use: Use },
): Missing | undefined {
  const onTopic =
    topic === undefined
      ? undefined
      : { rights: TOPIC_RIGHTS[use], resource: `topic "${topic}"`, flag: `--topic "${topic}"` };
  switch (type) {
    case 'TOPIC_AUTHORIZATION_FAILED':
      return onTopic;
    case 'GROUP_AUTHORIZATION_FAILED':
      return group === undefined
        ? undefined
        : { rights: ['READ'], resource: `group "${group}"`, flag: `--group "${group}"` };
    case 'CLUSTER_AUTHORIZATION_FAILED':
      // Of a producer that may write to no topic.
      return use === 'write' && onTopic !== undefined
        ? { ...onTopic, note: ' (before Kafka 2.8 also: --operation IdempotentWrite --cluster)' }
        : { rights: [use === 'create' ? 'CREATE' : 'DESCRIBE'], ...CLUSTER };
    default:
      return undefined;
  }
}

/** The client as Kafka's own tools name it. Of a certificate only the brokers know which name they take from it. */
function principalOf({ sasl, tls }: KafkaConfig): string {
  if (sasl !== undefined) {
    return `User:${sasl.username}`;
  }
  return tls?.certFile === undefined ? 'User:ANONYMOUS' : `User:<name in ${tls.certFile}>`;
}
