import { MedallionError } from '../errors.ts';
import { CONNECTION_LOST, ENDED } from './failures.ts';
import { pg } from './driver.ts';
import type { Statement } from './statements.ts';

/** Longest piece of a line that is shown around an error, in characters. */
const EXCERPT = 100;
const ENVIRONMENT_FAULT = /^(25006|53...|42501|58...|XX...)$/;

/**
 * A server's refusal of a statement that the user wrote: the message, the line with a caret under the place, SQLSTATE and
 * hint. What is no fault of the statement (a lost connection, a full disk, a missing right, a limit of time) comes back as it was.
 * @param source the whole text that the statement is part of, so that line numbers are those of the user's file
 */
export function sqlError(error: unknown, source: string, statement: Statement): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
    return error;
  }
  const { code } = error;
  if ([CONNECTION_LOST, ENDED, ENVIRONMENT_FAULT].some((codes) => codes.test(code))) {
    return error;
  }
  const position = Number(error.position ?? 0);
  const place = position > 0 ? excerpt(source, statement, position) : undefined;
  const parts = [error.message, error.detail, place];
  return new MedallionError(
    'input',
    parts.filter((part) => part !== undefined && part !== '').join('\n'),
    {
      hint: [`SQLSTATE ${code}`, error.hint].filter((part) => part !== undefined).join('. '),
      cause: error,
    },
  );
}

/**
 * The line of `source` that the server's position points to, its number, and a caret below.
 * @param position as PostgreSQL counts: characters of the statement, from 1
 */
function excerpt(source: string, statement: Statement, position: number): string | undefined {
  const characters = Array.from(statement.text);
  if (position > characters.length + 1) {
    return undefined;
  }
  const index = statement.start + characters.slice(0, position - 1).join('').length;
  const before = source.slice(0, index).split(/\r\n|\r|\n/);
  const lineNumber = before.length;
  const head = before.at(-1) ?? '';
  const tail = /^[^\r\n]*/.exec(source.slice(index))?.[0] ?? '';
  // A caret cannot point into a line that wraps: only the surroundings of the place are shown.
  const from = Math.max(0, head.length - EXCERPT / 2);
  const shownHead = `${from > 0 ? '… ' : ''}${head.slice(from)}`.replaceAll('\t', ' ');
  const to = Math.max(0, EXCERPT - shownHead.length);
  const shownTail = `${tail.slice(0, to)}${tail.length > to ? ' …' : ''}`.replaceAll('\t', ' ');
  const gutter = ` ${String(lineNumber)} | `;
  return `${gutter}${shownHead}${shownTail}\n${' '.repeat(gutter.length - 2)}| ${shownHead.replaceAll(/./gsu, ' ')}^`;
}
