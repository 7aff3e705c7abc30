import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MedallionError } from '../errors.ts';
import { readCsvForm } from './csv-form.ts';
import { dropOf, pathsRead } from './drop.ts';
import { EACH, ROWS, type Condition, type CsvForm, type Path, type Source } from './mapping.ts';
import { isMap, isSeq, nearest, NodeReader } from '../config/nodes.ts';
import { parsePath, showPath } from './path.ts';
import { readExtra, readPath, readRules } from './rules.ts';

const NAME = /^[a-z][a-z0-9_]{0,40}$/;

export function isSourceName(name: string): boolean {
  return NAME.test(name);
}
const TOP =
  'version description replaces extends topics format where drop group_by order items extra'.split(
    ' ',
  );
/** How a value of `where` is compared with texts. */
const COMPARISONS = ['not', 'like', 'not_like'];
const WANTED = "a text or a list of texts, {not: ..}, {like: 'C*'} or {not_like: 'C*'}";

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
        `${file}: medallion already has a source ${name}: rename the file, or add "replaces: true" to it`,
      );
    }
  }
  const sources = new Map([...shipped, ...own].map((source) => [source.name, source]));
  const topics = new Map<string, string>();
  for (const { name, file, topics: named } of sources.values()) {
    for (const topic of named) {
      const other = topics.get(topic);
      if (other !== undefined) {
        problems.push(`${file}: topic ${topic} already belongs to the source ${other}`);
      }
      topics.set(topic, name);
    }
  }
  if (problems.length > 0) {
    throw new MedallionError('config', problems.join('\n'), {
      hint: 'docs/sources.md describes every property of a source.',
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
  const nodes = new NodeReader(file, problems);
  const root = nodes.root(text, 'a source needs version, order and items');
  if (root === undefined) {
    return undefined;
  }
  const before = problems.length;
  const { map, content } = root;
  const top = nodes.members(map, TOP);
  const name = path.basename(file).replace(/\.ya?ml$/, '');
  if (!isSourceName(name)) {
    nodes.report(
      map,
      `"${name}" is not a valid name for a source: lower-case letters, digits and _`,
    );
  }
  if (nodes.text(top.get('version')) !== '1') {
    nodes.report(map, 'version: 1 is missing');
  }
  const replaces = nodes.text(top.get('replaces')) ?? 'false';
  if (replaces !== 'true' && replaces !== 'false') {
    nodes.report(top.get('replaces'), 'replaces must be true or false');
  }
  const base = baseOf(nodes, top.get('extends'), below);
  const order = readRules(nodes, 'order', { map, node: top.get('order') }, base?.order);
  if (top.has('extra')) {
    readExtra(nodes, top.get('extra'), order);
  }
  const itemsNode = top.get('items');
  const from = isMap(itemsNode) ? nodes.text(itemsNode.get('from', true)) : undefined;
  const lines = from === undefined ? base?.lines : readPath(nodes, from, itemsNode);
  if (lines === undefined) {
    nodes.report(itemsNode ?? map, 'items.from is missing: the path of the list of order lines');
  }
  const items = readRules(nodes, 'items', { map, node: itemsNode }, base?.items);
  const csv = readCsvForm(nodes, top, base?.csv, order, items);
  const where = top.has('where') ? readWhere(nodes, top.get('where')) : (base?.where ?? []);
  const fields = { csv, where, order, lines: lines ?? [], items };
  const drop = top.has('drop') ? readDrop(nodes, top.get('drop'), csv) : (base?.drop ?? []);
  for (const [field, read] of pathsRead(fields)) {
    if (dropOf(read, drop) !== undefined) {
      const shown = showPath(read);
      nodes.report(
        top.get('drop') ?? map,
        `drop: ${field} reads ${shown}, which would not be stored`,
      );
    }
  }
  const said = JSON.stringify([content, ...(base === undefined ? [] : [base.hash])]);
  return problems.length > before
    ? undefined
    : {
        ...{ name, file },
        description: nodes.text(top.get('description')) ?? base?.description ?? '',
        ...{ replaces: replaces === 'true', topics: nodes.texts(top.get('topics')) },
        hash: createHash('sha256').update(said).digest('hex').slice(0, 16),
        ...{ ...fields, drop },
      };
}

/** The source whose fields hold where this one says nothing. */
function baseOf(nodes: NodeReader, node: unknown, below: readonly Source[]): Source | undefined {
  const name = nodes.text(node);
  const base = below.find((source) => source.name === name);
  if (node !== undefined && base === undefined) {
    const known = below.map((source) => source.name);
    nodes.report(
      node,
      `extends: medallion has no source ${name ?? ''}${nearest(name ?? '', known)}`,
    );
  }
  return base;
}

/** Which records are of the source: a map from paths to the texts that are wanted there. */
function readWhere(nodes: NodeReader, node: unknown): Condition[] {
  if (!isMap(node) || node.items.length === 0) {
    nodes.report(node, 'where is a map from paths to the values to accept: {test: [false]}');
    return [];
  }
  return node.items.flatMap(({ key, value }) => {
    const text = nodes.text(key) ?? '';
    const found = readPath(nodes, text, key);
    return found === undefined ? [] : readConditions(nodes, found, text, value, key);
  });
}

function readConditions(
  nodes: NodeReader,
  at: Path,
  name: string,
  node: unknown,
  key: unknown,
): Condition[] {
  const said: (readonly [word: string, given: unknown])[] = isMap(node)
    ? [...nodes.members(node, COMPARISONS)]
    : [['is', node]];
  const conditions = said.map(([word, given]): Condition => {
    const texts = isSeq(given) ? given.items.map((item) => nodes.text(item)) : [nodes.text(given)];
    const wanted = texts.filter((text) => text !== undefined);
    if (wanted.length === 0 || wanted.length < texts.length) {
      nodes.report(key, `where ${name}: ${WANTED}`);
    }
    return {
      ...{ path: at, texts: wanted },
      ...{ isNegated: word.startsWith('not'), isPattern: word.endsWith('like') },
    };
  });
  if (conditions.length === 0) {
    nodes.report(key, `where ${name}: ${WANTED}`);
  }
  return conditions;
}

function readDrop(nodes: NodeReader, node: unknown, csv: CsvForm | undefined): Path[] {
  const texts = nodes.texts(node);
  if (texts.length === 0) {
    nodes.report(node, 'drop is a list of paths: [phone, customer.email]');
  }
  return texts.flatMap((text): Path[] => {
    const found = parsePath(text);
    if (found === undefined || typeof found.at(-1) !== 'string') {
      nodes.report(node, `drop: "${text}" is not a path to a field, like email or notes[].text`);
      return [];
    }
    if (csv !== undefined && !(found[0] === ROWS && found.length > 2)) {
      nodes.report(node, `drop: in CSV, write a column as ${showPath([ROWS, EACH, text])}`);
      return [];
    }
    return [found];
  });
}
