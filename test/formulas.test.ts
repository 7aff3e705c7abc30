import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { escapeFormula, escapeFormulaSql } from '../src/formulas.ts';

const FORMULAS = [
  '=1+1',
  "=cmd|' /C calc'!A0",
  '+SUM(A1)',
  '-2+3',
  '@SUM(1)',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  '＝1+1',
  '＋1',
  '－1',
  '＠x',
  '-',
  '+49 30 1234',
  '-1.2.3',
  '-1\n=2',
];
const OTHERS = ['', 'Köln', 'a=b', ' =1', "'=1", '-12.50', '+7', '-1e5', '12', '0', 'x\n=1', '☃'];

describe('a text that a spreadsheet would take for a formula', () => {
  it('begins with an apostrophe, and no other does', () => {
    expect(FORMULAS.map(escapeFormula)).toEqual(FORMULAS.map((text) => `'${text}`));
    expect(OTHERS.map(escapeFormula)).toEqual(OTHERS);
  });

  it('is the same to DuckDB; null stays null', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const texts = [...FORMULAS, ...OTHERS];
    const list = texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(', ');
    const reader = await connection.runAndReadAll(
      `select ${escapeFormulaSql('text')} from (select unnest([${list}, null]) as text)`,
    );
    expect(reader.getRows().flat()).toEqual([...texts.map(escapeFormula), null]);
    connection.closeSync();
    instance.closeSync();
  });
});
