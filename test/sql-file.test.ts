import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** What a statement, or a part of one, begins with. */
const SQL =
  /^\s*\(?\s*(?:select|with|insert into|update|delete from|create|alter|drop|truncate|from|union|exists|not exists|values|case)\b/;
const MOST_LINES = 2;

interface Literal {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** The text before the first value of a template. */
  readonly head: string | undefined;
}

const literals: Literal[] = filesBelow('src', '.ts').flatMap((file) => {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Literal[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const isTemplate = ts.isTemplateExpression(node);
      found.push({
        file,
        line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
        text: isTemplate ? node.getText().slice(1, -1) : node.text,
        head: isTemplate ? node.head.text : undefined,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
});

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

test('SQL of more than two lines lies in sql/, not in a literal', () => {
  const long = literals.filter(
    ({ text }) => SQL.test(text) && text.trim().split('\n').length > MOST_LINES,
  );
  expect(literals.length).toBeGreaterThan(5000);
  expect(long.map(({ file, line }) => `${file}:${String(line)}`)).toEqual([]);
});

test('each file of sql/ that is no model and no migration is read by its name', () => {
  const names = new Set(literals.map(({ text }) => text));
  const folders = literals.flatMap(({ head }) => (head?.endsWith('/') === true ? [head] : []));
  const files = filesBelow('sql', '.sql')
    .map((file) => path.relative('sql', file).replace(/\.sql$/, ''))
    .filter((name) => !/^(?:migrations|silver|gold)\//.test(name));
  // By its whole name, or by what is put behind a folder: "days" behind "report/".
  const isRead = (name: string): boolean =>
    [...name.matchAll(/^|\//g)].some(({ index }) => {
      const start = index === 0 ? 0 : index + 1;
      const [folder, rest] = [name.slice(0, start), name.slice(start)];
      return names.has(rest) && (start === 0 || folders.some((head) => folder.endsWith(head)));
    });
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((name) => !isRead(name))).toEqual([]);
});
