import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Headings as GitHub names them in links. */
function anchors(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('every link of %s leads to a file and a heading that are there', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)];
  const broken = links
    .map(([, link = '']) => link)
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      return (
        !existsSync(target) ||
        (anchor !== undefined && target.endsWith('.md') && !anchors(target).includes(anchor))
      );
    });
  expect(broken).toEqual([]);
});

test('every function that architecture.md names is exported by the file that it links', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const named = [...text.matchAll(/\[`(\w+)`\]\(\.\.\/(src\/[^)]+\.ts)\)/g)];
  expect(named.length).toBeGreaterThan(8);
  for (const [, name = '', file = ''] of named) {
    expect(readFileSync(file, 'utf8'), `${name} of ${file}`).toMatch(
      new RegExp(`^export (?:async )?(?:function\\*?|class|const) ${name}\\b`, 'm'),
    );
  }
});
