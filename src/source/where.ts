import type { Json } from '../event/json.ts';
import type { Condition, Source } from './mapping.ts';
import { at, isThere, textOf } from './path.ts';

export function isOfSource({ where }: Pick<Source, 'where'>, record: Json): boolean {
  return where.every((condition) => meets(condition, record));
}

function meets({ path, isNegated, isPattern, texts }: Condition, record: Json): boolean {
  const value = at(record, path);
  // An object or a list is none of the texts.
  const text = isThere(value) ? textOf(value) : '';
  const isOne =
    text !== undefined &&
    texts.some((wanted) => (isPattern ? isLike(text, wanted) : wanted === text));
  return isOne !== isNegated;
}

/** Whether a text is as a pattern says, in which * is any characters: in one pass, however many of them there are. */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) {
    return text === first;
  }
  let end = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, end);
    if (found < 0) {
      return false;
    }
    end = found + part.length;
  }
  return text.startsWith(first) && text.endsWith(last) && text.length - last.length >= end;
}
