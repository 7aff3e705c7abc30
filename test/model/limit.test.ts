import { expect, test } from 'vitest';
import { exceeds, outcomeOf } from '../../src/model/limit.ts';
import { readHeader } from '../../src/model/header.ts';

test.each([
  [0, 10, '0', false],
  [1, 10, '0', true],
  [5, 10, '5', false],
  [6, 10, '5', true],
  // 0.1 % of 3,000 is 3 to the row; of 2,999 it is 2.999.
  [3, 3000, '0.1%', false],
  [3, 2999, '0.1%', true],
  [4, 3000, '0.1%', true],
  [1, 1_000_000, '0%', true],
  [10, 10, '100%', false],
  [1, 100_000_000, '0.000001%', false],
  [2, 100_000_000, '0.000001%', true],
  [0, 0, '0%', false],
])('%d of %d rows against %s', (failing, checked, limit, expected) => {
  expect(exceeds(failing, checked, limit)).toBe(expected);
});

const check = { name: 'x', that: 'true' };

test.each([
  ['warn', {}, ['pass', 'warn', 'warn', 'warn']],
  ['error', {}, ['pass', 'error', 'error', 'error']],
  ['warn', { warn_above: '2' }, ['pass', 'pass', 'pass', 'warn']],
  ['error', { error_above: '2' }, ['pass', 'warn', 'warn', 'error']],
  ['error', { warn_above: '1', error_above: '20%' }, ['pass', 'pass', 'warn', 'error']],
] as const)('severity %s with %o', (severity, limits, expected) => {
  const outcomes = [0, 1, 2, 3].map((failing) =>
    outcomeOf(
      { ...check, severity, warn_above: undefined, error_above: undefined, ...limits },
      failing,
      10,
    ),
  );
  expect(outcomes).toEqual(expected);
});

test.each([
  [
    'a limit of an error on a warning',
    { severity: 'warn', error_above: 5 },
    /works only with severity error/,
  ],
  ['a warning below an error at 0', { severity: 'error', warn_above: 5 }, /needs error_above/],
  ['limits the wrong way round', { severity: 'error', warn_above: 5, error_above: 4 }, /5 is more/],
  ['a share without its sign', { severity: 'warn', warn_above: 0.1 }, /./],
  ['a share above all', { severity: 'warn', warn_above: '101%' }, /is not a number of rows/],
  ['a number below 0', { severity: 'warn', warn_above: -1 }, /is not a number of rows/],
])('a header with %s is refused', (_, limits, words) => {
  const header = {
    ...{ description: 'x', grain: 'one row per x', key: ['x'], load: 'replace_all' },
    ...{ columns: { x: { type: 'text', description: 'x' } } },
  };
  const read = readHeader({ ...header, checks: [{ ...check, ...limits }] });
  expect('problems' in read && read.problems.join()).toMatch(words);
});

test('two checks of a model cannot have one name', () => {
  const twice = [
    { ...check, severity: 'warn' },
    { ...check, severity: 'error' },
  ];
  const read = readHeader({
    ...{ description: 'x', grain: 'one row per x', key: ['x'], load: 'replace_all' },
    ...{ columns: { x: { type: 'text', description: 'x' } }, checks: twice },
  });
  expect(read).toEqual({ problems: ['checks: two checks are called "x"'] });
});
