import { createRequire } from 'node:module';
import leven from 'leven';
import type * as Yaml from 'yaml';

const load = createRequire(import.meta.url);

/** The parser, loaded when there is something to parse: it takes a while, and most commands find nothing. */
export function yaml(): typeof Yaml {
  return load('yaml') as typeof Yaml;
}

export const isMap = (node: unknown): node is Yaml.YAMLMap => yaml().isMap(node);
export const isScalar = (node: unknown): node is Yaml.Scalar => yaml().isScalar(node);
export const isSeq = (node: unknown): node is Yaml.YAMLSeq => yaml().isSeq(node);

/**
 * Reads the nodes of one file of YAML, in which every value is text (a password of 0123 keeps its zero), and collects what
 * is wrong with them, by line.
 */
export class NodeReader {
  readonly #file: string;
  readonly #lines = new (yaml().LineCounter)();
  readonly #problems: string[];

  constructor(file: string, problems: string[]) {
    this.#file = file;
    this.#problems = problems;
  }

  /**
   * The map that a file holds, and its content; undefined where it is none, which is reported.
   * @param wanted what such a file says; an empty one is none unless it `mayBeEmpty`
   */
  root(
    text: string,
    wanted: string,
    mayBeEmpty = false,
  ): { readonly map: Yaml.YAMLMap; readonly content: unknown } | undefined {
    const document = yaml().parseDocument(text, {
      ...{ schema: 'failsafe', lineCounter: this.#lines, prettyErrors: false },
    });
    for (const { message, pos } of document.errors) {
      this.#problems.push(`${this.#file}:${this.#lines.linePos(pos[0]).line}: ${message}`);
    }
    const map: unknown = document.contents;
    if (document.errors.length > 0) {
      return undefined;
    }
    if (isMap(map)) {
      return { map, content: document.toJS() };
    }
    if (!mayBeEmpty || (map !== null && this.text(map) !== '')) {
      this.#problems.push(`${this.#file}:1: ${wanted}`);
    }
    return undefined;
  }

  /** The members of a map; words that are not known are reported. */
  members(map: Yaml.YAMLMap, known: readonly string[]): Map<string, unknown> {
    const members = new Map<string, unknown>();
    for (const { key, value } of map.items) {
      const word = this.text(key) ?? '';
      if (!known.includes(word)) {
        this.report(key, `"${word}" is not known here${nearest(word, known)}`);
      }
      members.set(word, value ?? key);
    }
    return members;
  }

  text(node: unknown): string | undefined {
    return isScalar(node) ? String(node.value) : undefined;
  }

  /** A text, or each of a list of them. */
  texts(node: unknown): string[] {
    if (isSeq(node)) {
      return node.items.flatMap((item) => this.text(item) ?? []);
    }
    const text = this.text(node);
    return text === undefined || text === '' ? [] : [text];
  }

  /** The line that a node begins in, from 1. */
  lineOf(node: unknown): number {
    const range = yaml().isNode(node) ? node.range : undefined;
    return Math.max(this.#lines.linePos(range?.[0] ?? 0).line, 1);
  }

  /** Reports what is wrong with a node, with its line. */
  report(node: unknown, problem: string): void {
    this.#problems.push(`${this.#file}:${String(this.lineOf(node))}: ${problem}`);
  }
}

/** What to say of a word that is not known: the one that looks most like it, or all of them. */
export function nearest(word: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: leven(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 3)
    ? `; did you mean ${best.candidate}?`
    : `; expected one of ${known.join(', ')}`;
}
