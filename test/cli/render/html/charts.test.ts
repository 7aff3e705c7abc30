import { describe, expect, test } from 'vitest';
import {
  amountBars,
  columnsOverTime,
  lineOverTime,
  type TimePoint,
} from '../../../../src/cli/render/html/charts.ts';
import type { Markup } from '../../../../src/cli/render/html/markup.ts';

const point = (value: number | null, index: number): TimePoint => ({
  value,
  label: `03-0${String(index + 1)}`,
  title: `day ${String(index + 1)}`,
});
const points = (...values: (number | null)[]): TimePoint[] => values.map(point);

/** The drawing for a wide place. */
const wide = ({ text }: Markup): string => /<svg[^]*?<\/svg>/.exec(text)?.[0] ?? '';
/** Texts in it, of an axis or beside a bar. */
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);

describe('a scale', () => {
  test('is in round steps, holds zero, and goes below it for a loss', () => {
    expect(texts(wide(columnsOverTime('x', points(920, 310)))).slice(0, 6)).toEqual([
      ...['0', '200', '400', '600', '800', '1k'],
    ]);
    expect(texts(wide(columnsOverTime('x', points(100, -50)))).slice(0, 8)).toEqual([
      ...['-60', '-30', '0', '30', '60', '90', '120', '03-01'],
    ]);
    expect(texts(wide(columnsOverTime('x', points(0)))).slice(0, 3)).toEqual(['0', '0.3', '0.6']);
  });

  test('has as many labels below as stand clear of one another', () => {
    const month = Array.from({ length: 31 }, (_, index) => index);
    const days = month.map((index) => ({ ...point(1, index), label: '2026-03-01' }));
    const shown = texts(wide(columnsOverTime('x', days))).filter((text) => text.length === 10);
    // 1,040 pixels less the scale and half a label, by labels of 83 pixels with a gap between them.
    expect(shown.length).toBeGreaterThanOrEqual(7);
    expect(shown.length).toBeLessThanOrEqual(11);
  });
});

test('a column hangs below zero for a loss, in its colour, and rises above it for a gain', () => {
  const svg = wide(columnsOverTime('x', points(100, -50)));
  const ends = [...svg.matchAll(/<path d="M \S+ (\S+) V (\S+) [^>]*fill="var\(--(\w+)\)"/g)].map(
    ([, zero, end, color]) => [Number(end) < Number(zero) ? 'up' : 'down', color],
  );
  expect(ends).toEqual([
    ['up', 'accent'],
    ['down', 'loss'],
  ]);
});

test('a line has a gap where there is no value', () => {
  const svg = wide(lineOverTime('x', points(1, 2, null, 3, 4)));
  const courses = [...svg.matchAll(/d="(M [^"]*)" fill="none"/g)].map(([, course = '']) => course);
  expect(courses.map((course) => course.match(/[\d.]+/g)?.length)).toEqual([4, 4]);
  expect(svg.match(/<title>/g)).toHaveLength(4);
});

test('a name is cut where the figure beside it begins, sooner when its letters are broad', () => {
  const cut = (name: string): string => {
    const svg = wide(amountBars('x', [{ name, value: 1, text: '1,234,567.00' }]));
    return texts(svg)[0] ?? '';
  };
  expect(cut('short')).toBe('short');
  const narrow = cut('i'.repeat(100));
  const broad = cut('W'.repeat(100));
  // 500 pixels less 12 digits of 8.3 and a gap are 392, in which 29 letters of 13 pixels and an ellipsis stand.
  expect(broad).toBe(`${'W'.repeat(29)}…`);
  expect(narrow).toBe(`${'i'.repeat(46)}…`);
});
