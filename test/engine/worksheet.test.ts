import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRowCount, worksheetOf } from '../../src/engine/duckdb/worksheet.ts';

/** The edges of what a worksheet of xlsx holds. */

let folder: string;
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-sheet-'));
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
});

afterAll(async () => {
  connection.closeSync();
  instance.closeSync();
  await rm(folder, { recursive: true, force: true });
});

/** The columns that are text in the worksheet of these values, one row of each. */
async function asText(values: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const file = path.join(folder, 'rows.parquet');
  const columns = Object.entries(values).map(([name, value]) => `${value} as ${name}`);
  await connection.run(`copy (select ${columns.join(', ')}) to '${file}' (format parquet)`);
  return (await worksheetOf(connection, { id: 'gold.edges', file, partitionBy: undefined })).asText;
}

test('a number stays a number up to 15 digits, those at its ends that are 0 aside', async () => {
  expect(
    await asText({
      fits: '9999999999999.99::decimal(38,2)',
      negative: '-0.999999999999999::decimal(16,15)',
      whole: '999999999999999::bigint',
      round: '9000000000000000000::bigint',
      rounded: '123456789012345.0000::decimal(38,4)',
      nothing: 'null::decimal(38,2)',
      small: '32767::smallint',
    }),
  ).toEqual([]);
  expect(
    await asText({
      cents: '10000000000000.01::decimal(38,2)',
      negative: '-10000000000000.01::decimal(38,2)',
      whole: '1000000000000001::bigint',
      most: '9223372036854775807::bigint',
    }),
  ).toEqual(['cents', 'negative', 'whole', 'most']);
});

test('a date and a time stay what they are from 1900-03-01 to the end of 9999, to the millisecond', async () => {
  expect(
    await asText({
      first: "date '1900-03-01'",
      last: "date '9999-12-31'",
      moment: "timestamptz '1900-03-01 00:00:00+00'",
      milliseconds: "timestamptz '9999-12-31 23:59:59.998+00'",
    }),
  ).toEqual([]);
  expect(
    await asText({
      early: "date '1900-02-28'",
      late: "date '10000-01-01'",
      moment: "timestamptz '1900-02-28 23:59:59+00'",
      micro: "timestamptz '2026-01-01 00:00:00.000001+00'",
      never: "timestamptz 'infinity'",
    }),
  ).toEqual(['early', 'late', 'moment', 'micro', 'never']);
});

test('a text has at most 32,767 characters, as UTF-16 counts them', async () => {
  expect(await asText({ letters: "repeat('é', 32767)", pairs: "repeat('🎉', 16383)" })).toEqual([]);
  for (const value of ["repeat('é', 32768)", "repeat('🎉', 16384)"]) {
    await expect(asText({ fine: "''", long: value })).rejects.toMatchObject({
      code: 'usage',
      message: 'gold.edges: a text in long is longer than a cell of xlsx can be: 32,767 characters',
    });
  }
});

test('a worksheet has 1,048,576 rows, one of them the names', () => {
  expect(() => {
    checkRowCount('gold.edges', 1_048_575n, undefined);
  }).not.toThrow();
  expect(() => {
    checkRowCount('gold.edges', 1_048_576n, 'date_key');
  }).toThrow('gold.edges has 1,048,576 rows on a day, but a worksheet of xlsx holds 1,048,575');
});
