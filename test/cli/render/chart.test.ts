import { describe, expect, it } from 'vitest';
import { bar, columnChart, sparkline } from '../../../src/cli/render/chart.ts';

describe('sparkline', () => {
  it.each([
    [[8, 4, 1, 0.01], 10, '█▄▁▁'],
    // Nothing, nothing known, and less than nothing.
    [[8, 0, null, -3, 8], 10, '█   █'],
    // Two share a character by their mean: 2 and 6 of 8; a lone last one; one of which the other is unknown.
    [[2, 2, 4, 8, 8, 8], 3, '▂▆█'],
    [[4, null, 4, 4, 8], 3, '▄▄█'],
    [[], 8, ''],
    [[0, 0], 8, '  '],
  ])('draws %j in %i characters', (values, length, expected) => {
    expect(sparkline(values, length)).toBe(expected);
  });
});

describe('bar', () => {
  it.each([
    [8, 8, '████'],
    [4, 8, '██'],
    [1, 8, '▌'],
    // Three eighths of eight are 12 eighths of a character of four: one and a half.
    [3, 8, '█▌'],
    [0.0001, 8, '▏'],
    [0, 8, ''],
    [-3, 8, ''],
    [3, 0, ''],
    [Number.NaN, 8, ''],
    [9, 8, '████'],
  ])('of %d where the longest is %d', (value, max, expected) => {
    expect(bar(value, max, 4)).toBe(expected);
  });
});

const days = (values: readonly number[]): { value: number; label: string }[] =>
  values.map((value, index) => ({ value, label: `01-${String(index + 1).padStart(2, '0')}` }));

describe('columnChart', () => {
  it('draws columns to scale above an axis of days', () => {
    const { lines, each } = columnChart(days([0, 50, 100, 25, 200, 1]), 20, 4);
    expect(each).toBe(1);
    // Four lines of 50: 25 is half a line, and 1 still leaves a trace.
    expect(lines).toEqual([
      '   200 ┤        █',
      '       │        █',
      '   100 ┤    █   █',
      '       │  █ █ ▄ █ ▁',
      '     0 ┼────────────',
      '        01-01',
    ]);
  });

  it('labels as many days as stand clear of each other', () => {
    const { lines } = columnChart(days([1, 1, 1, 1, 1, 1, 1]), 36, 2);
    // Seven columns of four: a label of five and a gap of two take two columns, and the last one would stick out.
    expect(lines.at(-1)).toBe('        01-01   01-03   01-05');
  });

  it('sums neighbours where there are more days than columns', () => {
    const { lines, each } = columnChart(days([1, 1, 1, 1, 1, 1, 1]), 12, 2);
    expect(each).toBe(2);
    // Four columns fit: 2, 2, 2 and 1.
    expect(lines).toEqual(['     2 ┤███', '     1 ┤████', '     0 ┼────', '']);
  });

  it('draws what was lost below the axis', () => {
    const { lines } = columnChart(days([100, -100, -50]), 30, 4);
    expect(lines.slice(0, 5)).toEqual([
      '   100 ┤██████',
      '       │██████',
      '     0 ┼─────────────────────',
      '       │       ██████ ██████',
      '  -100 ┤       ██████',
    ]);
  });

  it('draws an empty plot where nothing was sold', () => {
    expect(columnChart(days([0, 0]), 30, 2).lines).toEqual([
      '     1 ┤',
      '   0.5 ┤',
      '     0 ┼────────────────',
      '        01-01   01-02',
    ]);
  });

  it.each([
    [135_342.04, '150k', '75k'],
    [1, '1', '0.5'],
    [101, '120', '60'],
    [9_999_999, '10M', '5M'],
    [1e15, '1P', '500T'],
  ])('scales to %d with %s above %s', (value, top, middle) => {
    const { lines } = columnChart(days([value]), 30, 8);
    expect([lines[0], lines[4]].map((line) => line?.trim().split(' ')[0])).toEqual([top, middle]);
  });

  it('is never wider than asked', () => {
    for (let width = 60; width <= 200; width += 7) {
      for (const count of [1, 7, 31, 90, 400]) {
        const { lines } = columnChart(
          days(Array.from({ length: count }, (_, i) => i * 1e9)),
          width,
          8,
        );
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      }
    }
  });
});
