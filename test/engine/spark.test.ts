import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/server-process.ts';
import { startSail, type SailServer } from '../../scripts/spark/sail.ts';
import { parseConfig } from '../../src/config.ts';
import { Staging } from '../../src/engine/spark/staging.ts';
import { installMedallion, runCli, runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { busyProcessors, writeEndlessMart } from '../support/endless-mart.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  countTransactions,
  landEvents,
  promoteAll,
  quietContext,
  rowOf,
} from '../support/promotion.ts';

/** The command with --engine spark, and what goes wrong around it. Sail stands for Spark. */

const EVENTS = 60;

let folder: string;
let port: number;
let sail: SailServer;
let db: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-spark-'));
  port = await freePort();
  sail = await startSail({ dir: folder, port });
});

afterAll(async () => {
  await sail.kill();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  db = await createTestDatabase();
  const events = Array.from({ length: EVENTS }, (_, number) =>
    purchase({
      id: `t${String(number % 50)}`,
      at: `2026-01-${String(1 + (number % 9)).padStart(2, '0')}T10:00:00`,
      order: { total_amount: number },
    }),
  );
  await landEvents(db.settings, [...events, 'no event']);
});

afterEach(async () => {
  await db.drop();
});

const staging = (): string => path.join(folder, 'staging');

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    DATABASE_URL: db.url,
    MEDALLION_HOME: path.join(folder, 'home'),
    MEDALLION_ENGINE: 'spark',
    SPARK_REMOTE: sail.remote,
    MEDALLION_SPARK_STAGING: staging(),
    ...more,
  };
}

const promoteCli = (env = environment(), ...args: string[]): Promise<CliResult> =>
  runCommand(['promote', ...args], { env });

/** What DuckDB alone makes of the same events. */
async function expectedAnswers(): Promise<unknown> {
  await promoteAll(db.settings, { fullRefresh: true });
  return answersOf(db.settings);
}

const transactions = (): Promise<number> => countTransactions(db.settings);

test('promotes as DuckDB does, and leaves no file behind', async () => {
  const { code, stderr } = await promoteCli();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const answers = await answersOf(db.settings);
  expect(readdirSync(staging())).toEqual([]);
  expect(answers).toEqual(await expectedAnswers());
});

test('a dry run says what would be, and writes nothing', async () => {
  const { code, stdout } = await promoteCli(environment(), '--dry-run', '--output', 'csv');
  expect(code).toBe(0);
  expect(stdout).toMatch(/silver\.fact_transactions,.*50/);
  expect(readdirSync(staging())).toEqual([]);
});

describe('where Spark cannot be used, the command says why and changes nothing:', () => {
  test.each([
    [
      'nothing names a server',
      { SPARK_REMOTE: '' },
      2,
      /the engine spark needs a Spark Connect server, and none is set.*\n.*SPARK_REMOTE/,
    ],
    [
      'no staging folder is set',
      { MEDALLION_SPARK_STAGING: '' },
      2,
      /needs a staging folder, and none is set/,
    ],
    ['the address is of another kind', { SPARK_REMOTE: 'local[*]' }, 2, /not the address/],
    [
      'a token would go in the clear',
      { SPARK_REMOTE: 'sc://spark.example:15002/;use_ssl=false;token=s3cret' },
      2,
      /connection to spark\.example:15002 is not encrypted/,
    ],
    [
      'nobody answers',
      { SPARK_REMOTE: 'sc://127.0.0.1:1' },
      3,
      /cannot reach Spark at 127\.0\.0\.1:1/,
    ],
    [
      'the folder is none',
      { MEDALLION_SPARK_STAGING: '/proc/none/at/all' },
      3,
      /cannot write \/proc\/none/,
    ],
    [
      'the cluster sees another folder',
      { MEDALLION_SPARK_STAGING_REMOTE: 'file:///tmp/medallion-not-shared' },
      3,
      /Spark cannot use the staging folder/,
    ],
  ])('%s', async (_, more, code, words) => {
    const result = await promoteCli(environment(more));
    expect(result.stderr).toMatch(words);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toContain('s3cret');
    expect(await transactions()).toBe(0);
  });
});

test('a server that is started again in the middle is waited for, and the promotion goes on', async () => {
  const running = spawnCli(['promote', '--chunk-rows', '8'], { env: environment() });
  while ((await transactions()) === 0) {
    await delay(20);
  }
  await sail.kill();
  await delay(1000);
  sail = await startSail({ dir: folder, port });
  const { code, stderr } = await running.result;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain(`lost Spark at 127.0.0.1:${String(port)}`);
  const answers = await answersOf(db.settings);
  expect(answers).toEqual(await expectedAnswers());
});

