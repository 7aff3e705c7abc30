import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from './support/postgres.ts';
import { rowsOf } from './support/promotion.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../', import.meta.url));

let folder = '';
let tarball = '';
let database: TestDatabase;

/** Links a package of this checkout into the folder of a program that uses it. */
function link(name: string): void {
  const place = path.join(folder, 'node_modules', name);
  mkdirSync(path.dirname(place), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules', name), place);
}

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-library-'));
  // The package as npm would install it, with what it declares to need and nothing else.
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    {
      cwd: ROOT,
    },
  );
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  const installed = path.join(folder, 'node_modules', 'medallion');
  mkdirSync(installed, { recursive: true });
  tarball = packed?.filename ?? '';
  await run('tar', [
    '-xzf',
    path.join(folder, tarball),
    '-C',
    installed,
    '--strip-components',
    '1',
  ]);
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    link(name);
  }
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** The first block of docs/library.md in a language. */
function block(language: string): string {
  const docs = readFileSync(path.join(ROOT, 'docs', 'library.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(docs)?.[1] ?? '';
}

test('the example of docs/library.md compiles against the package and prints what it says', async () => {
  writeFileSync(path.join(folder, 'example.ts'), block('ts'));
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = spawnSync(process.execPath, [compiler, ...options, 'example.ts'], {
    ...{ cwd: folder, encoding: 'utf8' },
  });
  expect(compiled.stdout).toBe('');
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: database.url };
  const { stdout, stderr } = await run(process.execPath, ['example.js'], { cwd: folder, env });
  expect({ stdout, stderr }).toEqual({ stdout: block('text'), stderr: '' });
  const runs = `select command, outcome, counts ->> 'events' as events from medallion.runs order by started_at`;
  expect(await rowsOf(database.settings, runs)).toEqual([
    { command: 'generate', outcome: 'done', events: '1000' },
    { command: 'ingest', outcome: 'done', events: '1000' },
    { command: 'promote', outcome: 'done', events: expect.anything() },
  ]);
});

test('the installed command runs from any folder, with a home that holds nothing', async () => {
  const warehouse = await createTestDatabase();
  const elsewhere = path.join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const env = { PATH: process.env['PATH'], HOME: elsewhere, DATABASE_URL: warehouse.url };
  const medallion = async (...args: string[]): Promise<string> => {
    const bin = path.join(folder, 'node_modules', 'medallion', 'bin', 'medallion.js');
    const { stdout } = await run(process.execPath, [bin, ...args], { cwd: elsewhere, env });
    return stdout;
  };
  const [version, completion, models, dictionary] = await Promise.all([
    medallion('--version'),
    medallion('completion', 'bash'),
    medallion('models', 'list'),
    medallion('docs', '--format', 'html'),
  ]);
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(completion).toContain('complete ');
  expect(models).toContain('gold.sales_performance');
  expect(dictionary).toContain('gold.sales_performance');
  await medallion('generate', '-n', '50', '--seed', '1');
  await medallion('ingest');
  await medallion('promote');
  const query = 'select sum(total_orders) as orders from gold.sales_performance';
  const [orders] = await Promise.all([
    medallion('sql', query, '--output', 'csv'),
    medallion('report', '--html', 'sales.html'),
  ]);
  expect(orders).toBe('orders\n50\n');
  expect(readFileSync(path.join(elsewhere, 'sales.html'), 'utf8')).toContain('<svg');
  await warehouse.drop();
});

test('holds what runs, what the README names and the tests of models and sources, no others', async () => {
  const { stdout } = await run('tar', ['-tzf', path.join(folder, tarball)]);
  const tops = new Set(stdout.match(/^package\/[^/\n]+/gm)?.map((line) => line.slice(8)));
  expect([...tops].sort()).toEqual([
    ...['.env.example', 'LICENSE', 'README.md', 'assets', 'bin', 'dist', 'docker-compose.yaml'],
    ...['docs', 'examples', 'fixtures', 'grafana', 'package.json', 'sources', 'sql', 'test'],
  ]);
  const tests = stdout.match(/^package\/test\/.*$/gm) ?? [];
  expect(tests.length).toBeGreaterThan(20);
  expect(
    tests.filter(
      (name) => !/^package\/test\/(?:models\/(?:silver|gold)|sources)\/\w+\.yaml$/.test(name),
    ),
  ).toEqual([]);
  expect(stdout.match(/^package\/fixtures\/.*$/gm)).toEqual([
    'package/fixtures/producer-2k.ndjson.gz',
  ]);
});

test('exports what the documentation names, and nothing else', async () => {
  const script = "console.log(Object.keys(await import('medallion')).sort().join(' '))";
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
  });
  expect(stdout.trim().split(' ')).toEqual([
    'MedallionError',
    ...['generate', 'ingest', 'loadConfig', 'promote', 'report', 'withWarehouse'],
  ]);
});
