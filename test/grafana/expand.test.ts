import { describe, expect, it } from 'vitest';
import { expand, type Chosen } from './expand.ts';

const ask = (sql: string, variables: Record<string, Chosen> = {}): string =>
  expand(sql, {
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-31T23:59:59.500Z',
    interval: '5m',
    variables,
  });

/** By Grafana's documentation of its PostgreSQL data source, and of variables. */
describe("Grafana's SQL, expanded", () => {
  it.each([
    [
      'where $__timeFilter(at)',
      "where at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-31T23:59:59.5Z'",
    ],
    [
      '$__timeFrom()::date, $__timeTo()::date',
      "'2026-01-01T00:00:00Z'::date, '2026-01-31T23:59:59.5Z'::date",
    ],
    [`group by $__timeGroup(at, '1h')`, 'group by floor(extract(epoch from at)/3600)*3600'],
    ['select $__timeGroup(at,5m), n', 'select floor(extract(epoch from at)/300)*300 AS "time", n'],
    [
      'select $__timeGroupAlias(at, $__interval)',
      'select floor(extract(epoch from at)/300)*300 AS "time"',
    ],
  ])('%s', (sql, expanded) => {
    expect(ask(sql)).toBe(expanded);
  });

  it.each<[string, Chosen, string]>([
    ['all of a list', { all: "''" }, "c in ('')"],
    ['one value', ['DE'], "c in ('DE')"],
    ['values with quotes', ["d'or", '6" pipe'], `c in ('d''or','6" pipe')`],
  ])('%s', (_what, chosen, expanded) => {
    expect(ask('c in (${country})', { country: chosen })).toBe(expanded);
  });

  it('leaves the quotes around a text to the query', () => {
    expect(ask("id = '${id}'", { id: "o'Hara" })).toBe("id = 'o''Hara'");
  });

  it.each(['$__unknown(at)', '${missing}', '${country:sqlstring}', "$__timeGroup(at, 'soon')"])(
    'does not pass %s over',
    (sql) => {
      expect(() => ask(sql, { country: ['DE'] })).toThrow();
    },
  );
});
