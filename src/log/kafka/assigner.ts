import kafkajs, { type Cluster, type GroupMember, type PartitionAssigner } from 'kafkajs';
import { protocolErrorOf } from './errors.ts';
import { topicMetadata, type PartitionMetadata } from './kafkajs-protocol.ts';

/**
 * The group's protocol. A broker takes only members that have one in common, so it refuses other clients in a group of
 * this tool, and this tool in theirs: kafkajs's own assigner would hand a topic's partitions to members that do not
 * read it.
 */
export const PROTOCOL = 'medallion';
const VERSION = 0;
const HIDDEN = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'TOPIC_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
]);

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/**
 * Shares each topic out among the members that read it, in turn. kafkajs's own assigner knows only the topics of the
 * leader that runs it, and leaves those of the others unread.
 * @param warehouse goes with the membership, so that each member can see for which warehouse the others read
 */
export function createAssigner(warehouse: string): PartitionAssigner {
  return ({ cluster }) => ({
    name: PROTOCOL,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: PROTOCOL,
      metadata: MemberMetadata.encode({
        ...{ version: VERSION, topics },
        userData: Buffer.from(warehouse),
      }),
    }),
    assign: async ({ members, topics }) => {
      const shares = new Map<string, Share>();
      for (const [topic, readers] of readersByTopic(members)) {
        const partitions = await partitionIds(cluster, topic, topics);
        for (const [index, partition] of partitions.entries()) {
          const reader = readers[index % readers.length] ?? '';
          const share = shares.get(reader) ?? {};
          (share[topic] ??= []).push(partition);
          shares.set(reader, share);
        }
      }
      return [...shares].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          ...{ version: VERSION, assignment },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/** Partitions by topic. */
type Share = Record<string, number[]>;

/** The ids of the members that read each topic, both in an order that does not depend on who joined first. */
function readersByTopic(members: readonly GroupMember[]): [string, string[]][] {
  const readers = new Map<string, string[]>();
  for (const { memberId, memberMetadata } of members) {
    for (const topic of MemberMetadata.decode(memberMetadata)?.topics ?? []) {
      readers.set(topic, [...(readers.get(topic) ?? []), memberId].sort());
    }
  }
  return [...readers].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function partitionIds(
  cluster: Cluster,
  topic: string,
  own: readonly string[],
): Promise<number[]> {
  const found: readonly Pick<PartitionMetadata, 'partitionId'>[] = own.includes(topic)
    ? cluster.findTopicPartitionMetadata(topic)
    : await partitionsOfOthers(cluster, topic);
  return found.map(({ partitionId }) => partitionId).sort((a, b) => a - b);
}

/** None of a topic that this client may not look at, or that is gone: its readers notice that nobody has it. */
async function partitionsOfOthers(
  cluster: Cluster,
  topic: string,
): Promise<readonly PartitionMetadata[]> {
  try {
    return (await topicMetadata(cluster, topic)).topicMetadata[0]?.partitionMetadata ?? [];
  } catch (error) {
    if (HIDDEN.has(protocolErrorOf(error) ?? '')) {
      return [];
    }
    throw error;
  }
}
