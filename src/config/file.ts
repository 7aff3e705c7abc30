import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import leven from 'leven';
import type * as Yaml from 'yaml';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { SETTINGS, type SettingKey } from './settings.ts';

/** What a configuration file says. */
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
      { hint: 'medallion init writes one.', cause: error },
    );
  }
  const values = parseSettings(text, name, problems);
  if (problems.length > 0) {
    throw new MedallionError('config', problems.join('\n'), {
      hint: 'Every setting and what it means: medallion init writes them, medallion config lists them.',
    });
  }
  const isShared = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return { name, folder: path.dirname(file), isAbove, values, isShared };
}

const load = createRequire(import.meta.url);

/** The parser, loaded when there is a file to parse: it takes a while, and most commands find none. */
function yaml(): typeof Yaml {
  return load('yaml') as typeof Yaml;
}

function parseSettings(text: string, name: string, problems: string[]): SettingsFile['values'] {
  const { isMap, isScalar, LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  // By the schema "failsafe" every value is text: a password of 0123 keeps its zero.
  const document = parseDocument(text, {
    ...{ schema: 'failsafe', lineCounter: lines, prettyErrors: false },
  });
  const values = new Map<SettingKey, { value: string; line: number }>();
  if (document.errors.length > 0) {
    for (const { message, pos } of document.errors) {
      problems.push(`${name}:${lines.linePos(pos[0]).line}: ${message}`);
    }
    return values;
  }
  const root: unknown = document.contents;
  if (root === null || (isScalar(root) && root.value === '')) {
    return values;
  }
  if (!isMap(root)) {
    problems.push(`${name}:1: a configuration file holds settings, like "home: ./.medallion"`);
    return values;
  }
  const take = (pair: Yaml.Pair, section: string | undefined): void => {
    const word = isScalar(pair.key) ? String(pair.key.value) : '?';
    const line = isScalar(pair.key) ? lines.linePos(pair.key.range?.[0] ?? 0).line : 0;
    const key = section === undefined ? word : `${section}.${word}`;
    const place = `${name}:${line}`;
    if (section === undefined && SECTIONS.has(word)) {
      if (isMap(pair.value)) {
        pair.value.items.forEach((item) => take(item, word));
      } else if (textOf(pair.value) !== '') {
        problems.push(`${place}: ${word} is a section: its settings stand below it, indented`);
      }
      return;
    }
    const setting = SETTINGS.find((known) => known.key === key);
    if (setting === undefined) {
      const meant = nearest(key);
      const question = meant === undefined ? '' : `; did you mean ${meant}?`;
      problems.push(`${place}: there is no setting ${key}${question}`);
      return;
    }
    const value = textOf(pair.value, setting.kind === 'list');
    if (value === undefined) {
      problems.push(`${place}: ${key} takes one value`);
    } else if (value.trim() !== '') {
      values.set(setting.key, { value, line });
    }
  };
  root.items.forEach((item) => take(item, undefined));
  return values;
}

const SECTIONS = new Set(
  SETTINGS.flatMap(({ key }) => (key.includes('.') ? [key.slice(0, key.indexOf('.'))] : [])),
);

/** A value as it is written; '' for none, undefined for what is no text. A list is one with commas. */
function textOf(node: unknown, takesList = false): string | undefined {
  const { isScalar, isSeq } = yaml();
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

/** The setting that looks most like the word given, if any does. */
function nearest(word: string): string | undefined {
  // A setting written without its section, or below another one, is meant as much as a mistyped one.
  const last = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
  const [best] = SETTINGS.map(({ key }) => ({
    key,
    distance: Math.min(leven(word, key), leven(last(word), last(key)) + 0.5),
  })).sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 4) ? best.key : undefined;
}
