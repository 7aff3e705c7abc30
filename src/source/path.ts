import { EACH, type Path, type Step } from './mapping.ts';

/** A member, quoted where its name holds what else has a meaning; elements in brackets. */
const STEP =
  /(?:^|(?<=[^])\.)(?:"((?:[^"\\]|\\.)+)"|([^."[\]\s]+(?: [^."[\]\s]+)*))|\[(\d{1,6})?\]/y;

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
      const word = /[."[\]\s]/.test(step) ? JSON.stringify(step) : step;
      text += text === '' ? word : `.${word}`;
    }
  }
  return text;
}
