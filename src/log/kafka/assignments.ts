/** A partition assigned to this member. */
export interface Assignment {
  readonly partition: number;
  /** False until its stored offset is known; until then it is paused and nothing of it is taken. */
  isLocated: boolean;
  /** The log that the position holds for. */
  source: string;
  /** The next offset to fetch, and what is recorded once the batches taken so far are written. */
  position: bigint;
}

/** The partitions that the group has given to this member. */
export class Assignments {
  #byPartition = new Map<number, Assignment>();

  get all(): readonly Assignment[] {
    return [...this.#byPartition.values()];
  }

  get(partition: number): Assignment | undefined {
    return this.#byPartition.get(partition);
  }

  /** Whether the assignment is still this member's: a partition that went and came back is assigned anew. */
  holds(assignment: Assignment): boolean {
    return this.#byPartition.get(assignment.partition) === assignment;
  }

  /** Takes over what the group has shared out anew; an assignment that stays goes on where it stands. */
  assign(partitions: readonly number[]): {
    readonly kept: readonly Assignment[];
    readonly fresh: readonly Assignment[];
    readonly revoked: readonly number[];
  } {
    const before = this.#byPartition;
    this.#byPartition = new Map(
      partitions.map((partition) => [
        partition,
        before.get(partition) ?? {
          partition,
          isLocated: false,
          source: '',
          position: 0n,
        },
      ]),
    );
    return {
      kept: this.all.filter(({ partition }) => before.has(partition)),
      fresh: this.all.filter(({ partition }) => !before.has(partition)),
      revoked: [...before.keys()].filter((partition) => !this.#byPartition.has(partition)),
    };
  }
}
