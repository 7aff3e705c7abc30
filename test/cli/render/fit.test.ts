import { describe, expect, it } from 'vitest';
import { barColumn, fittedTable, type PageColumns } from '../../../src/cli/render/fit.ts';

interface Sale {
  readonly city: string;
  readonly orders: string;
  readonly revenue: string;
}

const COLUMNS: PageColumns<Sale> = {
  city: { atLeast: 8 },
  orders: { kind: 'number', keep: 1 },
  revenue: { kind: 'number' },
};
const ROWS: readonly Sale[] = [
  { city: 'Llanfairpwllgwyngyll', orders: '12', revenue: '200.00' },
  { city: '東京都千代田区霞が関', orders: '3', revenue: '50.00' },
  { city: 'Ō\u001b[2J', orders: '1', revenue: '0.00' },
];

const BARS = barColumn(
  ROWS,
  (row) => Number(row.revenue),
  (text) => text,
);

describe('fittedTable', () => {
  it('fills the room that is left with bars', () => {
    expect(fittedTable(COLUMNS, ROWS, 47, { fill: BARS })).toEqual([
      'city                  orders  revenue',
      '────────────────────  ──────  ───────  ────────',
      'Llanfairpwllgwyngyll      12   200.00  ████████',
      '東京都千代田区霞が関       3    50.00  ██',
      String.raw`Ō\x1b[2J                   1     0.00`,
    ]);
  });

  it('leaves out the bars, then cuts names, without splitting wide characters', () => {
    expect(fittedTable(COLUMNS, ROWS, 30, { fill: BARS })).toEqual([
      'city           orders  revenue',
      '─────────────  ──────  ───────',
      'Llanfairpwll…      12   200.00',
      '東京都千代田…       3    50.00',
      String.raw`Ō\x1b[2J            1     0.00`,
    ]);
  });

  it('leaves out a column when names cannot be cut any more', () => {
    expect(fittedTable(COLUMNS, ROWS, 20, { fill: BARS })).toEqual([
      'city         revenue',
      '───────────  ───────',
      'Llanfairpw…   200.00',
      '東京都千代…    50.00',
      String.raw`Ō\x1b[2J        0.00`,
    ]);
  });

  it('never cuts a figure', () => {
    const rows = [{ city: 'Oslo', orders: '1', revenue: '12,345,678,901,234,567,890.12' }];
    expect(fittedTable(COLUMNS, rows, 20)[2]).toBe('Oslo  12,345,678,901,234,567,890.12');
  });

  it('is nothing without rows', () => {
    expect(fittedTable(COLUMNS, [], 80, { fill: BARS })).toEqual([]);
  });
});
