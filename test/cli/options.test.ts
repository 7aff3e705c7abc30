import { InvalidArgumentError } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  parseCount,
  parseDay,
  parseDuration,
  parseMemory,
  parseRate,
  parseSeed,
  parseShare,
} from '../../src/cli/options.ts';

interface Case {
  readonly parse: (value: string) => unknown;
  readonly taken: readonly (readonly [string, unknown])[];
  readonly refused: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  count: {
    parse: parseCount,
    taken: [
      ['1', 1],
      ['20000', 20_000],
      ['1_000_000', 1_000_000],
      ['1,000,000', 1_000_000],
    ],
    refused: [
      '',
      '0',
      '-1',
      '1.5',
      '1e3',
      '0x10',
      'ten',
      ' 1',
      '9007199254740993',
      '_',
      ',',
      '1,',
      '_1',
      '1__0',
    ],
  },
  seed: {
    parse: parseSeed,
    taken: [
      ['0', 0],
      ['42', 42],
    ],
    refused: ['', '-1', '1.0', 'x', '9007199254740993'],
  },
  share: {
    parse: parseShare,
    taken: [
      ['0', 0],
      ['1', 1],
      ['0.05', 0.05],
      ['.5', 0.5],
      ['5%', 0.05],
      ['100%', 1],
    ],
    refused: ['', '-0.1', '1.01', '101%', '%', '5 %%', 'NaN', '1e-2'],
  },
  rate: {
    parse: parseRate,
    taken: [
      ['500', 500],
      ['0.5', 0.5],
    ],
    refused: ['', '0', '-5', 'fast', 'Infinity', '0x10', '1e3'],
  },
  duration: {
    parse: parseDuration,
    taken: [
      ['500ms', 500],
      ['10s', 10_000],
      ['1.5m', 90_000],
      ['2h', 7_200_000],
      ['1d', 86_400_000],
      ['3', 3000],
    ],
    refused: ['', '-1s', '10x', 's', '1s2', '0', '0s'],
  },
  memory: {
    parse: parseMemory,
    taken: [
      ['400MB', '400MB'],
      ['1.5 GB', '1.5GB'],
      ['2GiB', '2GiB'],
    ],
    refused: ['', '400', '0MB', '-1GB', '4XB', "1GB'; drop table x"],
  },
};

describe.each(Object.entries(CASES))('%s', (_, { parse, taken, refused }) => {
  it.each(taken)('takes %j', (value, expected) => {
    expect(parse(value)).toBe(expected);
  });

  it.each(refused.map((value) => [value]))('refuses %j', (value) => {
    expect(() => parse(value)).toThrow(InvalidArgumentError);
  });
});

describe('day', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2024, 2, 31, 23, 59) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['2026-01-31', '2026-01-31'],
    ['1900-01-01', '1900-01-01'],
    ['today', '2024-03-31'],
    ['yesterday', '2024-03-30'],
    ['7d', '2024-03-24'],
    ['4w', '2024-03-03'],
    // There is no 31st of February: the last day of the month that is meant.
    ['1m', '2024-02-29'],
    ['13m', '2023-02-28'],
    ['1y', '2023-03-31'],
  ])('takes %s as %s', (value, expected) => {
    expect(parseDay(value)).toBe(expected);
  });

  it('takes a year before a leap day as the last of February', () => {
    vi.setSystemTime(Date.UTC(2024, 1, 29));
    expect(parseDay('1y')).toBe('2023-02-28');
  });

  it.each([
    '',
    '2026-02-30',
    '2026-1-1',
    '20260101',
    '2026-01-31T00:00:00Z',
    'tomorrow',
    '3x',
    '99999y',
    '-1d',
    '0000-01-01',
  ])('refuses %j', (value) => {
    expect(() => parseDay(value)).toThrow(InvalidArgumentError);
  });
});
