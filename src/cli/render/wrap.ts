import { columnWidths } from './table.ts';
import { widthOf } from './text.ts';

/** Below this a column of words is harder to read than a line that the terminal breaks. */
const LEAST_WIDTH = 16;
const GAP = 2;

/** The text in lines of at most `width` columns, broken between words; a longer word stays whole, to be copied. */
export function wrapped(text: string, width: number): string[] {
  if (widthOf(text) <= width) {
    return [text];
  }
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A text of several lines, each broken between words where it is too long, and then indented below its beginning. */
export function hanging(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      if (widthOf(line) <= width) {
        return line;
      }
      const [indent = ''] = /^ */.exec(line) ?? [];
      const rest = `${indent}  `;
      const [first = '', ...others] = wrapped(line.trimStart(), width - rest.length);
      return [indent + first, ...others.map((other) => rest + other)].join('\n');
    })
    .join('\n');
}

/**
 * The cells of a table with the words of its last column on as many lines as keep it within `width`; the cells as they
 * are where the other columns leave too little room.
 */
export function wrapLastColumn(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly (readonly string[])[] {
  const last = titles.length - 1;
  const others = columnWidths([titles, ...rows].map((row) => row.slice(0, last)));
  const room = others.reduce((left, column) => left - column - GAP, width);
  return room < LEAST_WIDTH
    ? rows
    : rows.map((row) => [
        ...row.slice(0, last),
        (row[last] ?? '')
          .split('\n')
          .flatMap((line) => wrapped(line, room))
          .join('\n'),
      ]);
}
