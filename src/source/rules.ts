import type * as Yaml from 'yaml';
import { isZone } from '../config/reporting.ts';
import { isMap, isScalar, nearest, type NodeReader } from '../config/nodes.ts';
import {
  EACH,
  extraField,
  ITEM_FIELDS,
  ORDER_FIELDS,
  type Field,
  type Kind,
  type Path,
  type Rule,
} from './mapping.ts';
import { parsePath } from './path.ts';
import { parseTimeFormat, TIME_FORMATS } from './time-form.ts';

const WORDS = 'path value default lookup else new sum per unit decimals format zone'.split(' ');

/** The fields of a section, and what else stands in it. */
const SECTIONS: Readonly<
  Record<'order' | 'items', { fields: readonly Field[]; others: readonly string[] }>
> = {
  order: { fields: ORDER_FIELDS, others: [] },
  items: { fields: ITEM_FIELDS, others: ['from'] },
};

/**
 * The rules of a section, by the paths of their fields, over those of `base`. What is not known or missing is reported.
 */
export function readRules(
  nodes: NodeReader,
  section: keyof typeof SECTIONS,
  top: { readonly map: unknown; readonly node: unknown },
  base: ReadonlyMap<string, Rule> | undefined,
): Map<string, Rule> {
  const { fields, others } = SECTIONS[section];
  const { node } = top;
  const rules = new Map<string, Rule>(base);
  if (node === undefined && base !== undefined) {
    return rules;
  }
  if (!isMap(node)) {
    nodes.report(
      node ?? top.map,
      `${section} is missing: the fields of the contract, each with its path`,
    );
    return rules;
  }
  const words = fields.map(({ word }) => word);
  const groups = [...new Set(words.flatMap((word) => word.split('.').slice(0, -1)))];
  const visit = (map: Yaml.YAMLMap, prefix: string): void => {
    for (const { key, value } of map.items) {
      const word = prefix + String(isScalar(key) ? key.value : '');
      const field = fields.find((known) => known.word === word);
      if (field !== undefined) {
        const rule = readRule(nodes, value ?? key, field, section);
        rules.set(field.path, rule);
      } else if (groups.includes(word) && isMap(value)) {
        visit(value, `${word}.`);
      } else if (!(prefix === '' && others.includes(word))) {
        nodes.report(key, `${section}.${word} is not known${nearest(word, words)}`);
      }
    }
  };
  visit(node, '');
  for (const { word, path: contract, unsaid } of fields) {
    // Of a guest nobody reads it.
    const isNeeded = word !== 'customer.id' || rules.get('customer.guest')?.value !== 'true';
    if (unsaid === 'required' && isNeeded && !rules.has(contract)) {
      nodes.report(node, `${section}.${word} is missing: its path, or {value: ..}`);
    }
  }
  return rules;
}

const EXTRA_NAME = /^[a-z][a-z0-9_]{0,40}$/;

/** Rules of what is kept beyond the contract, by names that the file gives, put to those of the order. */
export function readExtra(nodes: NodeReader, node: unknown, order: Map<string, Rule>): void {
  if (!isMap(node) || node.items.length === 0) {
    nodes.report(node, 'extra is a map from names to paths: {channel: source_name}');
    return;
  }
  for (const { key, value } of node.items) {
    const name = nodes.text(key) ?? '';
    if (!EXTRA_NAME.test(name)) {
      nodes.report(key, `extra: "${name}" is not a valid name: lower-case letters, digits and _`);
    }
    const field = extraField(name);
    order.set(field.path, readRule(nodes, value ?? key, field, 'extra'));
  }
}

/** What a rule does that says nothing. */
const NOTHING: Rule = {
  ...{ paths: [], sum: undefined, value: undefined, fallback: undefined, lookup: undefined },
  ...{ otherwise: undefined, addsNew: false, perLine: false, isMinor: false, isComputed: false },
  ...{ isFractional: false, time: undefined },
};

