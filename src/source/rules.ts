import type * as Yaml from 'yaml';
import { isZone } from '../config/reporting.ts';
import { extraField, ITEM_FIELDS, ORDER_FIELDS, type Field, type Rule } from './mapping.ts';
import { isMap, isScalar, nearest, type NodeReader } from './nodes.ts';
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
      nodes.report(key, `extra: "${name}" is no name: lower-case letters, digits and _`);
    }
    const field = extraField(name);
    order.set(field.path, readRule(nodes, value ?? key, field, 'extra'));
  }
}

function readRule(nodes: NodeReader, node: unknown, field: Field, section: string): Rule {
  const place = `${section}.${field.word}`;
  const nothing: Rule = {
    ...{ paths: [], sum: undefined, value: undefined, fallback: undefined, lookup: undefined },
    ...{ otherwise: undefined, addsNew: false, perLine: false, isMinor: false, isComputed: false },
    ...{ isFractional: false, time: undefined },
  };
  const isMoney = field.kind === 'amount';
  if (isScalar(node) && node.value === 'computed' && /^(subtotal|total)$/.test(field.word)) {
    return { ...nothing, isComputed: true };
  }
  if (!isMap(node)) {
    const paths = nodes.paths(node);
    if (paths.length === 0) {
      nodes.report(node, `${place} is empty: a path, a list of paths, or words like {path: ..}`);
    }
    return { ...nothing, paths };
  }
  const said = nodes.members(node, WORDS);
  const fit = (word: string, isFit: boolean): unknown => {
    const value = said.get(word);
    if (value !== undefined && !isFit) {
      nodes.report(value, `${place}: ${word} does not fit a field of this kind`);
    }
    return value;
  };
  const sum = nodes.text(fit('sum', isMoney));
  const sumPath = sum === undefined ? undefined : nodes.path(sum, node, true);
  const unit = nodes.text(fit('unit', isMoney));
  const per = nodes.text(fit('per', isMoney && section === 'items'));
  if (unit !== undefined && unit !== 'minor') {
    nodes.report(node, `${place}: unit is minor or not there`);
  }
  if (per !== undefined && per !== 'line' && per !== 'unit') {
    nodes.report(node, `${place}: per is line or unit`);
  }
  const adds = nodes.text(fit('new', field.kind === 'reference'));
  if (adds !== undefined && adds !== 'add') {
    nodes.report(node, `${place}: new is add or not there`);
  }
  const decimals = nodes.text(fit('decimals', field.kind === 'quantity'));
  if (decimals !== undefined && decimals !== '3') {
    nodes.report(node, `${place}: decimals is 3 or not there`);
  }
  const format = nodes.text(fit('format', field.kind === 'time'));
  const form = format === undefined ? undefined : parseTimeFormat(format);
  if (format !== undefined && form === undefined) {
    nodes.report(node, `${place}: format "${format}" is none of ${TIME_FORMATS}`);
  }
  const zone = nodes.text(fit('zone', field.kind === 'time'));
  if (zone !== undefined && !isZone(zone)) {
    nodes.report(node, `${place}: there is no time zone "${zone}"`);
  }
  const lookupNode = fit('lookup', ['reference', 'text', 'flag'].includes(field.kind));
  const rule: Rule = {
    ...nothing,
    paths: said.has('path') ? nodes.paths(said.get('path')) : [],
    ...{ sum: sumPath, value: nodes.text(said.get('value')) },
    fallback: nodes.text(said.get('default')),
    lookup: lookupNode === undefined ? undefined : readLookup(nodes, lookupNode, place),
    otherwise: lookupNode === undefined ? undefined : nodes.text(said.get('else')),
    addsNew: adds === 'add',
    ...{ perLine: per === 'line', isMinor: unit === 'minor', isFractional: decimals === '3' },
    time:
      format === undefined && zone === undefined
        ? undefined
        : { epochDigits: form?.epochDigits, pattern: form?.pattern, zone },
  };
  const origins = [rule.paths.length > 0, rule.sum !== undefined, rule.value !== undefined];
  if (origins.filter(Boolean).length !== 1) {
    nodes.report(node, `${place}: one of path, sum and value says where it comes from`);
  }
  return rule;
}

function readLookup(nodes: NodeReader, node: unknown, place: string): Map<string, string> {
  const pairs = new Map<string, string>();
  if (!isMap(node)) {
    nodes.report(node, `${place}: lookup is a map from what is sent to what it means`);
    return pairs;
  }
  for (const { key, value } of node.items) {
    pairs.set(nodes.text(key) ?? '', nodes.text(value) ?? '');
  }
  return pairs;
}
