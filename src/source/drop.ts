import {
  EACH,
  itemPath,
  LINES,
  pathsOf,
  ROWS,
  type Path,
  type Source,
  type Step,
} from './mapping.ts';

/** What of each record of a source is not stored. Of an order of CSV that cannot be read its lines hold every column. */
export function dropped({ drop, csv }: Source): readonly Path[] {
  return csv === undefined || drop.length === 0 ? drop : [...drop, [LINES]];
}

/**
 * A record without the fields at some paths; all other bytes stay as they are, numbers included. Of a name that an object
 * has twice each one goes.
 * @param drop paths that end with the name of a member
 * @returns undefined where the record is no JSON, and its fields cannot be told apart
 */
export function withoutFields(value: Buffer, drop: readonly Path[]): Buffer | undefined {
  const text = value.toString();
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const cutter = new Cutter(text);
  cutter.value(cutter.start(0), drop);
  return cutter.cuts.length === 0 ? value : Buffer.from(cutter.rest());
}

/** The path of `drop` that takes away what a mapping reads at a path. */
export function dropOf(path: Path, drop: readonly Path[]): Path | undefined {
  return drop.find(
    (dropped) =>
      dropped.length <= path.length && dropped.every((step, at) => isSame(step, path[at])),
  );
}

function isSame(dropped: Step, read: Step | undefined): boolean {
  return (
    dropped === read ||
    (dropped === EACH && typeof read === 'number') ||
    (read === EACH && typeof dropped === 'number')
  );
}

/** Every path that a mapping reads, each with the field that it is for. */
export function pathsRead(
  source: Pick<Source, 'csv' | 'where' | 'order' | 'lines' | 'items'>,
): (readonly [string, Path])[] {
  const { csv, where, order, lines, items } = source;
  return [
    ...(csv === undefined ? [] : [['group_by', [ROWS, EACH, csv.groupBy]] as const]),
    ...where.map(({ path }) => ['where', path] as const),
    ...[...order].flatMap(([field, rule]) => pathsOf(rule).map((path) => [field, path] as const)),
    ['items.from', lines],
    ...[...items].flatMap(([field, rule]) =>
      pathsOf(rule).map((path) => [`items.${field}`, itemPath(source, path)] as const),
    ),
  ];
}

/** What is left of the paths whose first step is the one that was taken. */
function below(paths: readonly Path[], isTaken: (step: Step | undefined) => boolean): Path[] {
  return paths.filter(([first]) => isTaken(first)).map((path) => path.slice(1));
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Goes through a text that is JSON, and only as deep as the paths do. */
class Cutter {
  readonly cuts: { readonly from: number; readonly to: number }[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  rest(): string {
    let end = 0;
    const parts = this.cuts.map(({ from, to }) => {
      const part = this.#text.slice(end, from);
      end = to;
      return part;
    });
    return parts.join('') + this.#text.slice(end);
  }

  /** Cuts the paths out of the value that begins here. @returns where it ends */
  value(at: number, paths: readonly Path[]): number {
    switch (paths.length === 0 ? 0 : this.#text.charCodeAt(at)) {
      case OPENING_BRACE:
        return this.#object(at, paths);
      case OPENING_BRACKET:
        return this.#list(at, paths);
      default:
        return this.#end(at);
    }
  }

  /** The next character that is no white space. */
  start(at: number): number {
    let next = at;
    while (this.#text.charCodeAt(next) <= SPACE) {
      next += 1;
    }
    return next;
  }

  #object(opening: number, paths: readonly Path[]): number {
    let at = this.start(opening + 1);
    /** Where the last member that stays ends. */
    let stays: number | undefined;
    while (this.#text.charCodeAt(at) !== CLOSING_BRACE) {
      const begin = at;
      const afterName = this.#end(begin);
      const name = this.#name(begin, afterName);
      // Over the colon.
      at = this.start(this.start(afterName) + 1);
      const inside = below(paths, (step) => step === name);
      const isDropped = inside.some((rest) => rest.length === 0);
      const end = this.value(at, isDropped ? [] : inside);
      at = this.start(end);
      const hasNext = this.#text.charCodeAt(at) === COMMA;
      if (isDropped) {
        this.cuts.push(
          stays === undefined
            ? { from: begin, to: hasNext ? at + 1 : end }
            : { from: stays, to: end },
        );
      }
      // Of several in a row each begins where the one before was cut off.
      stays = isDropped && stays === undefined ? undefined : end;
      at = hasNext ? this.start(at + 1) : at;
    }
    return at + 1;
  }

  #name(begin: number, end: number): string {
    const inner = this.#text.slice(begin + 1, end - 1);
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
  }

  #list(opening: number, paths: readonly Path[]): number {
    let at = this.start(opening + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSING_BRACKET; index += 1) {
      const inside = below(paths, (step) => step === EACH || step === index);
      at = this.start(this.value(at, inside));
      at = this.#text.charCodeAt(at) === COMMA ? this.start(at + 1) : at;
    }
    return at + 1;
  }

  /** Where the value that begins here ends, however deep it is. */
  #end(begin: number): number {
    const text = this.#text;
    let at = begin;
    let depth = 0;
    do {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        at = this.#endOfText(at);
      } else if (depth === 0 && code !== OPENING_BRACE && code !== OPENING_BRACKET) {
        return this.#endOfWord(at);
      } else {
        depth += code === OPENING_BRACE || code === OPENING_BRACKET ? 1 : 0;
        depth -= code === CLOSING_BRACE || code === CLOSING_BRACKET ? 1 : 0;
        at += 1;
      }
    } while (depth > 0);
    return at;
  }

  #endOfText(opening: number): number {
    const text = this.#text;
    let at = opening + 1;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
      at += code === BACKSLASH ? 2 : 1;
    }
    return at + 1;
  }

  /** Of a number, true, false or null. */
  #endOfWord(begin: number): number {
    let at = begin;
    let code = this.#text.charCodeAt(at);
    while (code > SPACE && code !== COMMA && code !== CLOSING_BRACE && code !== CLOSING_BRACKET) {
      at += 1;
      code = this.#text.charCodeAt(at);
    }
    return at;
  }
}
