import { describe, expect, it } from 'vitest';
import { periodBefore, resolvePeriod } from '../../../src/query/report/period.ts';

const SALES = { first: '2025-06-01', last: '2026-01-31', latest: '2026-01-31' };

describe('resolvePeriod', () => {
  it.each([
    [{}, '2026-01-01', '2026-01-31', 31],
    [{ until: '2025-12-31' }, '2025-12-01', '2025-12-31', 31],
    [{ since: '2026-01-15' }, '2026-01-15', '2026-01-31', 17],
    [{ since: '2026-01-31' }, '2026-01-31', '2026-01-31', 1],
    [{ since: '2024-02-01', until: '2024-03-01' }, '2024-02-01', '2024-03-01', 30],
    // After the last sale: a day without sales.
    [{ since: '2026-02-05' }, '2026-02-05', '2026-02-05', 1],
    [{ until: '0001-01-05' }, '0001-01-01', '0001-01-05', 5],
  ])('%j is %s to %s', (asked, since, until, days) => {
    expect(resolvePeriod(asked, SALES)).toEqual({
      since,
      until,
      days,
      firstDay: '2025-06-01',
      lastDay: '2026-01-31',
    });
  });

  it('looks past a day that a wrong clock made up, unless asked for it', () => {
    const sales = { ...SALES, last: '9999-12-31' };
    expect(resolvePeriod({}, sales)).toMatchObject({
      since: '2026-01-01',
      until: '2026-01-31',
      lastDay: '9999-12-31',
    });
    expect(resolvePeriod({ since: '9999-12-30' }, sales)).toMatchObject({ until: '9999-12-31' });
  });

  it('refuses a period that ends before it begins', () => {
    expect(() => resolvePeriod({ since: '2026-01-02', until: '2026-01-01' }, SALES)).toThrow(
      'the period begins on 2026-01-02, but ends on 2026-01-01',
    );
  });
});

it('measures against as many days before', () => {
  expect(periodBefore(resolvePeriod({ since: '2024-03-01', until: '2024-03-02' }, SALES))).toEqual({
    since: '2024-02-28',
    until: '2024-02-29',
  });
});
