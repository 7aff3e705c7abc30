import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand, spawnCli, type CliProcess, type CliResult } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, urlOf, withDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowOf, rowsOf } from '../support/promotion.ts';
import { Proxy } from '../support/proxy.ts';
import { runReconcile } from '../support/reconcile.ts';

// Several processes each, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const SAMPLE = fileURLToPath(new URL('../../fixtures/producer-2k.ndjson.gz', import.meta.url));

/** The older pipeline's database, and the warehouse. */
let old: TestDatabase;
let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-import-'));
  old = await createTestDatabase({ empty: true });
  db = await createTestDatabase();
});

afterAll(async () => {
  await old.drop();
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const options = (warehouse = db) => ({
  cwd: folder,
  env: { DATABASE_URL: warehouse.url, IMPORT_DATABASE_URL: old.url },
});

async function medallion(args: readonly string[], warehouse = db): Promise<CliResult> {
  const result = await runCommand(args, options(warehouse));
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

const run = (sql: string, values: readonly unknown[] = []) =>
  withClient(old.settings, (client) => client.query(sql, [...values]));

/** A table as the older pipeline has it. */
const makeTable = (name: string) =>
  run(`create table ${name} (
         id serial primary key, transaction_id text, payload jsonb, kafka_metadata jsonb,
         processed_status text default 'to_process', created_at timestamp default now())`);

/** "offset value" of what bronze has of a table. */
async function landedOf(table: string): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    `select "offset" || ' ' || value as row from bronze.events
      where topic like 'import:%/' || $1 order by "offset"`,
    [table],
  );
  return rows.map(({ row }) => row ?? '');
}

test('every row lands once, as it is, whatever its status and metadata', async () => {
  await makeTable('bronze_layer');
  const rows: [number, string | null, string | null, string | null][] = [
    [
      3,
      '{"data": {"a": 4.50, "b": 123456789012345678901234567890.10, "c": 1E+2}}',
      '{"topic": "sales", "partition": 2, "offset": 41}',
      'processed',
    ],
    [5, '{"data": {"a": "é\\n"}}', null, 'processing'],
    [6, '"{\\"data\\":  {}}"', '"broken"', 'to_process'],
    [7, '{"transaction_details": {"x": 1}}', '[]', null],
    [9, '{"transaction_id": "t"}', '{"offset": -1}', 'processing'],
    [10, null, '{}', 'to_process'],
    [11, '["data"]', '{}', 'to_process'],
  ];
  for (const [id, payload, metadata, status] of rows) {
    await run(`insert into bronze_layer values ($1, 'txn', $2, $3, $4, '2026-01-03 22:12:43.5')`, [
      id,
      payload,
      metadata,
      status,
    ]);
  }
  const first = await medallion(['import-bronze']);
  expect(first.stdout).toContain('6 events');
  expect(first.stdout).toContain('rejected: 1 empty_value');
  expect(first.stdout).toContain('processed_status: 3 to_process, 2 processing, 1 processed');
  expect(await landedOf('public.bronze_layer')).toEqual([
    '3 {"data": {"a": 4.50, "b": 123456789012345678901234567890.10, "c": 100}}',
    '5 {"data": {"a": "é\\n"}}',
    '6 {"data":  {}}',
    '7 {"data": {"transaction_details": {"x": 1}}}',
    '9 {"data": {"transaction_details": {"transaction_id": "t"}}}',
    '11 ["data"]',
  ]);
  const landed = await rowOf(
    db.settings,
    `select headers::jsonb as headers, produced_at from bronze.events where "offset" = 3`,
  );
  expect(JSON.parse(landed['headers'] ?? '')).toEqual({
    transaction_id: 'txn',
    kafka_metadata: '{"topic": "sales", "offset": 41, "partition": 2}',
    processed_status: 'processed',
    created_at: '2026-01-03 22:12:43.5',
  });
  expect(landed['produced_at']).toBe('2026-01-03 22:12:43.5+00');

  expect((await medallion(['import-bronze'])).stdout).toContain('nothing new in bronze_layer at');
  await run(`insert into bronze_layer (id, payload) values (20, '{}')`);
  const again = await medallion(['import-bronze', '--output', 'json']);
  expect(JSON.parse(again.stdout)).toMatchObject([
    { partition: 0, from_offset: 12, next_offset: 21, events: 1, quarantined: 0 },
  ]);
  const runs = await rowsOf(
    db.settings,
    `select command, outcome, counts ->> 'events' as events from medallion.runs order by run_id`,
  );
  expect(runs).toEqual(
    ['6', '0', '1'].map((events) => ({ command: 'import-bronze', outcome: 'done', events })),
  );
  const { lines, different } = await runReconcile([], options());
  expect(different).toEqual([]);
  expect(lines[0]?.note).toContain("import-bronze's own records");
});

describe('broken off half way', () => {
  const ROWS = 60_000;

  async function makeLarge(table: string): Promise<void> {
    await makeTable(table);
    await run(
      `insert into ${table} (payload, created_at)
       select jsonb_build_object('data', repeat(md5(n::text), 30), 'n', n), now() from generate_series(1, ${ROWS}) as n`,
    );
  }

  async function landedRows(table: string): Promise<number> {
    const { n } = await rowOf(
      db.settings,
      `select coalesce(sum(ingested_events), 0) as n from medallion.offsets where topic like '%.${table}'`,
    );
    return Number(n);
  }

  async function expectWhole(table: string): Promise<void> {
    const digest = `count(*) as n, md5(string_agg(md5(value), '' order by id)) as digest`;
    expect(
      await rowOf(
        db.settings,
        `select ${digest} from (select "offset" as id, value from bronze.events where topic like '%.${table}') as t`,
      ),
    ).toEqual(
      await rowOf(
        old.settings,
        `select ${digest} from (select id, payload::text as value from ${table}) as t`,
      ),
    );
  }

  const eventsText = (events: number): string => `${events.toLocaleString('en-US')} events`;

  test('by a kill it goes on where it was', async () => {
    await makeLarge('killed');
    const { child, result } = spawnCli(['import-bronze', '--table', 'public.killed'], options());
    await until(async () => (await landedRows('killed')) > 0);
    child.kill('SIGKILL');
    await result;
    const before = await landedRows('killed');
    expect(before).toBeLessThan(ROWS);
    const { stdout } = await medallion(['import-bronze', '--table', 'killed']);
    expect(stdout).toContain(eventsText(ROWS - before));
    await expectWhole('killed');
  });

  test('by the loss of the server it waits, as long as it may, and goes on where it was', async () => {
    await makeLarge('cut');
    const proxy = await Proxy.open(() => old.settings.port);
    const from = urlOf({ ...old.settings, host: '127.0.0.1', port: proxy.port });
    const start = (...args: string[]): CliProcess =>
      spawnCli(['import-bronze', '--table', 'cut', '--from', from, ...args], options());
    try {
      const hasty = start('--retry-for', '300ms');
      await until(async () => (await landedRows('cut')) > 0);
      await proxy.cut(0);
      expect(await hasty.result).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /^warning: lost the source PostgreSQL at [^]*^error: cannot reach .*; gave up after 0\.3 s\n.*events of this run are committed/m,
        ),
      });
      const before = await landedRows('cut');
      expect(before).toBeLessThan(ROWS);

      proxy.mend();
      const { stderr, result } = start();
      await until(async () => (await landedRows('cut')) > before);
      await proxy.cut(0);
      await until(() => stderr().includes('lost the source PostgreSQL'));
      proxy.mend();
      const { code, stdout } = await result;
      expect([code, stderr()]).toEqual([0, expect.stringMatching(/the source .* is back after/)]);
      expect(stdout).toContain(eventsText(ROWS - before));
      await expectWhole('cut');
    } finally {
      await proxy.close();
    }
  });
});

