/** One statement of a text of SQL, as it stands there, without its semicolon. */
export interface Statement {
  readonly text: string;
  /** Where it begins in the whole text (UTF-16 units). */
  readonly start: number;
  /** Its first word in lower case: select, insert, with; empty when it begins with something else. */
  readonly keyword: string;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const ESCAPE_STRING = /e(?=')/iy;
const DOLLAR_QUOTE = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;

/**
 * Cuts SQL at the semicolons that end statements: not those in strings, quoted names, comments, parentheses or the
 * body of a routine (`begin atomic .. end`). Statements of nothing but space and comments are left out. An
 * unterminated string or comment runs to the end, for the server to complain about.
 */
export function splitStatements(source: string): Statement[] {
  const statements: Statement[] = [];
  let start = -1;
  let end = 0;
  let words: string[] = [];
  let parentheses = 0;
  let blocks = 0;

  const finish = (): void => {
    if (start >= 0) {
      statements.push({ text: source.slice(start, end), start, keyword: words[0] ?? '' });
    }
    start = -1;
    words = [];
    parentheses = 0;
    blocks = 0;
  };

  let at = 0;
  while (at < source.length) {
    const blank = skipBlank(source, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const character = source[at];
    if (character === ';' && parentheses === 0 && blocks === 0) {
      finish();
      at += 1;
      continue;
    }
    const word = match(WORD, source, at);
    const next = skipToken(source, at, word);
    if (start < 0) {
      start = at;
    }
    if (character === '(') {
      parentheses += 1;
    } else if (character === ')') {
      parentheses = Math.max(0, parentheses - 1);
    } else if (word !== '' && next === at + word.length) {
      const name = word.toLowerCase();
      blocks = Math.max(0, blocks + blockChange(name, words, blocks));
      // The first words tell what kind of statement it is; more are not needed.
      if (words.length < 4) {
        words.push(name);
      }
    } else if (words.length === 0 && character !== '(') {
      words.push('');
    }
    at = next;
    end = next;
  }
  finish();
  return statements;
}

/** How a word changes the depth of `begin .. end` in a routine's body; `case .. end` counts inside one only. */
function blockChange(word: string, words: readonly string[], blocks: number): number {
  if (words[0] !== 'create' || !(words.includes('function') || words.includes('procedure'))) {
    return 0;
  }
  if (word === 'begin' || (word === 'case' && blocks > 0)) {
    return 1;
  }
  return word === 'end' ? -1 : 0;
}

/** The index after the spaces or the comment at `at`; `at` itself when there are none. */
function skipBlank(source: string, at: number): number {
  const line = match(SPACE, source, at) || match(LINE_COMMENT, source, at);
  if (line !== '' || !source.startsWith('/*', at)) {
    return at + line.length;
  }
  let depth = 0;
  let next = at;
  do {
    if (source.startsWith('/*', next)) {
      depth += 1;
      next += 2;
    } else if (source.startsWith('*/', next)) {
      depth -= 1;
      next += 2;
    } else {
      next += 1;
    }
  } while (depth > 0 && next < source.length);
  return Math.min(next, source.length);
}

/** The index after the token at `at`: a string, a quoted name, a word, or one character. */
function skipToken(source: string, at: number, word: string): number {
  const escape = match(ESCAPE_STRING, source, at);
  if (escape !== '') {
    return skipQuoted(source, at + escape.length, "'", true);
  }
  if (word !== '') {
    return at + word.length;
  }
  const character = source[at];
  if (character === "'" || character === '"') {
    return skipQuoted(source, at, character, false);
  }
  const tag = match(DOLLAR_QUOTE, source, at);
  if (tag !== '') {
    const close = source.indexOf(tag, at + tag.length);
    return close < 0 ? source.length : close + tag.length;
  }
  return at + 1;
}

/** The index after the quoted text that opens at `at`; a doubled quote is a quote in it, as is one after a backslash. */
function skipQuoted(source: string, at: number, quote: string, backslash: boolean): number {
  let next = at + 1;
  while (next < source.length) {
    if (backslash && source[next] === '\\') {
      next += 2;
    } else if (source[next] !== quote) {
      next += 1;
    } else if (source[next + 1] === quote) {
      next += 2;
    } else {
      return next + 1;
    }
  }
  return source.length;
}

function match(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}
