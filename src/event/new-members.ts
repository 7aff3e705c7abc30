import { isStorable, isTooLong } from './fields.ts';
import { nameKey, type References } from './references.ts';

/** A row that a source adds to a dimension. */
export interface NewMember {
  readonly dimension: keyof References;
  readonly id: number;
  readonly name: string;
}

/** Beyond so many rows a dimension takes no more: what is mapped to it is no status, method or currency. */
const MOST_ROWS = 1000;
/** The highest id that a dimension can hold. */
const HIGHEST_ID = 2 ** 31 - 1;
/** A number is the id of a row, and not a name. */
const NO_NAME = /^\d*$/;

/** The members that one promotion adds, whichever of its batches meets them first. */
export class NewMembers {
  readonly #members = new Map<string, NewMember>();

  /** For the events of one batch. */
  forBatch(): MembersOfBatch {
    return new MembersOfBatch(this);
  }

  /** The member of a name, as it is or would be added; undefined where the text is no name, or the dimension is full. */
  find(text: string, dimension: keyof References, references: References): NewMember | undefined {
    const name = text.trim();
    const known = this.#members.get(`${dimension} ${nameKey(name)}`);
    if (known !== undefined) {
      return known;
    }
    const { ids } = references[dimension];
    const added = [...this.#members.values()].filter((member) => member.dimension === dimension);
    const id = Math.max(0, ...ids, ...added.map((member) => member.id)) + 1;
    const isName = !NO_NAME.test(name) && !isTooLong(name) && isStorable(name);
    const isFull = Math.max(ids.size, added.length) >= MOST_ROWS || id > HIGHEST_ID;
    return isName && !isFull ? { dimension, name, id } : undefined;
  }

  keep(member: NewMember): void {
    const key = `${member.dimension} ${nameKey(member.name)}`;
    this.#members.set(key, member);
  }

  clear(): void {
    this.#members.clear();
  }
}

/** The members that the events of a batch point at, and that the dimensions did not have when it was read. */
export class MembersOfBatch {
  readonly #all: NewMembers;
  readonly #used = new Map<string, NewMember>();

  constructor(all: NewMembers) {
    this.#all = all;
  }

  get used(): readonly NewMember[] {
    return [...this.#used.values()];
  }

  find(text: string, dimension: keyof References, references: References): NewMember | undefined {
    return this.#all.find(text, dimension, references);
  }

  /** Takes the members of an event that was accepted. */
  keep(members: readonly NewMember[]): void {
    for (const member of members) {
      this.#all.keep(member);
      this.#used.set(`${member.dimension} ${String(member.id)}`, member);
    }
  }
}

/** The dimensions with members more. */
export function withMembers(references: References, members: readonly NewMember[]): References {
  return members.reduce(
    (known, { dimension, id }) => ({
      ...known,
      [dimension]: { ...known[dimension], ids: new Set([...known[dimension].ids, id]) },
    }),
    references,
  );
}
