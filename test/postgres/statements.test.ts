import { describe, expect, it } from 'vitest';
import { splitStatements } from '../../src/postgres/statements.ts';

const texts = (source: string): string[] => splitStatements(source).map(({ text }) => text);

describe('splitStatements', () => {
  it('cuts at semicolons and leaves out what is only space and comments', () => {
    const source = ' select 1 ;; -- nothing\n /* a ; /* nested ; */ ; */ ; select 2 -- end; \n';
    expect(texts(source)).toEqual(['select 1', 'select 2']);
  });

  it.each([
    ['a string with quotes', "select 'it''s; fine'"],
    ['a backslash before the quote of a plain string', String.raw`select '\'`],
    ['an escape string', String.raw`select e'a\'; b'`],
    ['a quoted name', 'select 1 as "a;""b"'],
    ['dollar quotes', 'select $$ ; $$, $tag$ $$ ; $tag$'],
    ['a parameter-like name', 'select a$b$c from t where x = $1'],
    ['parentheses', 'create rule r as on insert to t do (select 1; select 2)'],
    [
      'a routine body',
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
    ],
    ['a name that ends in e', "select name'x;y'"],
  ])('keeps %s whole', (_, statement) => {
    expect(texts(`${statement}; select 9`)).toEqual([statement, 'select 9']);
  });

  it('runs an unterminated string to the end', () => {
    expect(texts("select 1; select 'a; b")).toEqual(['select 1', "select 'a; b"]);
  });

  it('says where a statement begins and what its first word is', () => {
    expect(splitStatements('/* x */ SELECT 1; (values (1)); "q"')).toEqual([
      { text: 'SELECT 1', start: 8, keyword: 'select' },
      { text: '(values (1))', start: 18, keyword: 'values' },
      { text: '"q"', start: 32, keyword: '' },
    ]);
  });

  it('takes a megabyte of text in one go', () => {
    const literal = `'${"x;''".repeat(250_000)}'`;
    expect(texts(`select ${literal}; select 1`)).toEqual([`select ${literal}`, 'select 1']);
  });
});
