import { createRequire } from 'node:module';
import leven from 'leven';
import type * as Yaml from 'yaml';
import { EACH, type Path } from './mapping.ts';
import { parsePath } from './path.ts';

const load = createRequire(import.meta.url);
const yaml = load('yaml') as typeof Yaml;
export const { isMap, isScalar, isSeq } = yaml;

/** Reads the nodes of one file of YAML, in which every value is text, and collects what is wrong with them, by line. */
export class NodeReader {
  readonly #file: string;
  readonly #lines = new yaml.LineCounter();
  readonly #problems: string[];

  constructor(file: string, problems: string[]) {
    this.#file = file;
    this.#problems = problems;
  }

  /** The map that the file holds, and its content; undefined where it is none, which is reported. */
  root(text: string): { readonly map: Yaml.YAMLMap; readonly content: unknown } | undefined {
    const document = yaml.parseDocument(text, {
      ...{ schema: 'failsafe', lineCounter: this.#lines, prettyErrors: false },
    });
    for (const { message, pos } of document.errors) {
      this.#problems.push(`${this.#file}:${this.#lines.linePos(pos[0]).line}: ${message}`);
    }
    const map: unknown = document.contents;
    if (document.errors.length > 0) {
      return undefined;
    }
    if (!isMap(map)) {
      this.#problems.push(`${this.#file}:1: a source says version, order and items`);
      return undefined;
    }
    return { map, content: document.toJS() };
  }

  /** A path, or each of a list of them. */
  paths(node: unknown): Path[] {
    return this.texts(node).flatMap((text) => {
      const found = this.path(text, node);
      return found === undefined ? [] : [found];
    });
  }

  /** One path; through a list where `throughLists`, else through none. */
  path(text: string, node: unknown, throughLists = false): Path | undefined {
    const found = parsePath(text);
    if (found === undefined || found.includes(EACH) !== throughLists) {
      this.report(
        node,
        throughLists
          ? `"${text}" is no path through a list, like lines[].amount`
          : `"${text}" is no path, like customer.id or codes[0]`,
      );
      return undefined;
    }
    return found;
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

  /** The text of a scalar. */
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

  /** Reports what is wrong with a node, with its line. */
  report(node: unknown, problem: string): void {
    const range = yaml.isNode(node) ? node.range : undefined;
    const { line } = this.#lines.linePos(range?.[0] ?? 0);
    this.#problems.push(`${this.#file}:${String(Math.max(line, 1))}: ${problem}`);
  }
}

/** What to say of a word that is not known: the one that looks most like it, or all of them. */
export function nearest(word: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: leven(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 3)
    ? `; did you mean ${best.candidate}?`
    : `; known are ${known.join(', ')}`;
}