/** Words of a rule that fit some kinds of field only, and what they may say where that is one of a few words. */
const LIMITS: Readonly<Record<string, { kinds: readonly Kind[]; says?: RegExp; shown?: string }>> =
  {
    sum: { kinds: ['amount'] },
    unit: { kinds: ['amount'], says: /^minor$/, shown: 'minor' },
    per: { kinds: ['amount'], says: /^(line|unit)$/, shown: 'line or unit' },
    new: { kinds: ['reference'], says: /^add$/, shown: 'add' },
    decimals: { kinds: ['quantity'], says: /^3$/, shown: '3' },
    format: { kinds: ['time'] },
    zone: { kinds: ['time'] },
    lookup: { kinds: ['reference', 'text', 'flag'] },
  };

function readRule(nodes: NodeReader, node: unknown, field: Field, section: string): Rule {
  const place = `${section}.${field.word}`;
  const report = (problem: string): void => nodes.report(node, `${place}${problem}`);
  if (isScalar(node) && node.value === 'computed' && /^(subtotal|total)$/.test(field.word)) {
    return { ...NOTHING, isComputed: true };
  }
  if (!isMap(node)) {
    const paths = readPaths(nodes, node);
    if (paths.length === 0) {
      report(' is empty: expected a path, a list of paths, or properties like {path: ..}');
    }
    return { ...NOTHING, paths };
  }
  const said = nodes.members(node, WORDS);
  const text = (word: string): string | undefined => nodes.text(said.get(word));
  for (const [word, value] of said) {
    const { kinds, says, shown = '' } = LIMITS[word] ?? { kinds: [field.kind] };
    if (!kinds.includes(field.kind) || (word === 'per' && section !== 'items')) {
      nodes.report(value, `${place}: ${word} does not work for a field of this kind`);
    }
    const written = text(word);
    if (written !== undefined && says?.test(written) === false) {
      report(`: ${word} can only be ${shown}`);
    }
  }
  const sum = text('sum');
  const format = text('format');
  const zone = text('zone');
  const form = format === undefined ? undefined : parseTimeFormat(format);
  if (format !== undefined && form === undefined) {
    report(`: format "${format}" is not one of ${TIME_FORMATS}`);
  }
  if (zone !== undefined && !isZone(zone)) {
    report(`: there is no time zone "${zone}"`);
  }
  const hasLookup = said.has('lookup');
  const rule: Rule = {
    ...NOTHING,
    paths: said.has('path') ? readPaths(nodes, said.get('path')) : [],
    sum: sum === undefined ? undefined : readPath(nodes, sum, node, true),
    ...{ value: text('value'), fallback: text('default') },
    lookup: hasLookup ? readLookup(nodes, said.get('lookup'), place) : undefined,
    otherwise: hasLookup ? text('else') : undefined,
    ...{ addsNew: text('new') === 'add', perLine: text('per') === 'line' },
    ...{ isMinor: text('unit') === 'minor', isFractional: text('decimals') === '3' },
    time:
      format === undefined && zone === undefined
        ? undefined
        : { epochDigits: form?.epochDigits, pattern: form?.pattern, zone },
  };
  const origins = [rule.paths.length > 0, rule.sum !== undefined, rule.value !== undefined];
  if (origins.filter(Boolean).length !== 1) {
    report(': give exactly one of path, sum and value');
  }
  return rule;
}

function readPaths(nodes: NodeReader, node: unknown): Path[] {
  return nodes.texts(node).flatMap((text) => {
    const found = readPath(nodes, text, node);
    return found === undefined ? [] : [found];
  });
}

/** One path; through a list where `throughLists`, else through none. */
export function readPath(
  nodes: NodeReader,
  text: string,
  node: unknown,
  throughLists = false,
): Path | undefined {
  const found = parsePath(text);
  if (found?.includes(EACH) === throughLists) {
    return found;
  }
  const wanted = throughLists
    ? 'path through a list, like lines[].amount'
    : 'path, like customer.id or codes[0]';
  nodes.report(node, `"${text}" is not a ${wanted}`);
  return undefined;
}

function readLookup(nodes: NodeReader, node: unknown, place: string): Map<string, string> {
  if (!isMap(node)) {
    nodes.report(node, `${place}: lookup is a map from what is sent to what it means`);
    return new Map();
  }
  return new Map(
    node.items.map(({ key, value }) => [nodes.text(key) ?? '', nodes.text(value) ?? '']),
  );
}
