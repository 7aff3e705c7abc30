import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, type CliResult } from '../support/cli.ts';

let project: string;

beforeEach(async () => {
  project = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-tests-')));
  await writeFile(path.join(project, 'medallion.yaml'), '');
});

afterEach(async () => {
  await rm(project, { recursive: true });
});

/** Runs the tests of sales_performance and of segment, with a file of the project beside those of the package. */
async function tested(file: string, text: string, ...more: string[]): Promise<CliResult> {
  await mkdir(path.join(project, path.dirname(file)), { recursive: true });
  await writeFile(path.join(project, file), text);
  return runCommand(['test', 'sales_performance', 'segment', ...more], { cwd: project });
}

const HINT =
  'A test file must be a list of cases: docs/projects.md and docs/sources.md have an example.';

test.each([
  ['tests/gold/sales_performance.yaml', '', 'the file has no cases'],
  ['tests/gold/sales_performance.yaml', '[]', 'the file has no cases'],
  ['tests/sources/segment.yaml', '# none yet\n', 'the file has no cases'],
  ['tests/sources/segment.yaml', '[]', 'the file has no cases'],
  ['tests/gold/sales_performance.yaml', 'cases: []', 'expected array'],
  ['tests/bronze/segment.yaml', '[]', 'a test must be in tests/silver, tests/gold, tests/sources'],
])('a test file without cases is its fault: %s with "%s"', async (file, text, problem) => {
  const { code, stdout, stderr } = await tested(file, text);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining(`1 test file cannot be run: ${file}: `) as string,
  });
  expect(stderr).toContain(problem);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(HINT);
  expect(stdout).toContain(`(${file})\n  `);
});

test('what fails beside it is shown, too, and data have the file without a case', async () => {
  const failing = '- { name: an empty day, given: {}, expect: [{ date_key: 2026-01-01 }] }\n';
  await tested('tests/gold/sales_performance.yaml', failing);
  const { code, stdout } = await tested('tests/sources/segment.yaml', '[]', '--output', 'json');
  const rows = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[];
  expect(code).toBe(2);
  expect(rows.filter(({ passed }) => passed === false)).toMatchObject([
    { test: 'gold.sales_performance', case: 'an empty day', problem: null },
    { test: 'sources.segment', case: null, problem: 'the file has no cases' },
  ]);
});
