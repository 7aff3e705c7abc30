import type { Json } from '../event/json.ts';
import type { Condition, Source } from './mapping.ts';
import { at, isThere, textOf } from './plan.ts';

/** Whether a record is one of its source. */
export function isOfSource({ where }: Pick<Source, 'where'>, record: Json): boolean {
  return where.every((condition) => meets(condition, record));
}

function meets({ path, isNegated, isPattern, texts }: Condition, record: Json): boolean {
  const value = at(record, path);
  // An object or a list is none of the texts.
  const text = isThere(value) ? textOf(value) : '';
  const isOne =
    text !== undefined &&
    texts.some((wanted) => (isPattern ? patternOf(wanted).test(text) : wanted === text));
  return isOne !== isNegated;
}

function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
