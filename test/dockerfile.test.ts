import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..');
const SOURCE = path.join(ROOT, 'src');

const stages = linesOf('Dockerfile')
  .join('\n')
  .split(/^(?=FROM )/m);
/** What a stage copies from this folder. */
const copiedBy = stages.map((stage) =>
  [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, words = '']) => words.split(' ')),
);

function linesOf(file: string): string[] {
  return readFileSync(path.join(ROOT, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** What the program reads of its own folder while it runs: `new URL('../../sql/query/report/', import.meta.url)`. */
function readByTheProgram(): string[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(SOURCE, file));
  const parts = files.flatMap((file) => {
    const references = readFileSync(file, 'utf8').matchAll(/new URL\(\s*['`]([./]+[^'`$]*)/g);
    return [...references].map(([, reference = '']) => {
      const [top = ''] = path
        .relative(ROOT, path.resolve(path.dirname(file), reference))
        .split(path.sep);
      return top;
    });
  });
  return [...new Set(parts)].filter((part) => part !== '').sort();
}

test('the image has every file that the program reads', () => {
  const read = readByTheProgram();
  expect(read).toEqual(expect.arrayContaining(['package.json', 'sql']));
  const copied = copiedBy.at(-1)?.map((part) => part.split('/')[0]);
  expect(copied).toEqual(expect.arrayContaining(read));
});

test('whoever the container runs as may read what comes from this folder', () => {
  const [, words = ''] = /\bchmod -R a\+rX (.*?) \\$/m.exec(stages.at(-1) ?? '') ?? [];
  expect(words.split(' ')).toEqual(copiedBy.at(-1));
});

test('what the container writes to its working folder is in its volume', () => {
  const last = stages.at(-1) ?? '';
  const folders = [...last.matchAll(/^WORKDIR (.+)$/gm)].map(([, folder]) => folder);
  expect(folders.at(-1)).toBe(/^VOLUME (.+)$/m.exec(last)?.[1]);
});

test('.dockerignore lets in what the Dockerfile copies, and nothing else', () => {
  const copied = new Set(copiedBy.flat());
  expect(linesOf('.dockerignore')).toEqual(expect.arrayContaining(['*']));
  const letIn = linesOf('.dockerignore').filter((line) => line !== '*');
  expect(letIn.sort()).toEqual([...copied].map((part) => `!${part}`).sort());
  expect([...copied].filter((part) => !existsSync(path.join(ROOT, part)))).toEqual([]);
});
