import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import leven from 'leven';
import type * as Yaml from 'yaml';
import { MedallionError } from '../errors.ts';
import {
  EACH,
  ITEM_FIELDS,
  ORDER_FIELDS,
  REJECTED,
  ROWS,
  type Condition,
  type CsvForm,
  type Field,
  type Path,
  type Rule,
  type Source,
} from './mapping.ts';
import { parsePath } from './path.ts';
import { isZone, parseTimeFormat, TIME_FORMATS } from './time-form.ts';

const load = createRequire(import.meta.url);
const yaml = load('yaml') as typeof Yaml;

const NAME = /^[a-z][a-z0-9_]{0,40}$/;
const TOP = 'version description replaces extends topics format where group_by order items'.split(
  ' ',
);
/** How a value of `where` is compared with texts. */
const COMPARISONS = ['not', 'like', 'not_like'];
const WANTED = "a text or a list of texts, {not: ..}, {like: 'C*'} or {not_like: 'C*'}";
const WORDS = 'path value default lookup else sum per unit decimals format zone'.split(' ');

/** A folder of sources, and how messages call it. */
interface Layer {
  readonly folder: string;
  readonly shown: string;
}

const PACKAGE: Layer = {
  folder: fileURLToPath(new URL('../../sources/', import.meta.url)),
  shown: "medallion's sources",
};

/**
 * The sources of the package, and those of a project over them: sources/*.yaml of its folder. One of the same name stands
 * in the other's place, where it says so.
 * @throws MedallionError config, with everything that is wrong, file and line
 */
export function loadSources(project: string | undefined): ReadonlyMap<string, Source> {
  const problems: string[] = [];
  const shipped = readLayer(PACKAGE, [], problems);
  const own =
    project === undefined
      ? []
      : readLayer({ folder: path.join(project, 'sources'), shown: 'sources' }, shipped, problems);
  for (const { name, file, replaces } of own) {
    const isShipped = shipped.some((one) => one.name === name);
    if (replaces && !isShipped) {
      problems.push(`${file}: replaces: medallion has no source ${name} to replace`);
    } else if (isShipped && !replaces) {
      problems.push(
        `${file}: medallion has a source ${name} already: rename the file, or say "replaces: true" in it`,
      );
    }
  }
  const sources = new Map([...shipped, ...own].map((source) => [source.name, source]));
  const topics = new Map<string, string>();
  for (const { name, file, topics: named } of sources.values()) {
    for (const topic of named) {
      const other = topics.get(topic);
      if (other !== undefined) {
        problems.push(`${file}: topic ${topic} belongs to the source ${other} already`);
      }
      topics.set(topic, name);
    }
  }
  if (problems.length > 0) {
    throw new MedallionError('config', problems.join('\n'), {
      hint: 'docs/sources.md has every word that a source may use.',
    });
  }
  return sources;
}

function readLayer(
  { folder, shown }: Layer,
  below: readonly Source[],
  problems: string[],
): Source[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .flatMap((name) => {
          const text = readFileSync(path.join(folder, name), 'utf8');
          return readSource(text, path.posix.join(shown, name), problems, below) ?? [];
        })
    : [];
}

/**
 * One source from the text of its file; undefined, with the reasons added to `problems`, where it is none.
 * @param below the sources that it may extend
 */
export function readSource(
  text: string,
  file: string,
  problems: string[],
  below: readonly Source[] = [],
): Source | undefined {
  const before = problems.length;
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    ...{ schema: 'failsafe', lineCounter: lines, prettyErrors: false },
  });
  for (const { message, pos } of document.errors) {
    problems.push(`${file}:${lines.linePos(pos[0]).line}: ${message}`);
  }
  const root: unknown = document.contents;
  if (problems.length > before) {
    return undefined;
  }
  if (!yaml.isMap(root)) {
    problems.push(`${file}:1: a source says version, order and items`);
    return undefined;
  }
  const reader = new SourceReader(file, lines, problems, below);
  const source = reader.read(root, document.toJS());
  return problems.length > before ? undefined : source;
}

/** Reads the parts of one file, and collects what is wrong with them. */
class SourceReader {
  readonly #file: string;
  readonly #lines: Yaml.LineCounter;
  readonly #problems: string[];
  readonly #below: readonly Source[];

  constructor(file: string, lines: Yaml.LineCounter, problems: string[], below: readonly Source[]) {
    this.#file = file;
    this.#lines = lines;
    this.#problems = problems;
    this.#below = below;
  }

