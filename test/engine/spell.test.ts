import { describe, expect, test } from 'vitest';
import { sparkRemote } from '../../src/config/spark.ts';
import { spelled } from '../../src/engine/spark/spell.ts';

describe('a select is spelled for Spark', () => {
  test.each([
    [
      'a table is a view of its name',
      'select a from silver.x where b',
      'select a from silver__x as x where b',
    ],
    [
      'its alias stays',
      'select * from gold.x as y, silver.z w',
      'select * from gold__x as y, silver__z w',
    ],
    [
      'a quoted name stands in backticks',
      'select t."offset" from silver.t',
      'select t.`offset` from silver__t as t',
    ],
    [
      'a literal keeps every character',
      String.raw`select 'it''s \d from silver.x', '"' from silver.x`,
      String.raw`select 'it\'s \\d from silver.x', '"' from silver__x as x`,
    ],
    ['comments go', 'select a -- from silver.x\nfrom silver.y', 'select a \nfrom silver__y as y'],
    [
      'types have other names, columns have not',
      "select cast(text as varchar), text, timestamptz '2026-01-01' from silver.x",
      "select cast(text as string), text, timestamp '2026-01-01' from silver__x as x",
    ],
    ['text is compared by its bytes', 'order by a collate "C", b', 'order by a , b'],
    [
      'what is none of it stays',
      'select a.b, 1.5e3, c::date from d',
      'select a.b, 1.5e3, c::date from d',
    ],
  ])('%s', (_, sql, expected) => {
    expect(spelled(sql)).toBe(expected);
  });

  test('a function that engines spell differently becomes its body, also within another one', () => {
    expect(spelled('select iso_weekday(a) from silver.x').replaceAll(/\s+/g, ' ')).toBe(
      'select ((dayofweek((a)) + 5) % 7 + 1) from silver__x as x',
    );
    const nested = spelled("month_name(coalesce(a, date '2026-01-01'))");
    expect(nested).toBe("(date_format((coalesce(a, date '2026-01-01')), 'MMMM'))");
    expect(spelled('select month_name from silver.dim_date')).toBe(
      'select month_name from silver__dim_date as dim_date',
    );
  });
});

describe('the address of a server of Spark Connect', () => {
  const TLS = { caFile: undefined };
  const read = (remote: string, token?: string, caFile?: string) =>
    sparkRemote({ remote, token, caFile, staging: undefined, stagingRemote: undefined });

  test.each([
    ['sc://localhost', { server: 'localhost:15002', tls: undefined, token: undefined }],
    ['sc://10.0.0.1:443/;use_ssl=true', { server: '10.0.0.1:443', tls: TLS }],
    ['sc://h:1/;token=a%3Db', { server: 'h:1', tls: TLS, token: 'a=b' }],
    ['sc://127.0.0.1:1/;token=a;use_ssl=false', { tls: undefined, token: 'a' }],
    ['sc://[::1]:1/;user_id=ana;x-cluster=c1', { userId: 'ana', headers: { 'x-cluster': 'c1' } }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  test('a file of certificates turns TLS on, unless the address says otherwise', () => {
    expect(read('sc://h:1', undefined, '/ca.pem')).toMatchObject({ tls: { caFile: '/ca.pem' } });
    expect(read('sc://h:1/;use_ssl=false', undefined, '/ca.pem')).toMatchObject({ tls: undefined });
  });

  test('a token that is given apart goes through TLS, or to this machine', () => {
    expect(read('sc://localhost:1', 'secret')).toMatchObject({ tls: undefined, token: 'secret' });
    expect(read('sc://h:1', 'secret')).toMatchObject({ tls: TLS, token: 'secret' });
    expect(() => read('sc://h:1/;use_ssl=false', 'secret')).toThrow(
      'the connection to h:1 is not encrypted',
    );
  });

  test.each(['local[*]', 'http://h:1', 'sc://', 'sc://h:1/token=secret', 'sc://user:secret@h:1'])(
    '%s is none, and is not repeated, for it may hold a token',
    (text) => {
      expect(() => read(text)).toThrow(
        /^spark\.remote is not the address of a Spark Connect server$/,
      );
    },
  );
});
