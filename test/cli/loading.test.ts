import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const BIN = path.join(import.meta.dirname, '../../bin/medallion.js');
/** Has Node print every module that it imports, to standard error. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    import { writeSync } from 'node:fs';
    export const load = (url, context, next) => {
      writeSync(2, url + '\\\\n');
      return next(url, context);
    };
  \`));
`)}`;
/** Loading DuckDB alone takes several times as long as Node takes to start. */
const HEAVY = [
  '@duckdb/node-api',
  '@faker-js/faker',
  'kafkajs',
  'ora',
  'prom-client',
  'string-width',
  'yaml',
];

/** The packages of HEAVY that a command line loads. */
async function heavy(...args: string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', HOOK, BIN, ...args], {
    cwd: tmpdir(),
    maxBuffer: 16 * 1024 * 1024,
  });
  const loaded = stderr.split('\n');
  expect(loaded.some((url) => url.endsWith('/dist/cli/main.js'))).toBe(true);
  return HEAVY.filter((name) => loaded.some((url) => url.includes(`/node_modules/${name}/`)));
}

it('loads nothing of them for a command that only looks at the warehouse', async () => {
  expect(await heavy('runs', '--help')).toEqual([]);
  expect(await heavy('status', '--help')).toEqual([]);
  expect(await heavy('sql', '--help')).toEqual([]);
});

it('loads models, and nothing of them, for a command that may promote', async () => {
  expect(await heavy('promote', '--help')).toEqual([]);
});

it('loads no Kafka client before there is a broker to talk to', async () => {
  expect(await heavy('generate', '--help')).toEqual([]);
  expect(await heavy('ingest', '--help')).toEqual([]);
});

it('loads nothing of them for the list of all commands', async () => {
  expect(await heavy('--help')).toEqual([]);
});