  read(root: Yaml.YAMLMap, content: unknown): Source {
    const top = this.#members(root, TOP);
    const name = path.basename(this.#file).replace(/\.ya?ml$/, '');
    if (!NAME.test(name)) {
      this.#report(root, `"${name}" is no name of a source: lower-case letters, digits and _`);
    }
    if (this.#text(top.get('version')) !== '1') {
      this.#report(root, 'version: 1 is missing');
    }
    const replaces = this.#text(top.get('replaces')) ?? 'false';
    if (replaces !== 'true' && replaces !== 'false') {
      this.#report(top.get('replaces'), 'replaces is true or not there');
    }
    const base = this.#base(top.get('extends'));
    const order = this.#fields(root, top.get('order'), 'order', ORDER_FIELDS, [], base?.order);
    const itemsNode = top.get('items');
    const from = yaml.isMap(itemsNode) ? this.#text(itemsNode.get('from', true)) : undefined;
    const linesPath = from === undefined ? base?.lines : this.#path(from, itemsNode);
    if (linesPath === undefined) {
      this.#report(itemsNode ?? root, 'items.from is missing: the path of the list of order lines');
    }
    const items = this.#fields(root, itemsNode, 'items', ITEM_FIELDS, ['from'], base?.items);
    const csv = this.#csv(top, base?.csv, order, items);
    const where = top.has('where') ? this.#where(top.get('where')) : (base?.where ?? []);
    const said = JSON.stringify([content, ...(base === undefined ? [] : [base.hash])]);
    return {
      ...{ name, file: this.#file },
      description: this.#text(top.get('description')) ?? base?.description ?? '',
      ...{ replaces: replaces === 'true', topics: this.#texts(top.get('topics')) },
      hash: createHash('sha256').update(said).digest('hex').slice(0, 16),
      ...{ csv, where, order, lines: linesPath ?? [], items },
    };
  }

  /** How its files of CSV are read; undefined where it is of JSON. */
  #csv(
    top: ReadonlyMap<string, unknown>,
    base: CsvForm | undefined,
    order: ReadonlyMap<string, Rule>,
    items: ReadonlyMap<string, Rule>,
  ): CsvForm | undefined {
    const format = top.get('format');
    const groupNode = top.get('group_by');
    const inner = yaml.isMap(format) ? this.#members(format, ['csv']).get('csv') : undefined;
    const isCsv = inner !== undefined || this.#text(format) === 'csv';
    if (!isCsv && !(format === undefined && base !== undefined)) {
      if (format !== undefined && this.#text(format) !== 'json') {
        this.#report(format, `format is not known; json and csv are`);
      }
      if (groupNode !== undefined) {
        this.#report(groupNode, 'group_by goes with format: csv');
      }
      return undefined;
    }
    const words = ['delimiter', 'encoding', 'decimal', 'header'];
    const said = yaml.isMap(inner) ? this.#members(inner, words) : new Map<string, unknown>();
    const delimiter = this.#text(said.get('delimiter')) ?? base?.delimiter ?? ',';
    if (!/^[\t !#-~]$/.test(delimiter)) {
      this.#report(
        said.get('delimiter'),
        'delimiter is one character, no quote and no letter beyond ASCII',
      );
    }
    const encoding = this.#text(said.get('encoding')) ?? base?.encoding ?? 'utf-8';
    const known = encodingOf(encoding);
    if (known === undefined) {
      this.#report(
        said.get('encoding'),
        `there is no encoding "${encoding}"; utf-8, windows-1252 and utf-16le are some`,
      );
    }
    const decimal = this.#text(said.get('decimal')) ?? (base?.decimalComma.size ? ',' : '.');
    if (decimal !== ',' && decimal !== '.') {
      this.#report(said.get('decimal'), "decimal is ',' or '.'");
    }
    const header = said.get('header');
    const isInFile = header === undefined || this.#text(header) === 'true';
    const columns = this.#texts(header);
    if (!isInFile && !yaml.isSeq(header)) {
      this.#report(header, 'header is true, or the list of the names of the columns');
    }
    const groupBy = this.#text(groupNode) ?? base?.groupBy ?? '';
    if (groupBy === '' || groupBy === ROWS || groupBy === REJECTED) {
      this.#report(
        groupNode ?? format,
        'group_by is missing: the column by which the rows of an order belong together',
      );
    }
    if (top.has('topics')) {
      this.#report(top.get('topics'), 'topics hold JSON; CSV comes in files: ingest --source');
    }
    return {
      ...{ delimiter, encoding: known ?? 'utf-8', groupBy },
      header: isInFile ? (header === undefined ? (base?.header ?? true) : true) : columns,
      decimalComma: new Set(decimal === ',' ? numberColumns(order, items) : []),
    };
  }

