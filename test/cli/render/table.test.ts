import { expect, it } from 'vitest';
import { tableLines, type TextColumn } from '../../../src/cli/render/table.ts';

const COLUMNS: readonly TextColumn[] = [
  { title: 'city', align: 'left' },
  { title: 'n', align: 'right' },
];

it('is as wide as its widest cells, measured as a terminal does, colours aside', () => {
  expect([
    ...tableLines(COLUMNS, [
      ['東京都', '1'],
      ['\u001b[36mOslo\u001b[39m', '12,000'],
      ['', ''],
    ]),
  ]).toEqual([
    'city         n',
    '──────  ──────',
    '東京都       1',
    '\u001b[36mOslo\u001b[39m    12,000',
    '',
  ]);
});

it('gives a row as many lines as its tallest cell', () => {
  expect([
    ...tableLines(COLUMNS, [
      ['a\nbcdef', '1\n22\n333'],
      ['x', '4'],
    ]),
  ]).toEqual(['city     n', '─────  ───', 'a        1', 'bcdef   22', '       333', 'x        4']);
});
