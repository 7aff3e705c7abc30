import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import leven from 'leven';
import type * as Yaml from 'yaml';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { isMap, isScalar, isSeq, NodeReader } from './nodes.ts';
import { SETTINGS, type SettingKey } from './settings.ts';

export interface SettingsFile {
  /** As people call it: relative to the working folder where it lies below it. */
  readonly name: string;
  /** The folder that paths in it start from. */
  readonly folder: string;
  /** Whether it was found above the working folder. */
  readonly isAbove: boolean;
  /** Values as they are written, with the line of each. */
  readonly values: ReadonlyMap<SettingKey, { readonly value: string; readonly line: number }>;
  /** Whether others than its owner may read it. */
  readonly isShared: boolean;
}

/**
 * Reads a configuration file: YAML, a section for each part, every value taken as the text that it is written as.
 * @throws MedallionError config, with everything that is wrong in it
 */
export function readSettingsFile(file: string, cwd: string, isAbove = false): SettingsFile {
  const relative = path.relative(cwd, file);
  const name = relative.startsWith('..') ? file : relative;
  const problems: string[] = [];
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, 'utf8');
    ({ mode } = statSync(file));
  } catch (error) {
    throw new MedallionError(
      'config',
      codeOf(error) === 'ENOENT'
        ? `there is no configuration file ${name}`
        : `${name}: ${messageOf(error)}`,
      { hint: 'To write one: medallion init', cause: error },
    );
  }
  const values = parseSettings(text, name, problems);
  if (problems.length > 0) {
    throw new MedallionError('config', problems.join('\n'), {
      hint: 'medallion config lists every setting; docs/configuration.md says what each means.',
    });
  }
  const isShared = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return { name, folder: path.dirname(file), isAbove, values, isShared };
}

function parseSettings(text: string, name: string, problems: string[]): SettingsFile['values'] {
  const nodes = new NodeReader(name, problems);
  const values = new Map<SettingKey, { value: string; line: number }>();
  const wanted = 'expected settings, like "home: ./.medallion"';
  const take = ({ key: node, value }: Yaml.Pair, section?: string): void => {
    const word = nodes.text(node) ?? '?';
    const key = section === undefined ? word : `${section}.${word}`;
    if (section === undefined && SECTIONS.has(word)) {
      if (isMap(value)) {
        value.items.forEach((item) => take(item, word));
      } else if (textOf(value) !== '') {
        nodes.report(
          node,
          `${word} is a section: write its settings on the lines below it, indented`,
        );
      }
      return;
    }
    const setting = SETTINGS.find((known) => known.key === key);
    if (setting === undefined) {
      nodes.report(node, `there is no setting ${key}${nearest(key)}`);
      return;
    }
    const written = textOf(value, setting.kind === 'list');
    if (written === undefined) {
      nodes.report(node, `${key} takes one value only`);
    } else if (written.trim() !== '') {
      values.set(setting.key, { value: written, line: nodes.lineOf(node) });
    }
  };
  nodes.root(text, wanted, true)?.map.items.forEach((item) => take(item));
  return values;
}

const SECTIONS = new Set(
  SETTINGS.flatMap(({ key }) => (key.includes('.') ? [key.slice(0, key.indexOf('.'))] : [])),
);

/** A value as it is written; '' for none, undefined for what is no text. A list is one with commas. */
function textOf(node: unknown, takesList = false): string | undefined {
  if (node === null || node === undefined) {
    return '';
  }
  if (isScalar(node)) {
    return /^(~|null)$/i.test(String(node.value)) ? '' : String(node.value);
  }
  return takesList && isSeq(node)
    ? node.items.map((item) => textOf(item) ?? '').join(',')
    : undefined;
}

/** Asks whether the setting is meant that looks most like the word given, if any does. */
function nearest(word: string): string {
  // A setting written without its section, or below another one, is meant as much as a mistyped one.
  const last = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
  const [best] = SETTINGS.map(({ key }) => ({
    key,
    distance: Math.min(leven(word, key), leven(last(word), last(key)) + 0.5),
  })).sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 4)
    ? `; did you mean ${best.key}?`
    : '';
}
