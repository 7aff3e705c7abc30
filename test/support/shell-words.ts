/** Reads the commands of a shell script without running anything: enough of a shell for what documentation shows. */

/** A command as a shell would call it: its words, without assignments before it and redirections. */
export type ShellCommand = readonly string[];

/** What ends a command. */
const SEPARATOR = /^(?:&&|\|\||;|\||&|\n)/;
/** A redirection, with what it goes to. */
const REDIRECTION = /^\d?(?:>>?|<)(?!\()&?\d*/;
const SUBSTITUTION = /^(?:\$|<|>)\(/;

/** Every command of a script, those of pipes and of substitutions among them. */
export function shellCommands(script: string): ShellCommand[] {
  const found: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let isTarget = false;
  let rest = script.replaceAll(/\\\n\s*/g, ' ');

  const endWord = (): void => {
    const isAssignment = words.length === 0 && /^[A-Z_]+=/.test(word ?? '');
    if (word !== undefined && !isTarget && !isAssignment) {
      words.push(word);
    }
    isTarget = word === undefined && isTarget;
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) {
      found.push(words);
    }
    words = [];
  };
  const take = (length: number): string => {
    const taken = rest.slice(0, length);
    rest = rest.slice(length);
    return taken;
  };

  while (rest !== '') {
    const quote = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)")/.exec(rest);
    const separator = SEPARATOR.exec(rest);
    const redirection = REDIRECTION.exec(rest);
    if (SUBSTITUTION.test(rest)) {
      const inner = insideParentheses(rest.slice(2));
      found.push(...shellCommands(inner));
      word = `${word ?? ''}${take(inner.length + 3)}`;
    } else if (quote !== null) {
      const [whole, single, double = ''] = quote;
      for (const [, inner = ''] of double.matchAll(/\$\(([^)]*)\)/g)) {
        found.push(...shellCommands(inner));
      }
      word = `${word ?? ''}${single ?? double.replaceAll(/\\(["$\\`])/g, '$1')}`;
      take(whole.length);
    } else if (rest.startsWith('#') && word === undefined) {
      take(/^[^\n]*/.exec(rest)?.[0].length ?? 1);
    } else if (redirection !== null && (word === undefined || !/^\d/.test(rest))) {
      endWord();
      isTarget = !/&\d$/.test(take(redirection[0].length));
    } else if (separator !== null) {
      endCommand();
      take(separator[0].length);
    } else if (/^\s/.test(rest)) {
      endWord();
      take(1);
    } else {
      word = `${word ?? ''}${take(rest.startsWith('\\') ? 2 : 1).replace(/^\\/, '')}`;
    }
  }
  endCommand();
  return found;
}

/** The text up to the parenthesis that closes it. */
function insideParentheses(text: string): string {
  let depth = 1;
  for (const { 0: parenthesis, index } of text.matchAll(/[()]/g)) {
    depth += parenthesis === '(' ? 1 : -1;
    if (depth === 0) {
      return text.slice(0, index);
    }
  }
  return text;
}
