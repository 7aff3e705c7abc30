import { MedallionError } from '../../errors.ts';
import { OWN_GROUP } from './errors.ts';
import type { GroupConfig, GroupState, Member } from './group.ts';

/** A partition may be in another application's hands for that long: a rebalance is short. */
const FOREIGN_MS = 3_000;
/** Readers look for new partitions this much later than their setting, at most. */
const LATE_MS = 5_000;
/** A reader of this warehouse, or one that the broker does not name, that comes no further for so long is stuck. */
const STANDSTILL_MS = 60_000;

/** A partition that this member has not got. */
export interface Left {
  readonly partition: number;
  /** The offset from which the warehouse has not read it. */
  readonly next: bigint;
  /** Whether the log holds events from there on. */
  readonly isUnread: boolean;
}

/** Judges, for a member that has not got every partition, whether the others of its group read the rest. */
export class OtherReaders {
  readonly #config: GroupConfig;
  readonly #warehouse: string;
  readonly #nobodyMs: number;
  #progress = '';
  #progressAt = Date.now();
  /** Since when a partition has been a stranger's, by that member's id, or nobody's. */
  readonly #strange = new Map<number, { readonly id: string; readonly since: number }>();

  constructor(config: GroupConfig, warehouse: string, metadataMaxAgeMs: number) {
    this.#config = config;
    this.#warehouse = warehouse;
    this.#nobodyMs = metadataMaxAgeMs + LATE_MS;
  }

  /** The failure where the others do not read a partition, by who has it; none as long as it may come to a reader. */
  judge(left: readonly Left[], group: GroupState): MedallionError | undefined {
    const isStuck = this.#isStuck(left, group);
    const byHolder = new Map<string, number[]>();
    for (const { partition, isUnread } of left) {
      const holder = holderOf(partition, group);
      if (this.#isStrange(partition, holder, group)) {
        add(byHolder, holder?.name ?? 'nobody', partition);
      } else if (isStuck && isUnread) {
        const reader = holder?.name ?? 'a member that the broker does not name';
        add(byHolder, `${reader}, which makes no progress`, partition);
      }
    }
    return byHolder.size === 0 ? undefined : abandoned(byHolder, this.#config);
  }

  /** Whether each of these partitions has a reader of this warehouse. */
  areRead(left: readonly Left[], group: GroupState): boolean {
    return (
      group.state === 'stable' &&
      left.every(({ partition }) => holderOf(partition, group)?.warehouse === this.#warehouse)
    );
  }

  #isStuck(left: readonly Left[], { state }: GroupState): boolean {
    const progress = left.map(({ partition, next }) => `${partition}:${next}`).join();
    if (progress !== this.#progress || state === 'rebalancing') {
      this.#progress = progress;
      this.#progressAt = Date.now();
    }
    return Date.now() - this.#progressAt > STANDSTILL_MS;
  }

  /** Whether for a while nobody of this warehouse has had the partition, as far as the broker says. */
  #isStrange(partition: number, holder: Member | undefined, { state }: GroupState): boolean {
    const before = this.#strange.get(partition);
    this.#strange.delete(partition);
    if (state !== 'stable' || holder?.warehouse === this.#warehouse) {
      return false;
    }
    const id = holder?.id ?? '';
    const since = before?.id === id ? before.since : Date.now();
    this.#strange.set(partition, { id, since });
    return Date.now() - since >= (holder === undefined ? this.#nobodyMs : FOREIGN_MS);
  }
}

/** Partitions are not read for this warehouse. */
function abandoned(
  byHolder: ReadonlyMap<string, readonly number[]>,
  { topic, group }: GroupConfig,
): MedallionError {
  const parts = [...byHolder].map(
    ([holder, partitions]) =>
      `${partitions.length === 1 ? 'partition' : 'partitions'} ${partitions.join(', ')} held by ${holder}`,
  );
  return new MedallionError(
    'check_failed',
    `this warehouse does not read all of topic "${topic}" in group "${group}": ${parts.join('; ')}`,
    {
      hint: `kafka-consumer-groups.sh --describe --members --verbose --group "${group}" shows the members and their partitions. ${OWN_GROUP}`,
    },
  );
}

function holderOf(partition: number, { members }: GroupState): Member | undefined {
  return members.find(({ partitions }) => partitions.includes(partition));
}

function add(byHolder: Map<string, number[]>, holder: string, partition: number): void {
  byHolder.set(holder, [...(byHolder.get(holder) ?? []), partition]);
}
