import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { rowsOf } from '../support/ingest.ts';
import { kafkaBrokers, uniqueTopic } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// Each test is a row of processes.
vi.setConfig({ testTimeout: 180_000 });

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-runs-'));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]): Promise<CliResult> =>
  runCommand(args, { cwd: folder, env: { DATABASE_URL: database.url } });

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr: code === 0 ? '' : stderr }, args.join(' ')).toEqual({
    code: 0,
    stderr: '',
  });
  return stdout;
}

const csv = async (...args: string[]): Promise<string[]> =>
  (await succeed(...args, '--output', 'csv')).trimEnd().split('\n');

/** Rows of the list with these members only. */
async function listed(names: readonly string[], ...args: string[]): Promise<unknown[]> {
  const rows = JSON.parse(await succeed('runs', ...args, '--output', 'json')) as Record<
    string,
    unknown
  >[];
  return rows.map((row) => names.map((name) => row[name]));
}

const at = (id: string, day: string, total = 11.2): string =>
  purchase({ id, at: `${day}T12:00:00`, order: { total_amount: total } });

describe('a history with late events and corrections', () => {
  /** Made once; each test has a copy of it. */
  let history: TestDatabase;
  /** The books have the path of the file. */
  let place: string;
  const early = [at('a', '2026-01-01'), at('b', '2026-01-02'), '{"broken": '];
  const late = [
    // Onto another day: it changes both.
    purchase({ id: 'a', at: '2026-01-03T12:00:00', order: { total_amount: 22.4 } }),
    at('c', '2026-01-02'),
    at('d', '2026-01-02'),
    at('d', '2026-01-02'),
    // On the same day, which it changes once.
    purchase({ id: 'b', at: '2026-01-02T13:00:00', order: { total_amount: 12.2 } }),
  ];
  const write = async (...lines: string[]): Promise<void> =>
    writeFile(path.join(place, 'sales.ndjson'), `${lines.join('\n')}\n`);

  beforeAll(async () => {
    place = await mkdtemp(path.join(tmpdir(), 'medallion-runs-'));
    history = await createTestDatabase();
    [folder, database] = [place, history];
    await write(...early);
    await succeed('ingest', '--from', 'sales.ndjson');
    await succeed('promote');
    await write(...early, ...late);
    await succeed('ingest', '--from', 'sales.ndjson');
    await succeed('promote', '--chunk-rows', '2');
  });

  afterAll(async () => {
    await history.drop();
  });

  beforeEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
    database = await createTestDatabase({ copyOf: history });
    folder = place;
    await mkdir(place, { recursive: true });
    await write(...early, ...late);
  });

  test('is listed, the latest first, with who, when and what', async () => {
    expect(
      await listed(['run_id', 'command', 'outcome', 'os_user', 'host', 'database_user']),
    ).toEqual(
      [4, 3, 2, 1].map((id) => [
        id,
        id % 2 === 0 ? 'promote' : 'ingest',
        'done',
        userInfo().username,
        hostname(),
        database.settings.user,
      ]),
    );
    expect(await listed(['run_id'], '--command', 'promote', '--limit', '1')).toEqual([[4]]);
    expect(await listed(['run_id'], '--outcome', 'failed')).toEqual([]);
    expect(await listed(['run_id'], '--since', '2999-01-01')).toEqual([]);
    const [head = '', , ...lines] = (await succeed('runs')).split('\n');
    expect(head).toMatch(/^run +command +outcome +started \(UTC\) +seconds +what$/);
    expect(lines[0]).toMatch(
      /^ +4 +promote +done +\d{4}-\d\d-\d\d [\d:]{8} +[\d.]+ +events 5, days 3/,
    );
  });

  test('shows of one run its offsets, models, checks and days', async () => {
    expect(await csv('runs', 'show', '3', '--section', 'partitions')).toEqual([
      'topic,partition,from_offset,to_offset,events',
      `file:${path.join(folder, 'sales.ndjson')},0,3,8,5`,
    ]);
    expect(await csv('runs', 'show', '4', '--section', 'partitions')).toEqual([
      'topic,partition,from_offset,to_offset,events',
      `file:${path.join(folder, 'sales.ndjson')},0,3,8,5`,
    ]);
    const models = await csv('runs', 'show', '2', '--section', 'models');
    expect(models.map((line) => line.replace(/,[\d.]+$/, ''))).toEqual(
      expect.arrayContaining([
        'silver.fact_transactions,3,2,1',
        'silver.fact_transaction_lines,3,2,0',
        'gold.sales_performance,2,2,0',
      ]),
    );
    const shown = JSON.parse(await succeed('runs', 'show', '4', '--output', 'json'));
    expect(shown.run).toMatchObject({
      command: 'promote',
      arguments: ['promote', '--chunk-rows', '2'],
      days: ['2026-01-01..2026-01-03'],
      counts: { events: 5, written: 4, duplicates: 1, superseded: 2, days: 3, restated: 2 },
      error: null,
    });
    expect(shown.checks).toContainEqual({
      model: 'gold.sales_performance',
      check_name: 'a day has orders',
      severity: 'error',
      failing: 0,
    });
    const page = await succeed('runs', 'show', '4');
    expect(page).toMatch(/^Run 4\ncommand +medallion promote --chunk-rows 2\noutcome +done\n/);
    // Totals that were sent changed without the parts they are made of: 12.20, 22.40.
    expect(page).toContain('\nChecks, 1 of 18 not met\n');
  });

  test('says how many late events restated which day, in runs and in the report', async () => {
    expect(await csv('runs', 'show', '4', '--section', 'restatements')).toEqual([
      'date_key,late_events,old_orders,new_orders,old_total,new_total,change',
      '2026-01-01,1,1,0,11.20,0.00,-11.20',
      '2026-01-02,3,1,3,11.20,34.60,23.40',
    ]);
    expect(await csv('runs', 'show', '2', '--section', 'restatements')).toHaveLength(1);
    const report = await succeed(
      ...['report', '--since', '2026-01-01', '--until', '2026-01-31'],
      ...['--section', 'restatements'],
    );
    expect(report.replaceAll(/ +/g, ' ')).toMatch(
      /\n2026-01-02 3 1 → 3 11\.20 34\.60 \+23\.40 .*\n2026-01-01 1 1 → 0 11\.20 0\.00 -11\.20 /,
    );
  });

  test('makes no event late by being promoted anew', async () => {
    await succeed('promote', '--full-refresh', '--layer', 'silver');
    expect(
      await rowsOf(database.settings, 'select sum(events) from medallion.stale_dates'),
    ).toEqual(['0']);
  });

  test('has every failed run, with its error', async () => {
    await writeFile(path.join(folder, 'sales.parquet'), 'PAR1');
    expect((await run('ingest', '--from', 'sales.parquet')).code).toBe(2);
    expect(await listed(['run_id', 'command', 'error'], '--outcome', 'failed')).toEqual([
      [5, 'ingest', expect.stringMatching(/sales\.parquet is a Parquet file/)],
    ]);
    expect(await succeed('runs', 'show', '5')).toMatch(/\nerror +\S.* is a Parquet file/);
  });

  test('leaves out runs that found nothing to do, unless asked', async () => {
    await succeed('promote');
    await succeed('ingest', '--from', 'sales.ndjson');
    expect(await listed(['run_id'])).toEqual([[4], [3], [2], [1]]);
    expect(await listed(['run_id'], '--idle')).toEqual([[6], [5], [4], [3], [2], [1]]);
  });
});

