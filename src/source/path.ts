import { JsonNumber, type Json } from '../event/json.ts';
import { EACH, type Path, type Step } from './mapping.ts';

/** A member, quoted where its name holds what else has a meaning; elements in brackets. */
const STEP =
  /(?:^|(?<=[^])\.)(?:"((?:[^"\\]|\\.)+)"|([^."[\]\s]+(?: [^."[\]\s]+)*))|\[(\d{1,6})?\]/y;

/** A name that needs no quotes. */
const PLAIN = /^[^."[\]\s]+(?: [^."[\]\s]+)*$/;

/**
 * Reads a path: `customer.id`, `lines[0].price`, `lines[].price`, `"a.b".c`.
 * @returns undefined where it is none
 */
export function parsePath(text: string): Path | undefined {
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) {
      return undefined;
    }
    const [whole, quoted, plain, index] = match;
    if (whole.startsWith('[')) {
      steps.push(index === undefined ? EACH : Number(index));
    } else {
      steps.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/g, '$1'));
    }
  }
  return typeof steps[0] === 'string' ? steps : undefined;
}

/** A path as it is written; numbers of elements in the place of `[]`, as far as they are given. */
export function showPath(path: Path, elements: readonly number[] = []): string {
  let text = '';
  let next = 0;
  for (const step of path) {
    if (step === EACH) {
      const element = elements[next];
      next += 1;
      text += element === undefined ? '[]' : `[${element}]`;
    } else if (typeof step === 'number') {
      text += `[${step}]`;
    } else {
      const word = PLAIN.test(step) ? step : JSON.stringify(step);
      text += text === '' ? word : `.${word}`;
    }
  }
  return text;
}

/** A path with [] in the place of numbers of elements. */
export function placeOf(path: Path): string {
  return showPath(path.map((step) => (typeof step === 'number' ? EACH : step)));
}

/** The value at a path; undefined where the record has no such place. */
export function at(scope: Json, path: Path): Json | undefined {
  let value: Json | undefined = scope;
  for (const step of path) {
    value =
      typeof step === 'string'
        ? value instanceof Map
          ? value.get(step)
          : undefined
        : typeof step === 'number' && Array.isArray(value)
          ? value[step]
          : undefined;
  }
  return value;
}

/** The values that are there at a path through lists; undefined where the first list is not there. */
export function each(
  scope: Json,
  path: Path,
  elements: readonly number[],
): { value: Json; elements: readonly number[] }[] | undefined {
  const list = path.indexOf(EACH);
  if (list === -1) {
    const value = at(scope, path);
    return isThere(value) ? [{ value, elements }] : [];
  }
  const found = at(scope, path.slice(0, list));
  if (!Array.isArray(found)) {
    return undefined;
  }
  return found.flatMap(
    (element, index) => each(element, path.slice(list + 1), [...elements, index]) ?? [],
  );
}

/** Null and blank strings are missing, as the contract has it. */
export function isThere(value: Json | undefined): value is Exclude<Json, null> {
  return (
    value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '')
  );
}

/** A value as text: a number by its digits; undefined for an object or a list. */
export function textOf(value: Json | undefined): string | undefined {
  if (value instanceof JsonNumber) {
    return value.text;
  }
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}