test('what Kafka still holds of it is recognised as the same', async () => {
  const lines = gunzipSync(await readFile(SAMPLE))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  await makeTable('sample');
  await run(
    `insert into sample (payload, processed_status) select event::jsonb, 'processing' from unnest($1::text[]) as event`,
    [lines],
  );
  await withDatabase(async (warehouse) => {
    await medallion(['import-bronze', '--table', 'sample'], warehouse);
    await medallion(['promote'], warehouse);
    const sales = async (): Promise<unknown> =>
      rowOf(
        warehouse.settings,
        `select (select sum(total_orders) from gold.sales_performance) as orders,
                (select sum(order_total_amount_day) from gold.sales_performance) as total,
                (select count(*) from silver.fact_transaction_items) as lines`,
      );
    const answers = { orders: '2000', total: '3145022.95', lines: '10977' };
    expect(await sales()).toEqual(answers);
    await medallion(['ingest', '--from', SAMPLE], warehouse);
    await medallion(['promote'], warehouse);
    expect(await sales()).toEqual(answers);
    expect(
      await rowsOf(
        warehouse.settings,
        'select outcome, count(*) from silver.discarded_events group by outcome',
      ),
    ).toEqual([{ outcome: 'duplicate', count: '2000' }]);
    expect((await runReconcile([], options(warehouse))).different).toEqual([]);
  });
});