test('a run that there is not ends with 4, a number that is none with 2', async () => {
  const unknown = await run('runs', 'show', '7');
  expect([unknown.code, unknown.stderr]).toEqual([
    4,
    'error: there is no run 7\n  To see the runs: medallion runs\n',
  ]);
  expect((await run('runs', 'show', 'x')).code).toBe(2);
  expect((await run('runs', 'show', '1', '--output', 'csv')).code).toBe(4);
  expect((await run('runs')).stderr).toBe('no runs match\n');
});

describe('generate', () => {
  const offline = (...args: string[]) =>
    runCommand(['generate', '--seed', '1', ...args], {
      cwd: folder,
      env: { DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/nowhere' },
    });
  const files = () => readdir(path.join(folder, '.medallion/runs'));

  test('needs no warehouse, and is in the books once the warehouse is opened', async () => {
    expect((await offline('-n', '30', '--partitions', '2')).code).toBe(0);
    const [file = ''] = await files();
    const kept = path.join(folder, 'kept.json');
    await copyFile(path.join(folder, '.medallion/runs', file), kept);
    // Two at once take it once.
    await Promise.all([succeed('runs'), succeed('runs')]);
    expect(await files()).toEqual([]);
    const generated = [
      [1, 'generate', 'done', null, expect.objectContaining({ events: 30, purchase: 30 })],
    ];
    const names = ['run_id', 'command', 'outcome', 'database_user', 'counts'];
    expect(await listed(names)).toEqual(generated);
    // As after a crash between the commit and the removal of the file.
    await copyFile(kept, path.join(folder, '.medallion/runs', file));
    expect(await listed(names)).toEqual(generated);
    expect(await files()).toEqual([]);
    const partitions = await csv('runs', 'show', '1', '--section', 'partitions');
    expect(partitions.slice(1).map((line) => line.split(',').slice(0, 4))).toEqual([
      ['landing/sales', '0', '', ''],
      ['landing/sales', '1', '', ''],
    ]);
    const events = partitions.slice(1).map((line) => Number(line.split(',')[4]));
    expect(events.reduce((sum, count) => sum + count, 0)).toBe(30);
  });

  test('keeps passwords out of its record', async () => {
    await offline('-n', '1', '--database-url', 'postgresql://u:geheim@127.0.0.1:1/x');
    const [file = ''] = await files();
    const text = await readFile(path.join(folder, '.medallion/runs', file), 'utf8');
    expect(text).toContain('--database-url');
    expect(text).not.toContain('geheim');
  });

  test('that was killed is on record as such; one that still runs is left alone', async () => {
    const running = spawnCli(['generate', '--follow', '--rate', '100'], { cwd: folder });
    await expect.poll(() => files().catch(() => []), { timeout: 60_000 }).toHaveLength(1);
    await expect.poll(async () => (await files())[0]).toMatch(/\.json$/);
    expect(await listed(['run_id'])).toEqual([]);
    running.child.kill('SIGKILL');
    await running.result;
    expect(await listed(['command', 'outcome', 'error'])).toEqual([
      ['generate', 'failed', 'killed'],
    ]);
  });

  test('to Kafka says which offsets it wrote', async () => {
    const topic = await uniqueTopic(1);
    const kafka = ['--brokers', await kafkaBrokers(), '--topic', topic];
    await succeed('generate', '-n', '20', ...kafka);
    await succeed('generate', '-n', '5', ...kafka);
    await succeed('ingest', ...kafka);
    expect(await listed(['run_id', 'command'])).toEqual([
      [3, 'ingest'],
      [expect.any(Number), 'generate'],
      [expect.any(Number), 'generate'],
    ]);
    expect(
      await rowsOf(
        database.settings,
        `select command, topic, partition, from_offset, to_offset, events
         from medallion.run_partitions join medallion.runs using (run_id) order by started_at`,
      ),
    ).toEqual([
      `generate|${topic}|0|0|20|20`,
      `generate|${topic}|0|20|25|5`,
      `ingest|${topic}|0|0|25|25`,
    ]);
  });
});

test('a file that is no record is named, and nothing fails', async () => {
  await runCommand(['generate', '-n', '1'], { cwd: folder });
  await writeFile(path.join(folder, '.medallion/runs/note.json'), '{}');
  const { code, stderr } = await run('runs');
  expect(code).toBe(0);
  expect(stderr).toContain('note.json is not a record of a run');
});
