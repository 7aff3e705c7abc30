import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { withTransaction } from '../../src/postgres/transaction.ts';
import { runCommand, spawnCli, type CliProcess } from '../support/cli.ts';
import {
  createTopic,
  kafkaBrokers,
  produce,
  recreateTopic,
  uniqueTopic,
  until,
} from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, urlOf, type TestDatabase } from '../support/postgres.ts';
import { rowOf, rowsOf } from '../support/promotion.ts';
import { Proxy } from '../support/proxy.ts';

// Processes that wait for one another, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const PATIENCE_MS = 30_000;
const METRICS = ['--metrics-port', '0'];
const OFTEN = ['--every', '300ms'];

let database: TestDatabase;
let folder: string;
let running: CliProcess | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-run-'));
  await mkdir(path.join(folder, '.medallion/landing/sales'), { recursive: true });
});

afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.result;
  running = undefined;
  await database.drop();
  await rm(folder, { recursive: true });
});

function start(args: readonly string[], url = database.url): CliProcess {
  running = spawnCli(['run', ...args], {
    cwd: folder,
    env: { DATABASE_URL: url },
    timeoutMs: 170_000,
  });
  return running;
}

const sale = (id: string, day: string): string => purchase({ id, at: `${day}T10:00:00` });
const land = (...lines: string[]): Promise<void> =>
  appendFile(
    path.join(folder, '.medallion/landing/sales/0.ndjson'),
    lines.map((line) => `${line}\n`).join(''),
  );

/** Orders by day in gold; none before there is a gold. */
async function gold(): Promise<string> {
  const rows = await rowsOf(
    database.settings,
    `select to_char(date_key, 'MM-DD') || ' ' || total_orders as day from gold.sales_performance order by 1`,
  ).catch(() => []);
  return rows.map(({ day }) => day).join(', ');
}

/** Where the process answers, from what it says. */
async function addressOf({ stderr, child }: CliProcess): Promise<string> {
  const found = (): string | undefined => /http:\/\/[^/\s]+/.exec(stderr())?.[0];
  await until(() => found() !== undefined || child.exitCode !== null, PATIENCE_MS);
  return found() ?? '';
}

interface Ready {
  readonly code: number;
  readonly status: string;
  readonly checks: Record<string, { ok: boolean; problem?: string }>;
}

async function readiness(address: string): Promise<Ready> {
  const answer = await fetch(`${address}/readyz`);
  return { ...((await answer.json()) as Omit<Ready, 'code'>), code: answer.status };
}