test('a table that changed under its name is not mixed with the old one', async () => {
  await makeTable('changing');
  await run(`insert into changing (id, payload) values (1, '{}'), (5, '{}')`);
  const args = ['import-bronze', '--table', 'changing'];
  await medallion(args);
  await run(`insert into changing (id, payload) values (3, '{}'), (4, '{}'), (6, '{}')`);
  const late = await medallion(args);
  expect(late.stderr).toContain(
    '2 rows of "public"."changing" are new, but have ids below those of the last import',
  );
  await run('delete from changing where id > 1');
  expect(await runCommand(args, options())).toMatchObject({ code: 2 });
  await run('drop table changing');
  await makeTable('changing');
  await run(`insert into changing (id, payload) values (7, '{}')`);
  const replaced = await runCommand(args, options());
  expect(replaced.code).toBe(2);
  expect(replaced.stderr).toContain('is not the table that was imported before');
  expect((await landedOf('public.changing')).map((row) => row.split(' ')[0])).toEqual([
    '1',
    '5',
    '6',
  ]);
});

test('what cannot be imported is said, and no password with it', async () => {
  await run('create table no_id (payload jsonb)');
  await run(
    `create view twice as select 1 as id, '{}'::jsonb as payload from generate_series(1, 2)`,
  );
  const wrong = urlOf({ ...old.settings, password: 'xQ7markZ9' });
  const cases: [args: string[], code: number, said: string][] = [
    [['--table', 'nowhere'], 2, 'there is no table nowhere'],
    [['--table', 'a.b.c.d'], 2, 'is not a table name'],
    [['--table', 'no_id'], 2, 'no column id of whole numbers'],
    [['--table', 'twice'], 2, 'two rows with id 1'],
    [['--from', 'mysql://ana:xQ7markZ9@h/d'], 2, '--from is not a PostgreSQL URL'],
    [['--from', 'postgresql://ana@127.0.0.1:1/d'], 3, 'Check --from'],
    [['--password-prompt'], 2, 'no terminal'],
    [['--from', wrong], 3, 'refused user'],
  ];
  await Promise.all(
    cases.map(async ([args, code, said]) => {
      const result = await runCommand(['import-bronze', ...args], options());
      expect(result.stderr, args.join(' ')).toContain(said);
      expect(result.stderr).not.toContain('xQ7markZ9');
      expect(result.code, args.join(' ')).toBe(code);
    }),
  );
  const unnamed = await runCommand(['import-bronze'], {
    ...options(),
    env: { DATABASE_URL: db.url },
  });
  expect(unnamed.code).toBe(2);
  expect(unnamed.stderr).toContain('IMPORT_DATABASE_URL');
});

test('a loader may import, and a URL leaves no password in the books', async () => {
  await makeTable('granted');
  await run('insert into granted (payload) values ($1)', [
    purchase({ id: 't1', at: '2026-01-01T10:00:00' }),
  ]);
  const role = `import_${String(process.pid)}`;
  const env = { ...options().env, MEDALLION_ROLE_PASSWORD: 'xQ7markZ9' };
  const granted = await runCommand(['db', 'grant', 'loader', role, '--create'], {
    ...options(),
    env,
  });
  expect(granted).toMatchObject({ code: 0 });
  try {
    const loader = urlOf({ ...db.settings, user: role, password: 'xQ7markZ9' });
    const result = await runCommand(
      ['import-bronze', `--from=${old.url}`, '--table', 'granted', '--database-url', loader],
      { cwd: folder, env: {} },
    );
    expect(result).toMatchObject({ code: 0 });
    const books = await rowsOf(db.settings, 'select arguments from medallion.runs order by run_id');
    expect(books.at(-1)?.['arguments']).toContain('--from=***');
  } finally {
    await withClient(db.settings, async (client) => {
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    });
  }
});
