import { afterEach, describe, expect, it, vi } from 'vitest';
import { historicalTimeline, resolvePeriod } from '../../src/generate/timeline.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('resolvePeriod', () => {
  it('is the 31 days up to yesterday when nothing is said, all day long', () => {
    vi.useFakeTimers();
    for (const now of ['2026-03-01T00:00:00Z', '2026-03-01T23:59:59Z']) {
      vi.setSystemTime(new Date(now));
      expect(resolvePeriod(undefined, undefined)).toEqual({
        since: '2026-01-29',
        until: '2026-02-28',
      });
    }
  });

  it('fills in the end that is left out', () => {
    vi.useFakeTimers();
    vi.setSystemTime(new Date('2026-03-01T12:00:00Z'));
    expect(resolvePeriod('2026-02-20', undefined)).toEqual({
      since: '2026-02-20',
      until: '2026-02-28',
    });
    expect(resolvePeriod('2026-03-01', undefined)).toEqual({
      since: '2026-03-01',
      until: '2026-03-01',
    });
    expect(resolvePeriod(undefined, '2024-03-31')).toEqual({
      since: '2024-03-01',
      until: '2024-03-31',
    });
  });

  it('refuses a period that ends before it begins, and one before events may begin', () => {
    expect(() => resolvePeriod('2026-01-02', '2026-01-01')).toThrow(/ends \(2026-01-01\) before/);
    expect(() => resolvePeriod('1899-12-31', '1900-01-01')).toThrow(/1900/);
  });
});

describe('historicalTimeline', () => {
  function timesOf(since: string, until: string, count: number): Date[] {
    const timeline = historicalTimeline({ since, until }, count, 1);
    return Array.from({ length: count }, (_, event) => new Date(timeline.at(event) * 1000));
  }

  it('reaches from the first day to the last, also before 1970', () => {
    const times = timesOf('1900-01-01', '1900-12-31', 2000);
    expect(times[0]?.toISOString().slice(0, 10)).toBe('1900-01-01');
    expect(times.at(-1)?.toISOString().slice(0, 10)).toBe('1900-12-31');
  });

  it('has more on a Saturday than on a Tuesday, and more in the evening than before dawn', () => {
    const times = timesOf('2026-01-05', '2026-03-01', 50_000);
    const on = (day: number): number => times.filter((time) => time.getUTCDay() === day).length;
    const at = (hour: number): number => times.filter((t) => t.getUTCHours() === hour).length;
    expect(on(6)).toBeGreaterThan(1.2 * on(2));
    expect(at(20)).toBeGreaterThan(5 * at(3));
    expect(at(3)).toBeGreaterThan(0);
  });
});