  /** The source whose fields hold where this one says nothing. */
  #base(node: unknown): Source | undefined {
    const name = this.#text(node);
    const base = this.#below.find((source) => source.name === name);
    if (node !== undefined && base === undefined) {
      const known = this.#below.map((source) => source.name);
      this.#report(
        node,
        `extends: medallion has no source ${name ?? ''}${nearest(name ?? '', known)}`,
      );
    }
    return base;
  }

  /** Which records are of the source: a map from paths to the texts that are wanted there. */
  #where(node: unknown): Condition[] {
    if (!yaml.isMap(node) || node.items.length === 0) {
      this.#report(node, 'where is a map from paths to what is wanted there: {test: [false]}');
      return [];
    }
    return node.items.flatMap(({ key, value }) => {
      const text = this.#text(key) ?? '';
      const found = this.#path(text, key);
      return found === undefined ? [] : this.#conditions(found, text, value, key);
    });
  }

  #conditions(at: Path, name: string, node: unknown, key: unknown): Condition[] {
    const said: (readonly [word: string, given: unknown])[] = yaml.isMap(node)
      ? [...this.#members(node, COMPARISONS)]
      : [['is', node]];
    const conditions = said.map(([word, given]): Condition => {
      const texts = yaml.isSeq(given)
        ? given.items.map((item) => this.#text(item))
        : [this.#text(given)];
      const wanted = texts.filter((text) => text !== undefined);
      if (wanted.length === 0 || wanted.length < texts.length) {
        this.#report(key, `where ${name}: ${WANTED}`);
      }
      return {
        ...{ path: at, texts: wanted },
        ...{ isNegated: word.startsWith('not'), isPattern: word.endsWith('like') },
      };
    });
    if (conditions.length === 0) {
      this.#report(key, `where ${name}: ${WANTED}`);
    }
    return conditions;
  }

  #fields(
    root: Yaml.YAMLMap,
    node: unknown,
    section: string,
    fields: readonly Field[],
    others: readonly string[],
    base?: ReadonlyMap<string, Rule>,
  ): Map<string, Rule> {
    const rules = new Map<string, Rule>(base);
    if (node === undefined && base !== undefined) {
      return rules;
    }
    if (!yaml.isMap(node)) {
      this.#report(
        node ?? root,
        `${section} is missing: the fields of the contract, each with its path`,
      );
      return rules;
    }
    const words = fields.map(({ word }) => word);
    const groups = [...new Set(words.flatMap((word) => word.split('.').slice(0, -1)))];
    const visit = (map: Yaml.YAMLMap, prefix: string): void => {
      for (const { key, value } of map.items) {
        const word = prefix + String(yaml.isScalar(key) ? key.value : '');
        const field = fields.find((known) => known.word === word);
        if (field !== undefined) {
          const rule = this.#rule(value ?? key, field, section);
          rules.set(field.path, rule);
        } else if (groups.includes(word) && yaml.isMap(value)) {
          visit(value, `${word}.`);
        } else if (!(prefix === '' && others.includes(word))) {
          this.#report(key, `${section}.${word} is not known${nearest(word, words)}`);
        }
      }
    };
    visit(node, '');
    for (const { word, path: contract, unsaid } of fields) {
      // Of a guest nobody reads it.
      const isNeeded = word !== 'customer.id' || rules.get('customer.guest')?.value !== 'true';
      if (unsaid === 'required' && isNeeded && !rules.has(contract)) {
        this.#report(node, `${section}.${word} is missing: its path, or {value: ..}`);
      }
    }
    return rules;
  }

  #rule(node: unknown, field: Field, section: string): Rule {
    const place = `${section}.${field.word}`;
    const nothing: Rule = {
      ...{ paths: [], sum: undefined, value: undefined, fallback: undefined, lookup: undefined },
      ...{ otherwise: undefined, perLine: false, isMinor: false, isComputed: false },
      ...{ isFractional: false, time: undefined },
    };
    const isMoney = field.kind === 'amount';
    if (yaml.isScalar(node) && node.value === 'computed' && /^(subtotal|total)$/.test(field.word)) {
      return { ...nothing, isComputed: true };
    }
    if (!yaml.isMap(node)) {
      const paths = this.#paths(node);
      if (paths.length === 0) {
        this.#report(node, `${place} is empty: a path, a list of paths, or words like {path: ..}`);
      }
      return { ...nothing, paths };
    }
    const said = this.#members(node, WORDS);
    const fit = (word: string, isFit: boolean): unknown => {
      const value = said.get(word);
      if (value !== undefined && !isFit) {
        this.#report(value, `${place}: ${word} does not fit a field of this kind`);
      }
      return value;
    };
    const sum = this.#text(fit('sum', isMoney));
    const sumPath = sum === undefined ? undefined : this.#path(sum, node, true);
    const unit = this.#text(fit('unit', isMoney));
    const per = this.#text(fit('per', isMoney && section === 'items'));
    if (unit !== undefined && unit !== 'minor') {
      this.#report(node, `${place}: unit is minor or not there`);
    }
    if (per !== undefined && per !== 'line' && per !== 'unit') {
      this.#report(node, `${place}: per is line or unit`);
    }
    const decimals = this.#text(fit('decimals', field.kind === 'quantity'));
    if (decimals !== undefined && decimals !== '3') {
      this.#report(node, `${place}: decimals is 3 or not there`);
    }
    const format = this.#text(fit('format', field.kind === 'time'));
    const form = format === undefined ? undefined : parseTimeFormat(format);
    if (format !== undefined && form === undefined) {
      this.#report(node, `${place}: format "${format}" is none of ${TIME_FORMATS}`);
    }
    const zone = this.#text(fit('zone', field.kind === 'time'));
    if (zone !== undefined && !isZone(zone)) {
      this.#report(node, `${place}: there is no time zone "${zone}"`);
    }
    const lookupNode = fit('lookup', ['reference', 'text', 'flag'].includes(field.kind));
    const rule: Rule = {
      ...nothing,
      paths: said.has('path') ? this.#paths(said.get('path')) : [],
      ...{ sum: sumPath, value: this.#text(said.get('value')) },
      fallback: this.#text(said.get('default')),
      lookup: lookupNode === undefined ? undefined : this.#lookup(lookupNode, place),
      otherwise: lookupNode === undefined ? undefined : this.#text(said.get('else')),
      ...{ perLine: per === 'line', isMinor: unit === 'minor', isFractional: decimals === '3' },
      time:
        format === undefined && zone === undefined
          ? undefined
          : { epochDigits: form?.epochDigits, pattern: form?.pattern, zone },
    };
    const origins = [rule.paths.length > 0, rule.sum !== undefined, rule.value !== undefined];
    if (origins.filter(Boolean).length !== 1) {
      this.#report(node, `${place}: one of path, sum and value says where it comes from`);
    }
    return rule;
  }

  #lookup(node: unknown, place: string): Map<string, string> {
    const pairs = new Map<string, string>();
    if (!yaml.isMap(node)) {
      this.#report(node, `${place}: lookup is a map from what is sent to what it means`);
      return pairs;
    }
    for (const { key, value } of node.items) {
      pairs.set(this.#text(key) ?? '', this.#text(value) ?? '');
    }
    return pairs;
  }

  #paths(node: unknown): Path[] {
    return this.#texts(node).flatMap((text) => {
      const found = this.#path(text, node);
      return found === undefined ? [] : [found];
    });
  }

  #path(text: string, node: unknown, throughLists = false): Path | undefined {
    const found = parsePath(text);
    if (found === undefined || found.includes(EACH) !== throughLists) {
      this.#report(
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
  #members(map: Yaml.YAMLMap, known: readonly string[]): Map<string, unknown> {
    const members = new Map<string, unknown>();
    for (const { key, value } of map.items) {
      const word = this.#text(key) ?? '';
      if (!known.includes(word)) {
        this.#report(key, `"${word}" is not known here${nearest(word, known)}`);
      }
      members.set(word, value ?? key);
    }
    return members;
  }

  #text(node: unknown): string | undefined {
    return yaml.isScalar(node) ? String(node.value) : undefined;
  }

  #texts(node: unknown): string[] {
    if (yaml.isSeq(node)) {
      return node.items.flatMap((item) => this.#text(item) ?? []);
    }
    const text = this.#text(node);
    return text === undefined || text === '' ? [] : [text];
  }

  #report(node: unknown, problem: string): void {
    const range = yaml.isNode(node) ? node.range : undefined;
    const { line } = this.#lines.linePos(range?.[0] ?? 0);
    this.#problems.push(`${this.#file}:${String(Math.max(line, 1))}: ${problem}`);
  }
}

