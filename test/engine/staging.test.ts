import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startSail, type SailServer } from '../../scripts/spark/sail.ts';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, countTransactions, landEvents, promoteAll } from '../support/promotion.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';

/** The staging folder at a real S3 server, which this machine and Sail reach with keys of their own. */

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let s3: TestS3;
let sail: SailServer;
let db: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-s3-'));
  s3 = await startTestS3();
  sail = await startSail({ dir: folder, env: { ...s3.env, AWS_ALLOW_HTTP: 'true' } });
});

afterAll(async () => {
  await sail.kill();
  await s3.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  db = await createTestDatabase();
  const events = Array.from({ length: 60 }, (_, number) =>
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

const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...s3.env,
  DATABASE_URL: db.url,
  MEDALLION_HOME: path.join(folder, 'home'),
  MEDALLION_ENGINE: 'spark',
  SPARK_REMOTE: sail.remote,
  MEDALLION_SPARK_STAGING: `s3://${s3.bucket}/staging`,
  ...more,
});

const medallion = (args: string[], more?: Readonly<Record<string, string>>): Promise<CliResult> =>
  runCommand(args, { cwd: folder, env: environment(more) });

async function expectAnswersOfDuckDb(): Promise<void> {
  const answers = await answersOf(db.settings);
  await promoteAll(db.settings, { fullRefresh: true });
  expect(answers).toEqual(await answersOf(db.settings));
}

test.each([
  ['by the same name', {}],
  ['by a name of its own', { MEDALLION_SPARK_STAGING_REMOTE: 's3a://events/staging/' }],
])('rows go to the cluster and back through S3, which it reaches %s', async (_, more) => {
  const { code, stderr } = await medallion(['promote'], more);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await s3.keys()).toEqual([]);
  await expectAnswersOfDuckDb();
});

test('doctor sends a row through S3 to the cluster and back', async () => {
  const { stdout } = await medallion(['doctor', '--output', 'csv']);
  expect(stdout).toMatch(
    /ok,Spark,"Sail 0\.7\.2 at 127\.0\.0\.1:\d+, shares s3:\/\/events\/staging"/,
  );
  expect(await s3.keys()).toEqual([]);
});

test.each([
  [
    'no bucket is there',
    { MEDALLION_SPARK_STAGING: 's3://elsewhere/staging' },
    3,
    /s3:\/\/elsewhere.*does not exist/,
  ],
  ['no server answers', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 3, /cannot reach S3/],
  [
    'the name is none',
    { MEDALLION_SPARK_STAGING: 's3://events/*' },
    2,
    /s3:\/\/events\/\*" is not an S3 location/,
  ],
  [
    'the cluster looks elsewhere',
    { MEDALLION_SPARK_STAGING_REMOTE: 's3://events/other' },
    3,
    /Spark cannot use the staging folder/,
  ],
])('where %s the command says so and changes nothing', async (_, more, code, words) => {
  const result = await medallion(['promote'], more);
  expect(result.stderr).toMatch(words);
  expect(result.code).toBe(code);
  expect(await countTransactions(db.settings)).toBe(0);
  expect(await s3.keys()).toEqual([]);
});

test('what a killed run left is removed by the next one, and what lives is not', async () => {
  const running = spawnCli(['promote', '--chunk-rows', '8'], { env: environment() });
  while ((await countTransactions(db.settings)) === 0) {
    await delay(50);
  }
  running.child.kill('SIGKILL');
  await running.result;
  expect(await s3.keys()).not.toEqual([]);
  // Those of a run of this machine, whose process is this test, and of another machine, which may be at work.
  const living = [
    `staging/medallion-${hostname()}-${String(process.pid)}-a/1-bronze/rows.parquet`,
    'staging/medallion-elsewhere-1-a/1-bronze/rows.parquet',
  ];
  for (const key of living) {
    await fetch(`${s3.env['AWS_ENDPOINT_URL'] ?? ''}/${s3.bucket}/${key}`, {
      ...{ method: 'PUT', body: 'rows' },
    });
  }
  const { code, stderr } = await medallion(['promote']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  // A statement of the killed run may have gone on for a while: what it wrote then goes with the next run.
  await medallion(['doctor']);
  expect((await s3.keys()).sort()).toEqual(living.sort());
  await expectAnswersOfDuckDb();
});
