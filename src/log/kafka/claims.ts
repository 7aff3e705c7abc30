/** A partition assigned to this member. */
export interface Claim {
  readonly partition: number;
  /** False until its stored offset is known; until then it is paused and nothing of it is taken. */
  isLocated: boolean;
  /** The log that the position holds for. */
  source: string;
  /** The next offset to fetch. */
  position: bigint;
  /** What the books hold once the batches taken so far have landed. */
  booked: bigint;
}

/** The partitions that the group has given to this member. */
export class Claims {
  #claims = new Map<number, Claim>();

  get all(): readonly Claim[] {
    return [...this.#claims.values()];
  }

  get(partition: number): Claim | undefined {
    return this.#claims.get(partition);
  }

  /** Whether the claim is still this member's: a partition that went and came back is claimed anew. */
  holds(claim: Claim): boolean {
    return this.#claims.get(claim.partition) === claim;
  }

  /** Takes over what the group has shared out anew; a claim that stays goes on where it stands. */
  assign(partitions: readonly number[]): {
    readonly kept: readonly Claim[];
    readonly fresh: readonly Claim[];
    readonly revoked: readonly number[];
  } {
    const before = this.#claims;
    const kept: Claim[] = [];
    const fresh: Claim[] = [];
    this.#claims = new Map();
    for (const partition of partitions) {
      const held = before.get(partition);
      const claim = held ?? unlocated(partition);
      this.#claims.set(partition, claim);
      (held === undefined ? fresh : kept).push(claim);
    }
    return {
      kept,
      fresh,
      revoked: [...before.keys()].filter((partition) => !this.#claims.has(partition)),
    };
  }
}

function unlocated(partition: number): Claim {
  return { partition, isLocated: false, source: '', position: 0n, booked: 0n };
}