test.each(['duckdb', 'spark'])(
  'a server that stays away ends the command, which keeps whole batches alone; the next one, by %s, goes on',
  async (engine) => {
    const running = spawnCli(['promote', '--chunk-rows', '8', '--retry-for', '1s'], {
      env: environment(),
    });
    while ((await transactions()) === 0) {
      await delay(20);
    }
    await sail.kill();
    const { code, stderr } = await running.result;
    sail = await startSail({ dir: folder, port });
    expect(stderr).toMatch(
      new RegExp(
        `(?:lost|cannot reach) Spark at 127\\.0\\.0\\.1:${String(port)}.*; gave up after 1 s\n.*Run promote again`,
        's',
      ),
    );
    expect(code).toBe(3);
    expect(readdirSync(staging())).toEqual([]);
    const { taken, next_offset: next } = await rowOf(
      db.settings,
      `select next_offset,
         (select count(*) from silver.fact_transactions)
         + (select count(*) from silver.discarded_events)
         + (select count(*) from medallion.unjudged_events)
         + (select count(*) from bronze.quarantine) as taken
       from medallion.watermarks`,
    );
    expect(taken).toBe(next);
    expect(Number(next)).toBeLessThan(EVENTS + 1);
    const later = await promoteCli(environment({ MEDALLION_ENGINE: engine }));
    expect({ code: later.code, stderr: later.stderr }).toMatchObject({ code: 0 });
    const answers = await answersOf(db.settings);
    expect(answers).toEqual(await expectedAnswers());
  },
);

test('a command that is killed leaves what it committed; the next one goes on and clears up', async () => {
  const running = spawnCli(['promote', '--chunk-rows', '8'], { env: environment() });
  while ((await transactions()) === 0) {
    await delay(20);
  }
  running.child.kill('SIGKILL');
  await running.result;
  expect(readdirSync(staging())).toHaveLength(1);
  const { code } = await promoteCli();
  expect(code).toBe(0);
  expect(readdirSync(staging())).toEqual([]);
  const answers = await answersOf(db.settings);
  expect(answers).toEqual(await expectedAnswers());
});

test('an interrupt ends the command soon, and the next one goes on', async () => {
  const running = spawnCli(['promote', '--chunk-rows', '8'], { env: environment() });
  while ((await transactions()) === 0) {
    await delay(20);
  }
  running.child.kill('SIGTERM');
  expect((await running.result).code).toBe(130);
  expect(readdirSync(staging())).toEqual([]);
  expect((await promoteCli()).code).toBe(0);
  const answers = await answersOf(db.settings);
  expect(answers).toEqual(await expectedAnswers());
});

test('an interrupt stops the statement on the cluster', async () => {
  const project = path.join(folder, 'endless');
  writeEndlessMart(project);
  const running = spawnCli(['promote'], { cwd: project, env: environment() });
  // Others want the processors, too.
  await expect.poll(() => busyProcessors([sail.pid]), { timeout: 60_000 }).toBeGreaterThan(0.2);
  expect(await busyProcessors([sail.pid])).toBeGreaterThan(0.2);
  running.child.kill('SIGINT');
  expect((await running.result).code).toBe(130);
  await expect.poll(() => busyProcessors([sail.pid]), { timeout: 20_000 }).toBeLessThan(0.1);
});

describe('where no more fits into the staging folder, nothing is published and the next run goes on:', () => {
  /** The largest file that a process may write from now on, which the system holds it to as a full disk would. */
  const limitFiles = (pid: number, bytes: string): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  };

  test('for the cluster', async () => {
    limitFiles(sail.pid, '1000');
    const failed = await promoteCli();
    limitFiles(sail.pid, 'unlimited');
    expect(failed.stderr).toMatch(/Spark cannot use the staging folder: .*File too large/);
    expect(failed.code).toBe(3);
    expect(await transactions()).toBe(0);
    expect(readdirSync(staging())).toEqual([]);
    expect((await promoteCli()).code).toBe(0);
    const answers = await answersOf(db.settings);
    expect(answers).toEqual(await expectedAnswers());
  });

  test('for the command', async () => {
    const running = spawnCli(['promote'], { env: environment() });
    limitFiles(running.child.pid ?? 0, '1000');
    const failed = await running.result;
    expect(failed.stderr).toMatch(/cannot write .*staging.*: the file has reached the size limit/);
    expect(failed.code).toBe(3);
    expect(await transactions()).toBe(0);
    expect(readdirSync(staging())).toEqual([]);
    expect((await promoteCli()).code).toBe(0);
  });
});