/** The samples of the text format by name and labels; every one has its help and type before it. */
async function samples(address: string): Promise<Record<string, number>> {
  const answer = await fetch(`${address}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const found: Record<string, number> = {};
  const said = { HELP: '', TYPE: '' };
  for (const line of (await answer.text()).split('\n').filter((text) => text !== '')) {
    const [, kind, about] = /^# (HELP|TYPE) (\w+) \S/.exec(line) ?? [];
    if (kind === 'HELP' || kind === 'TYPE') {
      said[kind] = about ?? '';
      continue;
    }
    const [, name = '', labels = '', value] =
      /^(\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? (\S+)$/.exec(line) ?? [];
    const family = name.replace(/_(bucket|sum|count)$/, '');
    expect([said.HELP, said.TYPE], line).toContain(name.startsWith(said.TYPE) ? said.TYPE : family);
    found[name + labels] = Number(value);
  }
  return found;
}

test('lands and promotes what comes, and tells of it over HTTP until it is stopped', async () => {
  const broken = '{"data":{}}';
  await land(sale('a', '2026-01-01'), sale('b', '2026-01-02'), sale('a', '2026-01-01'), broken);
  const { child, result } = start([...OFTEN, ...METRICS]);
  const address = await addressOf(running as CliProcess);
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(`${address}/healthz`)).json()).toMatchObject({ status: 'ok' });
  await until(async () => (await readiness(address)).code === 200, PATIENCE_MS);
  await until(async () => (await gold()) === '01-01 1, 01-02 1', PATIENCE_MS);
  await land(sale('c', '2026-01-02'));
  await until(async () => (await gold()) === '01-01 1, 01-02 2', PATIENCE_MS);

  // The books are looked at once a second.
  const shown = expect.poll(() => samples(address), { timeout: PATIENCE_MS });
  await shown.toMatchObject({
    'medallion_up{dependency="warehouse"}': 1,
    'medallion_up{dependency="log"}': 1,
    medallion_ingest_events_total: 5,
    'medallion_quarantined_events_total{reason="not_an_event"}': 1,
    'medallion_quarantined_events_total{reason="not_text"}': 0,
    'medallion_promote_rows_total{model="silver.fact_transactions"}': 3,
    'medallion_promote_rows_total{model="gold.sales_performance"}': 3,
    'medallion_promotions_total{outcome="failed"}': 0,
    'medallion_consumer_lag_events{topic="landing/sales",partition="0"}': 0,
    'medallion_quarantine_open_events{stage="silver",reason="not_an_event"}': 1,
    medallion_promote_backlog_events: 0,
    medallion_promote_stale_dates: 0,
  });
  const found = await samples(address);
  expect(found['medallion_promotions_total{outcome="done"}']).toBe(
    found['medallion_promote_duration_seconds_count'],
  );
  const day = Date.parse('2026-01-02T00:00:00Z') / 1000;
  const age = found['medallion_layer_freshness_seconds{layer="gold"}'] ?? 0;
  expect(Math.abs(Date.now() / 1000 - day - age)).toBeLessThan(60);

  child.kill('SIGTERM');
  const { code, stdout, stderr } = await result;
  expect(code).toBe(130);
  expect(stdout).toMatch(
    /^5 events \(.*; interrupted\n {2}landing\/sales 0: 5 events, offsets 0 to 4\n\d+ promotions: 3 transactions written\n {2}1 duplicate, 0 superseded, 1 quarantined\n {2}3 days of gold published, 1 of them restated\n$/,
  );
  expect(stderr).not.toMatch(/warning|error/);
  expect(
    await rowsOf(
      database.settings,
      `select distinct command, outcome, array_to_string(arguments, ' ') as arguments from medallion.runs order by 1`,
    ),
  ).toEqual([
    { command: 'ingest', outcome: 'interrupted', arguments: 'run --every 300ms --metrics-port 0' },
    { command: 'promote', outcome: 'done', arguments: 'run --every 300ms --metrics-port 0' },
  ]);
});

describe('a promotion that has begun when it is stopped', () => {
  /** Runs `work` while nothing can be published, once a promotion waits for that. */
  async function whilePublishing(work: (process: CliProcess) => Promise<void>): Promise<void> {
    await land(sale('a', '2026-01-01'));
    const started = start(OFTEN);
    await until(async () => (await gold()) === '01-01 1', PATIENCE_MS);
    await withClient(database.settings, (client) =>
      withTransaction(client, async () => {
        await client.query('lock table silver.fact_transactions in share mode');
        await land(sale('b', '2026-01-02'));
        await until(async () => {
          const { rows } = await client.query('select from pg_locks where not granted');
          return rows.length > 0;
        }, PATIENCE_MS);
        await work(started);
      }),
    );
  }

  test('is finished, gold included', async () => {
    await whilePublishing(async ({ child, stderr }) => {
      child.kill('SIGINT');
      await until(
        () => stderr().includes('stopping when the work in progress is done'),
        PATIENCE_MS,
      );
    });
    expect(await running?.result).toMatchObject({
      code: 130,
      stdout: expect.stringContaining('2 transactions written'),
    });
    expect(await gold()).toBe('01-01 1, 01-02 1');
    const last = `select outcome from medallion.runs where command = 'promote' order by run_id desc limit 1`;
    expect(await rowOf(database.settings, last)).toEqual({ outcome: 'done' });
  });

  test('is left by a second signal, at once', async () => {
    await whilePublishing(async ({ child, stderr, result }) => {
      child.kill('SIGINT');
      await until(() => stderr().includes('stopping'), PATIENCE_MS);
      child.kill('SIGINT');
      // 130 to a shell.
      expect(await result).toMatchObject({ signal: 'SIGINT', stdout: '' });
    });
  });
});

describe('when one of the two fails for good', () => {
  test('as ingest of a topic that was recreated does, the other ends in order', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, [
      { value: sale('a', '2026-01-01'), partition: 0 },
      { value: sale('b', '2026-01-02'), partition: 1 },
    ]);
    const kafka = ['--brokers', await kafkaBrokers(), '--topic', topic, '--group', topic];
    const { result } = start([...OFTEN, ...METRICS, ...kafka]);
    const address = await addressOf(running as CliProcess);
    await until(async () => (await gold()) === '01-01 1, 01-02 1', PATIENCE_MS);
    await until(async () => (await readiness(address)).code === 200, PATIENCE_MS);
    const lag = async (): Promise<unknown[]> => {
      const found = await samples(address);
      return [0, 1].map(
        (n) => found[`medallion_consumer_lag_events{topic="${topic}",partition="${n}"}`],
      );
    };
    await until(async () => (await lag()).every((events) => events === 0), PATIENCE_MS);
    await recreateTopic(topic, 2);
    const fresh = ['c', 'd'].map((id) => ({ value: sale(id, '2026-01-03'), partition: 0 }));
    await produce(topic, fresh);
    const { code, stdout, stderr } = await result;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: .*(recreated|has no topic)/m),
    ]);
    expect(stdout).toMatch(/^\d+ promotions: 2 transactions written/);
    const open = `select count(*) as open from medallion.runs where outcome = 'running'`;
    expect(await rowOf(database.settings, open)).toEqual({ open: '0' });
  });

  test('as a promotion into a table that is not as its model says, ingest commits and ends', async () => {
    await land(sale('a', '2026-01-01'));
    const { result } = start([...OFTEN, '--output', 'json']);
    await until(async () => (await gold()) === '01-01 1', PATIENCE_MS);
    await withClient(database.settings, (client) =>
      client.query('alter table gold.sales_performance alter total_orders type text'),
    );
    const { code, stdout, stderr } = await result;
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: .*gold\.sales_performance/m),
    ]);
    expect(JSON.parse(stdout)).toMatchObject([{ events: 1, transactions: 1, days: 1 }]);
    const ingest = `select outcome, counts ->> 'events' as events from medallion.runs where command = 'ingest'`;
    expect(await rowOf(database.settings, ingest)).toEqual({ outcome: 'interrupted', events: '1' });
  });
});

test('waits for a topic that is not there yet, says so, and promotes meanwhile', async () => {
  const topic = `later-${randomBytes(6).toString('hex')}`;
  await runCommand(['ingest', '--from', '-'], {
    cwd: folder,
    env: { DATABASE_URL: database.url },
    input: `${sale('a', '2026-01-01')}\n`,
  });
  const { child, stderr, result } = start([
    ...OFTEN,
    ...['--brokers', await kafkaBrokers(), '--topic', topic],
  ]);
  await until(() => stderr().includes('waiting for it, until stopped'), PATIENCE_MS);
  expect(stderr()).toContain(`has no topic "${topic}"`);
  await until(async () => (await gold()) === '01-01 1', PATIENCE_MS);
  await createTopic(topic, 1);
  await produce(topic, [{ value: sale('b', '2026-01-02') }]);
  await until(async () => (await gold()) === '01-01 1, 01-02 1', PATIENCE_MS);
  child.kill('SIGTERM');
  expect(await result).toMatchObject({ code: 130 });
});

test('retries when PostgreSQL is lost, and is not ready meanwhile', async () => {
  const proxy = await Proxy.open(() => database.settings.port);
  try {
    const url = urlOf({ ...database.settings, host: '127.0.0.1', port: proxy.port });
    const { child, result } = start([...OFTEN, ...METRICS], url);
    const address = await addressOf(running as CliProcess);
    await land(sale('a', '2026-01-01'));
    await until(async () => (await readiness(address)).code === 200, PATIENCE_MS);
    await proxy.cut(0);
    await until(async () => (await readiness(address)).code === 503, PATIENCE_MS);
    expect((await readiness(address)).checks['warehouse']?.problem).toMatch(/PostgreSQL/);
    expect((await samples(address))['medallion_up{dependency="warehouse"}']).toBe(0);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    await land(sale('b', '2026-01-02'));
    proxy.mend();
    await until(async () => (await gold()) === '01-01 1, 01-02 1', PATIENCE_MS);
    await until(async () => (await readiness(address)).code === 200, PATIENCE_MS);
    child.kill('SIGTERM');
    expect((await result).code).toBe(130);
  } finally {
    await proxy.close();
  }
});

test('a port that is taken is said before anything begins', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await writeFile(path.join(folder, '.medallion/landing/sales/0.ndjson'), 'x\n');
  // The port is taken on the address of the flag, which wins over that of the file.
  const yaml = `metrics:\n  host: 127.0.0.2\n  port: ${port}\n`;
  await writeFile(path.join(folder, 'medallion.yaml'), yaml);
  const { code, stdout, stderr } = await start(['--metrics-host', '127.0.0.1']).result;
  server.close();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^error: cannot listen on 127\.0\.0\.1 port \d+: another program/);
  const runs = 'select count(*) as runs from medallion.runs';
  expect(await rowOf(database.settings, runs)).toEqual({ runs: '0' });
});
