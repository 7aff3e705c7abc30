import kafkajs, { type Admin, type MemberDescription } from 'kafkajs';
import type { KafkaConfig } from '../../config/kafka.ts';
import { PROTOCOL } from './assigner.ts';
import { withAdmin } from './client.ts';

/** A topic, and the group that its reader is in. */
export type GroupConfig = KafkaConfig & { readonly topic: string; readonly group: string };

/** A member of the group as the broker describes it. */
export interface Member {
  readonly id: string;
  /** "client kafkajs at /10.0.0.7", for people. */
  readonly name: string;
  /** The warehouse that it reads for; undefined: it is no reader of this tool. */
  readonly warehouse: string | undefined;
  /** Partitions of the topic that it holds. */
  readonly partitions: readonly number[];
}

export interface GroupState {
  /** `hidden`: the broker does not describe a group of Kafka's newer protocol, which takes members of both. */
  readonly state: 'stable' | 'rebalancing' | 'hidden';
  readonly members: readonly Member[];
  /** Its members speak another protocol than this tool's. */
  readonly isForeign: boolean;
}

/** Of any other Kafka shows nothing; of one of the newer protocol it says that there is none of the older one. */
const STATES: Readonly<Record<string, GroupState['state']>> = {
  Stable: 'stable',
  PreparingRebalance: 'rebalancing',
  CompletingRebalance: 'rebalancing',
};

/** Who is in the group, and who has which partition of the topic. */
export async function describeGroup(
  admin: Admin,
  { group, topic }: GroupConfig,
): Promise<GroupState> {
  const { groups } = await admin.describeGroups([group]);
  const [found] = groups;
  const isForeign = found !== undefined && found.protocol !== '' && found.protocol !== PROTOCOL;
  return {
    state: STATES[found?.state ?? ''] ?? 'hidden',
    members: (found?.members ?? []).map((member) => memberOf(member, topic, isForeign)),
    isForeign,
  };
}

/**
 * The same, for a check of the set-up.
 * @throws MedallionError unreachable, denied
 */
export async function inspectGroup(config: GroupConfig, signal: AbortSignal): Promise<GroupState> {
  return withAdmin(config, config.topic, signal, (admin) => describeGroup(admin, config));
}

/** What the members of another protocol tell one another is theirs to read. */
function memberOf(
  { memberId, clientId, clientHost, memberMetadata, memberAssignment }: MemberDescription,
  topic: string,
  isForeign: boolean,
): Member {
  const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
  const isReader = !isForeign && memberMetadata.length > 0;
  const holds = isForeign ? null : MemberAssignment.decode(memberAssignment);
  return {
    id: memberId,
    name: `client ${clientId} at ${clientHost.replace(/^\//, '')}`,
    warehouse: isReader ? MemberMetadata.decode(memberMetadata)?.userData.toString() : undefined,
    partitions: holds?.assignment[topic] ?? [],
  };
}