test('a full refresh sends the cluster the texts of an archive that it does not see as this machine does', async () => {
  // The system lets each process see a folder of its own there: the one it works in.
  const archive = '/proc/self/cwd/archive';
  const own = path.join(folder, 'machine');
  mkdirSync(path.join(own, 'archive'), { recursive: true });
  await promoteAll(db.settings);
  const before = await answersOf(db.settings);
  const archived = await runCli(
    ['archive', '--older-than', '1d', '--to', archive, '--file-rows', '20'],
    { cwd: own, env: environment() },
  );
  expect(archived.stderr).not.toContain('error');
  expect(await rowOf(db.settings, 'select count(*) as left from bronze.events')).toEqual({
    left: '0',
  });
  const files = readdirSync(path.join(own, 'archive'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort();
  expect(files).toHaveLength(4);
  const [missing = ''] = files;
  const seen = path.join(folder, 'archive');
  for (const arrange of [
    () => undefined,
    function allButOne() {
      cpSync(path.join(own, 'archive'), seen, { recursive: true });
      rmSync(path.join(seen, missing));
    },
    function noParquet() {
      writeFileSync(path.join(seen, missing), 'no rows');
    },
  ]) {
    arrange();
    const { code, stderr } = await runCli(['promote', '--full-refresh'], {
      ...{ cwd: own, env: environment() },
    });
    expect({ code, error: /error.*/.exec(stderr)?.[0] }).toEqual({ code: 0, error: undefined });
    expect(await answersOf(db.settings)).toEqual(before);
    expect(readdirSync(staging())).toEqual([]);
  }
});

test('its folders let the group write that may write in the staging folder, for the cluster may be another user', async () => {
  mkdirSync(staging(), { recursive: true });
  chmodSync(staging(), 0o2770);
  const access = { duckdb: parseConfig({}, {}, folder).duckdb, context: quietContext() };
  const run = await Staging.open({ folder: staging(), remote: undefined }, access);
  try {
    const batch = run.next('bronze');
    await run.make(batch);
    for (const made of [path.dirname(batch.near), batch.near]) {
      expect((statSync(made).mode & 0o2070).toString(8)).toBe('2070');
    }
  } finally {
    await run.close();
    chmodSync(staging(), 0o755);
  }
});

describe('doctor', () => {
  test('goes the whole way to the cluster and back', async () => {
    const { stdout } = await runCommand(['doctor', '--output', 'csv'], { env: environment() });
    expect(stdout).toMatch(/ok,Spark,"Sail 0\.7\.2 at 127\.0\.0\.1:\d+, shares .*staging"/);
    expect(readdirSync(staging())).toEqual([]);
  });

  test('passes over a server that is named for other programs', async () => {
    const env = environment({ MEDALLION_SPARK_STAGING: '', SPARK_REMOTE: 'local[*]' });
    const { stdout } = await runCommand(['doctor', '--output', 'csv'], { env });
    expect(stdout).not.toContain('Spark');
  });
});

describe('models check', () => {
  test('finds every model of medallion portable', async () => {
    const { code, stdout } = await runCommand(
      ['models', 'check', '--engine', 'spark', '--output', 'csv'],
      {
        env: environment(),
      },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/gold\.customer_performance,yes/);
    expect(stdout).not.toMatch(/,no,/);
  });

  test('names file, line and function of a mart that DuckDB alone understands', async () => {
    const bin = installMedallion(path.join(folder, 'installed'));
    const mart = path.join(folder, 'installed/sql/gold/odd.sql');
    writeFileSync(
      mart,
      [
        '/* @model',
        'description: A mart that one engine understands',
        'grain: one row per day',
        'key: [date_key]',
        'load: replace_days',
        'columns:',
        '  date_key: { type: date, description: UTC day }',
        '  last_at: { type: bigint, description: Microseconds }',
        '*/',
        'select',
        '    date_key,',
        '    epoch_us(max(event_timestamp)) as last_at',
        'from silver.fact_transactions',
        'group by date_key',
        '',
      ].join('\n'),
    );
    expect(existsSync(mart)).toBe(true);
    const { code, stderr } = await runCli(['models', 'check'], { env: environment(), bin });
    expect(code).toBe(4);
    expect(stderr).toContain('sql/gold/odd.sql:12: the server has no function epoch_us');
  });
});
