import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const MOST_LINES = 400;
const FEW_LINES = 25;
const IMPORT = /(?:\bfrom|\bimport\(|\bimport|\bURL\()\s*'(\.[^']+)'/g;

interface SourceFile {
  readonly name: string;
  readonly lines: number;
  /** The files that it imports. */
  readonly imports: readonly string[];
}

const files = execFileSync('git', ['ls-files', 'src'], { encoding: 'utf8' })
  .split('\n')
  .filter((name) => name.endsWith('.ts'))
  .map((name) => sourceFile(name, readFileSync(name, 'utf8')));

function sourceFile(name: string, text: string): SourceFile {
  const imports = [...text.matchAll(IMPORT)].map(([, found = '']) =>
    path.posix.join(path.posix.dirname(name), found),
  );
  return { name, lines: text.split('\n').length - 1, imports };
}

/** What to do about the sizes of some files. */
function problemsOf(checked: readonly SourceFile[]): string[] {
  return checked.flatMap(({ name, lines }) => {
    const importers = checked.filter(({ imports }) => imports.includes(name));
    const [only] = importers;
    if (lines > MOST_LINES) {
      return [
        `${name} has ${lines} lines, more than ${MOST_LINES}: move one of its concepts to a file of its own`,
      ];
    }
    return lines < FEW_LINES && importers.length === 1 && only !== undefined
      ? [`${name} has ${lines} lines and one importer: move them to ${only.name}`]
      : [];
  });
}

test('each file of src is as large as a concept', () => {
  expect(files.length).toBeGreaterThan(300);
  expect(problemsOf(files)).toEqual([]);
});

test('a file that is too large, or too small for its one importer, is named with what to do', () => {
  const line = '// a line\n';
  const large = sourceFile('src/large.ts', line.repeat(401));
  const full = sourceFile('src/a/full.ts', `import '../shared.ts';\n${line.repeat(399)}`);
  const small = sourceFile('src/a/small.ts', `import '../shared.ts';\n${line.repeat(23)}`);
  const long = sourceFile('src/a/long.ts', line.repeat(25));
  const shared = sourceFile('src/shared.ts', line);
  const user = sourceFile(
    'src/user.ts',
    `import { a,\n b } from './a/small.ts';\nconst c = await import('./a/long.ts');\n`,
  );
  expect(problemsOf([large, full, small, long, shared, user])).toEqual([
    'src/large.ts has 401 lines, more than 400: move one of its concepts to a file of its own',
    'src/a/small.ts has 24 lines and one importer: move them to src/user.ts',
  ]);
});
