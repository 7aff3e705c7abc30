/** One statement of a text of SQL, as it stands there, without its semicolon. */
export interface Statement {
  readonly text: string;
  /** Where it begins in the whole text (UTF-16 units). */
  readonly start: number;
  /** Its first word in lower case: select, insert, with; empty when it begins with something else. */
  readonly keyword: string;
}

/**
 * The tokens that matter: space or a comment of one line, a string with escapes, another one, a quoted name, a text between
 * tags in dollars, a word, or else one character. What is not closed runs to the end.
 */
const TOKEN = new RegExp(
  [
    String.raw`(?<blank>\s+|--[^\n\r]*)`,
    String.raw`e'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*(?:'|\\?$)`,
    String.raw`'[^']*(?:''[^']*)*(?:'|$)`,
    String.raw`"[^"]*(?:""[^"]*)*(?:"|$)`,
    String.raw`(?<tag>\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)(?:[^]*?\k<tag>|[^]*)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
    '[^]',
  ].join('|'),
  'iuy',
);

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
  for (let at = 0, next = 0; at < source.length; at = next) {
    next = endOfComment(source, at);
    if (next > at) {
      continue;
    }
    TOKEN.lastIndex = at;
    const { 0: token = '', groups: { blank, word } = {} } = TOKEN.exec(source) ?? {};
    next = at + token.length;
    if (blank !== undefined) {
      continue;
    }
    if (token === ';' && parentheses === 0 && blocks === 0) {
      finish();
      continue;
    }
    if (start < 0) {
      start = at;
    }
    if (token === '(') {
      parentheses += 1;
    } else if (token === ')') {
      parentheses = Math.max(0, parentheses - 1);
    } else if (word !== undefined) {
      const name = word.toLowerCase();
      blocks = Math.max(0, blocks + blockChange(name, words, blocks));
      // The first words tell what kind of statement it is; more are not needed.
      if (words.length < 4) {
        words.push(name);
      }
    } else if (words.length === 0) {
      words.push('');
    }
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

/** The index after the comment at `at`, which may have others within; `at` itself where there is none. */
function endOfComment(source: string, at: number): number {
  if (!source.startsWith('/*', at)) {
    return at;
  }
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  let depth = 0;
  do {
    const found = mark.exec(source);
    if (found === null) {
      return source.length;
    }
    depth += found[0] === '/*' ? 1 : -1;
  } while (depth > 0);
  return mark.lastIndex;
}
