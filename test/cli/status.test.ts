import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { kafkaBrokers, produce, uniqueTopic } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// Each test is a row of processes.
vi.setConfig({ testTimeout: 180_000 });

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-status-'));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const options = () => ({ cwd: folder, env: { DATABASE_URL: database.url } });
const run = (...args: string[]): Promise<CliResult> => runCommand(args, options());

interface Look {
  readonly state: Record<string, unknown>;
  readonly partitions: readonly { readonly lag_seconds: number }[];
  readonly quarantine: unknown;
  readonly freshness: unknown;
  readonly runs: unknown;
}

async function look(...args: string[]): Promise<Look> {
  const { code, stdout, stderr } = await run('status', ...args, '--output', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Look;
}

test('of landing files: what waits on each way, how fresh each layer is, and limits', async () => {
  const landing = path.join(folder, '.medallion/landing/sales');
  await mkdir(landing, { recursive: true });
  const sale = (id: string, day: string) => purchase({ id, at: `${day}T10:00:00` });
  // A blank line is no event, and a line without its end is none yet.
  const lines = [sale('a', '2026-01-01'), '', sale('b', '2026-01-02'), sale('c', '2026-01-02')];
  await writeFile(path.join(landing, '0.ndjson'), `${lines.join('\n')}\n{"half":`);
  await writeFile(path.join(landing, '1.ndjson'), '{"broken": \n');

  const empty = await look();
  expect(empty.state).toMatchObject({ lag_events: 4, waiting_events: 0, waiting_days: 0 });
  expect(empty.freshness).toEqual([{ layer: 'bronze', latest_event_at: null, committed_at: null }]);
  const refused = await run('status', '--max-lag', '3');
  expect([refused.code, refused.stderr]).toEqual([
    4,
    'error: 4 events of the landing directory of sales are not ingested, more than --max-lag 3\n',
  ]);
  expect((await run('status', '--max-lag', '4', '--max-age', '1h')).code).toBe(0);

  await run('ingest');
  const landed = await look('--section', 'state', 'partitions');
  // Five lines of partition 0 are landed or passed: the blank one counts among what waits.
  expect(landed.partitions).toMatchObject([
    { topic: 'landing/sales', partition: 0, next_offset: 4, lag_events: 0, waiting_events: 4 },
    { topic: 'landing/sales', partition: 1, next_offset: 1, lag_events: 0, waiting_events: 1 },
  ]);
  expect(landed.state).toMatchObject({ lag_events: 0, lag_seconds: 0, waiting_events: 5 });
  expect((await run('status', '--max-lag', '4')).stderr).toBe(
    'error: 5 events wait for promotion, more than --max-lag 4\n',
  );
  expect((await run('status', '--max-age', '1ms')).stderr).toMatch(
    /^error: an event has waited for promotion for \d+s, longer than --max-age 0\.001s\n$/,
  );

  await run('promote', '--layer', 'silver');
  expect((await look()).state).toMatchObject({ waiting_events: 0, waiting_days: 2 });
  await run('promote');
  const done = await look();
  expect(done.state).toMatchObject({
    ...{ lag_events: 0, waiting_events: 0, waiting_days: 0, waiting_days_seconds: 0 },
    quarantined_events: 1,
  });
  expect(done.quarantine).toEqual([{ stage: 'silver', reason: 'invalid_json', events: 1 }]);
  expect(done.freshness).toMatchObject([
    { layer: 'bronze' },
    { layer: 'silver', latest_event_at: '2026-01-02T10:00:00Z' },
    { layer: 'gold', latest_event_at: '2026-01-02T00:00:00Z', committed_at: expect.any(String) },
  ]);
  expect(done.runs).toMatchObject([
    { command: 'ingest', outcome: 'done' },
    { command: 'promote', outcome: 'done' },
  ]);
  expect((await run('status', '--max-lag', '0', '--max-age', '1s')).code).toBe(0);
  const page = (await run('status')).stdout;
  expect(page).toMatch(/^State\nlog +landing directory of sales\nnot ingested +0 events\n/);
  expect(page).toMatch(/\ngold +2026-01-02 +\d{4}-\d\d-\d\d /);

  await writeFile(path.join(landing, '1.ndjson'), 'another\n');
  expect((await look('--section', 'partitions')).partitions[1]).toMatchObject({
    lag_events: null,
    note: 'was replaced since it was read',
  });
  expect((await run('status', '--max-lag', '0')).code).toBe(2);
});

test('of Kafka: the lag to the high watermarks in events and seconds; a broker that is down', async () => {
  const topic = await uniqueTopic(2);
  const kafka = ['--topic', topic, '--brokers', await kafkaBrokers()];
  const minutesAgo = (minutes: number) => String(Date.now() - minutes * 60_000);
  await produce(topic, [
    { value: 'a', partition: 0, timestamp: minutesAgo(60) },
    { value: 'b', partition: 0, timestamp: minutesAgo(30) },
    { value: 'c', partition: 1, timestamp: minutesAgo(20) },
  ]);
  const unread = await look(...kafka);
  expect(unread.partitions).toMatchObject([
    { topic, partition: 0, log_end: 2, next_offset: null, lag_events: 2 },
    { topic, partition: 1, log_end: 1, next_offset: null, lag_events: 1 },
  ]);
  const expectMinutes = ({ partitions }: Look, partition: number, minutes: number) => {
    const seconds = partitions[partition]?.lag_seconds;
    expect(seconds).toBeGreaterThanOrEqual(minutes * 60 - 1);
    // A hundredth too much, and the time that the commands took.
    expect(seconds).toBeLessThan(minutes * 60 * 1.01 + 120);
  };
  expectMinutes(unread, 0, 60);
  expectMinutes(unread, 1, 20);
  expect((await run('status', '--max-age', '50m', ...kafka)).stderr).toMatch(
    /^error: an event of the Kafka topic .* has waited for ingest for 3\d\d\ds, longer than --max-age 3000s\n$/,
  );

  await run('ingest', ...kafka);
  await produce(topic, [
    { value: 'd', partition: 0, timestamp: minutesAgo(10) },
    { value: 'e', partition: 0, timestamp: minutesAgo(5) },
  ]);
  const behind = await look(...kafka);
  expect(behind.state).toMatchObject({ lag_events: 2, waiting_events: 3 });
  expect(behind.partitions).toMatchObject([
    { log_end: 4, next_offset: 2, lag_events: 2, waiting_events: 2 },
    { log_end: 1, next_offset: 1, lag_events: 0, lag_seconds: 0, waiting_events: 1 },
  ]);
  expectMinutes(behind, 0, 10);

  const away = ['--topic', topic, '--brokers', '127.0.0.1:1'];
  const down = await look(...away);
  expect(down.state).toMatchObject({ lag_events: null, waiting_events: 3 });
  expect(down.state.problem).toMatch(/^cannot reach Kafka at 127\.0\.0\.1:1/);
  const probe = await run('status', '--max-lag', '10', ...away);
  expect([probe.code, probe.stderr]).toEqual([
    3,
    expect.stringMatching(/^error: cannot reach Kafka/),
  ]);
  // What is broken all the same is said first.
  expect((await run('status', '--max-lag', '2', ...away)).code).toBe(4);
});

test('looks again and again, one block after the other, until it is stopped', async () => {
  const watching = spawnCli(
    ['status', '--watch', '--every', '100ms', '--section', 'state'],
    options(),
  );
  await expect
    .poll(() => watching.stdout().split('State\n').length, { timeout: 60_000 })
    .toBeGreaterThan(2);
  watching.child.kill('SIGINT');
  const { code, stdout, stderr } = await watching.result;
  expect([code, stderr]).toEqual([130, '']);
  expect(stdout).toMatch(/^State\nlog .*\n(.+\n)+\nState\nlog /);
  expect(stdout).not.toContain('\u001b');
});

test('takes no limits with --watch', async () => {
  const { code, stderr } = await run('status', '--watch', '--max-lag', '1');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--watch cannot be used with')]);
});
