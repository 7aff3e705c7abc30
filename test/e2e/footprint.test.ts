import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';

/** What a run leaves on the machine: everything below its home, and the files that the user named. */

let home: TestHome;
let folder: string;
const own = (...names: string[]): string => path.join(folder, ...names);

beforeAll(async () => {
  home = await createTestHome();
  folder = path.dirname(home.path);
  for (const name of ['user', 'tmp', 'work', 'named']) {
    await mkdir(own(name));
  }
});

afterAll(async () => {
  await home.remove();
});

async function medallion(...args: string[]): Promise<string> {
  const result = await runCli(args, {
    cwd: own('work'),
    env: {
      MEDALLION_HOME: home.path,
      HOME: own('user'),
      TMPDIR: own('tmp'),
      // Where DuckDB's extensions are, which were fetched into the user's cache by an earlier run.
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    },
  });
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
}

async function filesBelow(name: string): Promise<string[]> {
  const entries = await readdir(own(name), { recursive: true });
  return entries.sort();
}

test('nothing outside the home is written, but what the user names', async () => {
  await medallion('db', 'start');
  await medallion(
    'generate',
    '-n',
    '300',
    '--malformed',
    '0.05',
    '--manifest',
    own('named/answers'),
  );
  await medallion('ingest');
  await medallion('promote', '--chunk-rows', '100');
  await medallion('report', '--html', own('named/report.html'));
  await medallion('generate', '-n', '10', '--to', own('named/sales.ndjson'));
  for (const args of [
    ['status'],
    ['runs'],
    ['checks'],
    ['reconcile'],
    ['quarantine', 'list'],
    ['quarantine', 'export'],
    ['export', 'sales_performance', '--to', 'xlsx', '--out', own('named/sales.xlsx')],
    ['models', 'list'],
    ['sql', 'select 1'],
    ['prune', '--bronze', '--older-than', '90d', '--yes'],
    ['doctor'],
    ['db', 'stop'],
  ]) {
    await medallion(...args);
  }
  expect(await filesBelow('named')).toEqual([
    ...['answers', 'report.html', 'sales.ndjson', 'sales.xlsx'],
  ]);
  for (const name of ['user', 'tmp', 'work']) {
    expect(await filesBelow(name), name).toEqual([]);
  }
  expect((await readdir(folder)).sort()).toEqual(['home', 'named', 'tmp', 'user', 'work']);
}, 180_000);

test('the embedded server keeps its data and its log to its own user', async () => {
  const cluster = path.join(home.path, 'postgres', 'cluster');
  const mode = async (file: string): Promise<string> =>
    ((await stat(path.join(home.path, 'postgres', file))).mode & 0o777).toString(8);
  expect(await mode('cluster/data')).toBe('700');
  expect(await mode('cluster/password')).toBe('600');
  expect(await mode('server.log')).toBe('600');
  const rules = (await readFile(path.join(cluster, 'data/pg_hba.conf'), 'utf8'))
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/).at(-1));
  expect(new Set(rules)).toEqual(new Set(['scram-sha-256']));
});
