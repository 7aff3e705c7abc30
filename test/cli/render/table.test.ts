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

it('measures marks, joined emoji and private characters as terminals do', () => {
  const rows = [
    ['e\u0301', '1'],
    ['👨‍👩‍👧', '2'],
    ['\ue000\ue000', '3'],
    ['กี่', '4'],
    ['\u200d', '5'],
  ];
  expect([...tableLines(COLUMNS, rows)].slice(2)).toEqual([
    'e\u0301     1',
    '👨‍👩‍👧    2',
    '\ue000\ue000    3',
    'กี่     4',
    '      5',
  ]);
});

it('keeps the columns of a long table in line', () => {
  const rows = Array.from({ length: 1000 }, (_, index) => ['x', String(index ** 2)]);
  const lines = [...tableLines(COLUMNS, rows)];
  expect(lines).toHaveLength(1002);
  expect(lines.slice(0, 3)).toEqual(['city       n', '────  ──────', 'x          0']);
  expect(lines.slice(-2)).toEqual(['x     996004', 'x     998001']);
});

it('takes a cell of thousands of lines', () => {
  const text = Array<string>(5000).fill('select something from somewhere').join('\n');
  const lines = [...tableLines(COLUMNS, [[text, '1']])];
  expect(lines).toHaveLength(5002);
  expect(lines[2]).toBe('select something from somewhere  1');
  expect(lines.at(-1)).toBe('select something from somewhere');
});