/** The columns of CSV that are mapped to numbers. */
function numberColumns(
  order: ReadonlyMap<string, Rule>,
  items: ReadonlyMap<string, Rule>,
): string[] {
  const pathsOf = (rules: ReadonlyMap<string, Rule>, fields: readonly Field[]): Path[] =>
    fields
      .filter(({ kind }) => ['amount', 'quantity', 'rate'].includes(kind))
      .flatMap(({ path: field }) => {
        const rule = rules.get(field);
        return [...(rule?.paths ?? []), ...(rule?.sum === undefined ? [] : [rule.sum])];
      });
  return [
    // rows[0].tax and rows[].tax
    ...pathsOf(order, ORDER_FIELDS).flatMap(([first, , column]) =>
      first === ROWS ? [column] : [],
    ),
    ...pathsOf(items, ITEM_FIELDS).map(([column]) => column),
  ].flatMap((column) => (typeof column === 'string' ? [column] : []));
}

/** An encoding by the name that decoders know it by; latin1 is windows-1252, as browsers have it. */
function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function nearest(word: string, known: readonly string[]): string {
  const [best] = known
    .map((candidate) => ({ candidate, distance: leven(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 3)
    ? `; did you mean ${best.candidate}?`
    : `; known are ${known.join(', ')}`;
}
