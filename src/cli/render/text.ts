import { createRequire } from 'node:module';
import type * as StringWidth from 'string-width';

/** Text in cells of a terminal: what is safe to print, how wide it is, how to make it fit. */

/** Control characters, and the marks that turn the direction of what follows: a name with them could drive the terminal. */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\r': '\\r', '\n': '\\n' };
/** Most cells of most tables are such, and need no measuring. */
const PLAIN = /^[ -~]*$/;
const load = createRequire(import.meta.url);
/** Made when it is needed: that takes longer than most commands take to print. */
let graphemes: Intl.Segmenter | undefined;

/** The text with every character that a terminal would act on written as an escape. Line ends stay where `lines` says so. */
export function visible(text: string, { lines = false } = {}): string {
  const kept = lines ? text.replaceAll('\r\n', '\n') : text;
  return kept.replaceAll(UNSAFE, (character) => {
    if (character === '\n' && lines) {
      return character;
    }
    const code = character.charCodeAt(0).toString(16);
    return (
      SHORT_ESCAPES[character] ??
      (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`)
    );
  });
}

/** Columns that the text takes on a terminal: two for wide characters, none for colours and combining marks. */
export function widthOf(text: string): number {
  if (isPlain(text)) {
    return text.length;
  }
  // Loaded when it is needed: its tables take longer to read than most commands take to print.
  const { default: stringWidth } = load('string-width') as typeof StringWidth;
  return stringWidth(text);
}

/** Printable ASCII: a column a character. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** The text filled up with spaces to `width` columns; never cut. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? fill + text : text + fill;
}

/** The text cut to at most `width` columns, with … in place of what is missing. Characters stay whole. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) {
    return text;
  }
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let shown = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) {
      break;
    }
    shown += segment;
  }
  return `${shown}…`;
}
