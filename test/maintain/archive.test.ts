import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readManifest, SHOP } from '../e2e/warehouse.ts';
import { runCommand, spawnCli, type CliProcess, type CliResult } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, rowOf, rowsOf } from '../support/promotion.ts';
import { runReconcile } from '../support/reconcile.ts';
import { startTestS3, type TestS3 } from '../support/s3.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const COUNT = 1000;
const ARCHIVE = ['archive', '--older-than', '1ms', '--to', 'archive'];
/** Bronze as it was, each column of it. */
const CONTENT = `select topic, partition, "offset", key, key_bytes, value, headers, produced_at, ingested_at, run_id
  from bronze.events order by topic, partition, "offset"`;

let folder: string;
let db: TestDatabase;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-archive-'));
  await mkdir(path.join(folder, 'archive'));
  db = await createTestDatabase();
  env = { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') };
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<CliResult> => runCommand(args, { cwd: folder, env });

async function medallion(...args: string[]): Promise<CliResult> {
  const result = await run(...args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

/** A shop's events in bronze, silver and gold. */
async function promoteShop(): Promise<void> {
  await medallion(
    'generate',
    '-n',
    String(COUNT),
    ...SHOP,
    '--partitions',
    '2',
    '--manifest',
    'a.json',
  );
  await medallion('ingest');
  await medallion('promote');
}

async function promoteEvents(name: string, events: readonly string[]): Promise<void> {
  await writeFile(path.join(folder, name), events.map((event) => `${event}\n`).join(''));
  await medallion('ingest', '--from', name);
  await medallion('promote');
}

async function expectClean(): Promise<void> {
  const { code, stderr, different } = await runReconcile([], { cwd: folder, env });
  expect({ code, different }, stderr).toEqual({ code: 0, different: [] });
}

const inBronze = async (): Promise<number> =>
  Number((await rowOf(db.settings, 'select count(*) as n from bronze.events'))['n']);

/** What bronze and archive say together, by DuckDB. */
async function archivedToo(sql: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await medallion('sql', '--archive', sql, '-o', 'json');
  return JSON.parse(stdout) as Record<string, unknown>[];
}

/** How many events there are in all, and at how many places: equal where each is in one. */
async function expectEachOnce(events: number): Promise<void> {
  expect(
    await archivedToo(
      'select count(*) as n, count(distinct (topic, partition, "offset")) as places from bronze.events',
    ),
  ).toEqual([{ n: events, places: events }]);
}

async function files(): Promise<string[]> {
  const found = await readdir(path.join(folder, 'archive'), {
    recursive: true,
    withFileTypes: true,
  });
  return found
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/** The only file of the archive, or the first one, from the root on. */
async function firstFile(): Promise<string> {
  const { place = '' } = await rowOf(
    db.settings,
    `select archive || '/' || path as place from medallion.archive_files order by file_id limit 1`,
  );
  return place ?? '';
}

async function statementsEnd(): Promise<void> {
  await until(async () => {
    const { n } = await rowOf(
      db.settings,
      `select count(*) as n from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    return n === '0';
  });
}

/** Holds up each transaction that takes events out of bronze, once it has. */
async function slowDown(seconds: number): Promise<void> {
  await rowsOf(
    db.settings,
    `create function bronze.wait() returns trigger language plpgsql
       as $$ begin perform pg_sleep(${String(seconds)}); return null; end $$`,
  );
  await rowsOf(
    db.settings,
    'create trigger wait after delete on bronze.events execute function bronze.wait()',
  );
}

async function killed({ child, result }: CliProcess): Promise<void> {
  child.kill('SIGKILL');
  await result;
  // The server notices when the statement of the dead client ends.
  await rowsOf(
    db.settings,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await statementsEnd();
  await rowsOf(db.settings, 'drop trigger wait on bronze.events');
  await rowsOf(db.settings, 'drop function bronze.wait()');
}

describe('archive', () => {
  test('a dry run shows what would be moved, by partition, and moves nothing', async () => {
    await promoteShop();
    const { bronze } = await readManifest(path.join(folder, 'a.json'));
    const { stdout, stderr } = await medallion(...ARCHIVE, '--dry-run', '-o', 'json');
    const rows = JSON.parse(stdout) as { partition: number; events: number }[];
    expect(rows.map(({ partition }) => partition)).toEqual([0, 1]);
    expect(rows.map(({ events }) => events).reduce((a, b) => a + b)).toBe(bronze.events);
    expect(stderr).toContain('nothing was moved');
    expect(await inBronze()).toBe(bronze.events);
    expect(await files()).toEqual([]);
    const young = await medallion('archive', '--older-than', '1h', '--to', 'archive');
    expect(young.stderr).toContain('nothing to archive');
    expect((await run('archive', '--to', 'archive')).code).toBe(2);
    expect((await run('archive', '--older-than', '1h')).code).toBe(2);
  });

  test('round trip: every column of every event stays, silver and gold are made of them again, reconcile is clean', async () => {
    await promoteShop();
    const content = await rowsOf(db.settings, CONTENT);
    const answers = await answersOf(db.settings);
    const { id = '' } = await rowOf(
      db.settings,
      'select transaction_id as id from silver.discarded_events order by 1 limit 1',
    );
    const trace = await medallion('trace', String(id), '-o', 'json');
    const topic = String(content[0]?.['topic']);
    const event = await medallion('trace', '--offset', '7', '--source', topic, '-o', 'json');

    await medallion(...ARCHIVE, '--file-rows', '700');
    expect(await inBronze()).toBe(0);
    await expectEachOnce(content.length);
    const columns = 'topic, partition, "offset", key, key_bytes, value, headers';
    const times = `strftime(produced_at, '%Y-%m-%d %H:%M:%S.%g') as produced, epoch_us(ingested_at) as ingested, run_id`;
    const archived = await archivedToo(
      `select ${columns}, ${times} from bronze.events order by topic, partition, "offset"`,
    );
    expect(
      archived.map(({ produced, ingested, ...row }) => ({
        ...row,
        produced,
        ingested: Number(ingested) / 1000,
      })),
    ).toEqual(
      content.map(({ produced_at, ingested_at, ...row }) => ({
        ...row,
        partition: Number(row['partition']),
        offset: Number(row['offset']),
        run_id: Number(row['run_id']),
        produced: new Date(String(produced_at)).toISOString().replace('T', ' ').replace('Z', ''),
        ingested: Date.parse(String(ingested_at)),
      })),
    );
    await expectClean();
    expect((await medallion('trace', String(id), '-o', 'json')).stdout).toBe(trace.stdout);
    expect(
      (await medallion('trace', '--offset', '7', '--source', topic, '-o', 'json')).stdout,
    ).toBe(event.stdout);

    // Batches that cut files, and ranges of them, anywhere.
    await medallion('promote', '--full-refresh', '--chunk-rows', '170');
    expect(await answersOf(db.settings)).toEqual(answers);
    await expectClean();
    expect((await medallion(...ARCHIVE)).stderr).toContain('nothing to archive');
  });

  test('killed in the transaction, or while it writes, leaves each event in one place, and the next run completes it', async () => {
    await promoteShop();
    const events = await inBronze();
    await slowDown(60);
    const inTransaction = spawnCli(ARCHIVE, { cwd: folder, env });
    await until(async () => {
      const { n } = await rowOf(
        db.settings,
        `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      return n === '1';
    }, 60_000);
    await killed(inTransaction);
    const [written = ''] = await files();
    expect(await files()).toEqual([expect.stringMatching(/^0{12}-\d{12}-[0-9a-f]{8}\.parquet$/)]);
    expect(await inBronze()).toBe(events);
    await expectEachOnce(events);
    await expectClean();

    // As a kill leaves it that comes while the file is written.
    const place = await firstFile();
    await rename(place, `${place}.partial`);
    await truncate(`${place}.partial`, 1000);
    await expectEachOnce(events);

    // And after the first of several files.
    await medallion('archive', '--older-than', '1d', '--to', 'archive');
    await expectEachOnce(events);
    await slowDown(2);
    const between = spawnCli([...ARCHIVE, '--file-rows', '300'], { cwd: folder, env });
    const first = await inBronze();
    await until(async () => (await inBronze()) < first, 60_000);
    await killed(between);
    expect(await inBronze()).toBeGreaterThan(0);
    await expectEachOnce(events);
    await expectClean();

    await medallion(...ARCHIVE);
    expect(await inBronze()).toBe(0);
    await expectEachOnce(events);
    await expectClean();
    // Nothing lies there that nobody knows.
    const known = await rowsOf(
      db.settings,
      `select regexp_replace(path, '^.*/', '') as name from medallion.archive_files
       where archived_at is not null order by 1`,
    );
    expect(await files()).toEqual(known.map(({ name }) => name));
    expect(await files()).toContain(written);
    expect(
      await rowsOf(
        db.settings,
        `select outcome, error from medallion.runs where command = 'archive' order by run_id`,
      ),
    ).toEqual([
      { outcome: 'failed', error: 'killed' },
      { outcome: 'done', error: null },
      { outcome: 'failed', error: 'killed' },
      { outcome: 'done', error: null },
    ]);
  });

  test('a file that another warehouse has begun is left alone', async () => {
    await promoteEvents('one.ndjson', [purchase({ id: 'a', at: '2026-01-01T10:00:00Z' })]);
    const foreign = path.join(folder, 'archive', 'foreign.parquet');
    await writeFile(foreign, 'of somebody else');
    await rowsOf(
      db.settings,
      `insert into medallion.archive_files
         (archive, path, topic, partition, from_offset, to_offset, events, bytes, warehouse, run_id)
       select $1, 'foreign.parquet', topic, partition, 0, 1, 1, 1, 'another', 1 from bronze.events`,
      [path.join(folder, 'archive')],
    );
    await medallion(...ARCHIVE);
    expect(await files()).toEqual([expect.stringMatching(/^0{12}-/), 'foreign.parquet']);
    await expectClean();
  });

  test('a correction and a repeat of an archived transaction meet silver as ever', async () => {
    const order = (at: string, city: string): string =>
      purchase({ id: 'a', at, customer: { city } });
    await promoteEvents('one.ndjson', [order('2026-01-01T10:00:00Z', 'Berlin')]);
    await medallion(...ARCHIVE);
    await promoteEvents('two.ndjson', [
      order('2026-01-01T10:00:00Z', 'Berlin'),
      order('2026-01-02T10:00:00Z', 'Hamburg'),
    ]);
    const expected = {
      facts: [{ city: 'Hamburg', day: '2026-01-02' }],
      discarded: [{ outcome: 'duplicate' }, { outcome: 'superseded' }],
      days: [{ day: '2026-01-02', orders: '1' }],
    };
    const found = async (): Promise<typeof expected> => ({
      facts: (await rowsOf(
        db.settings,
        'select customer_city as city, date_key as day from silver.fact_transactions',
      )) as typeof expected.facts,
      discarded: (await rowsOf(
        db.settings,
        'select outcome from silver.discarded_events order by 1',
      )) as typeof expected.discarded,
      days: (await rowsOf(
        db.settings,
        'select date_key as day, total_orders as orders from gold.sales_performance',
      )) as typeof expected.days,
    });
    expect(await found()).toEqual(expected);
    await expectClean();
    await medallion(...ARCHIVE);
    await medallion('promote', '--full-refresh');
    expect(await found()).toEqual(expected);
    await expectClean();
  });

  test('rejected events are archived with the rest: a replay reads them there, and so does a refresh that rejects more', async () => {
    const order = (id: string, currency: number): string =>
      purchase({ id, at: '2026-01-01T10:00:00Z', order: { currency } });
    const rejected = order('b', 4);
    await promoteEvents('one.ndjson', [order('a', 1), rejected, order('c', 5)]);
    await medallion(...ARCHIVE);
    expect(await inBronze()).toBe(0);
    expect((await medallion('quarantine', 'list', '-o', 'json')).stdout).toContain(
      'order.currency',
    );
    await rowsOf(db.settings, `insert into silver.dim_currency values (4, 'GBP')`);
    await medallion('quarantine', 'replay', '--all', '--yes', '--layer', 'silver');
    await medallion('promote');
    const orders = `select transaction_id as id from silver.fact_transactions order by 1`;
    expect(await rowsOf(db.settings, orders)).toEqual([{ id: 'a' }, { id: 'b' }]);
    const states = `select status, reason, convert_from(raw, 'UTF8') as raw from bronze.quarantine order by "offset"`;
    expect(await rowsOf(db.settings, states)).toEqual([
      { status: 'replayed', reason: 'unknown_reference', raw: rejected },
      { status: 'open', reason: 'unknown_reference', raw: order('c', 5) },
    ]);
    await expectClean();

    // Accepted before, never in the quarantine: its bytes are in the archive only.
    await rowsOf(db.settings, 'delete from bronze.quarantine where status = $1', ['replayed']);
    await rowsOf(db.settings, 'delete from silver.dim_currency where id = 4');
    await medallion('promote', '--full-refresh');
    expect(await rowsOf(db.settings, orders)).toEqual([{ id: 'a' }]);
    expect(await rowsOf(db.settings, states)).toEqual([
      { status: 'open', reason: 'unknown_reference', raw: rejected },
      { status: 'open', reason: 'unknown_reference', raw: order('c', 5) },
    ]);
    await expectClean();
  });

  test('an event in the way of the rest: one that is younger stops its partition, and those behind it stay', async () => {
    await promoteEvents(
      'one.ndjson',
      ['a', 'b', 'c'].map((id) => purchase({ id, at: '2026-01-01T10:00:00Z' })),
    );
    await rowsOf(
      db.settings,
      `update bronze.events set produced_at = now() - interval '10 days', ingested_at = now() - interval '9 days'`,
    );
    // Said to be of the future, but in bronze for as long: it holds up nobody.
    await rowsOf(
      db.settings,
      `update bronze.events set produced_at = '2999-01-01' where "offset" = 0`,
    );
    await rowsOf(
      db.settings,
      `update bronze.events set produced_at = now(), ingested_at = now() where "offset" = 1`,
    );
    await medallion('archive', '--older-than', '8d', '--to', 'archive');
    expect(await rowsOf(db.settings, 'select "offset" from bronze.events order by 1')).toEqual([
      { offset: '1' },
      { offset: '2' },
    ]);
    await expectClean();
  });

  test('where the folder is gone nothing is moved, and silver is not emptied: exit code 3', async () => {
    await promoteShop();
    const events = await inBronze();
    const gone = await run('archive', '--older-than', '1ms', '--to', 'nowhere');
    expect(gone.code).toBe(3);
    expect(gone.stderr).toMatch(/the archive folder .*nowhere does not exist\n.*Nothing was moved/);
    expect(await inBronze()).toBe(events);

    await medallion(...ARCHIVE);
    const answers = await answersOf(db.settings);
    await rename(path.join(folder, 'archive'), path.join(folder, 'elsewhere'));
    const commands = [
      ['promote', '--full-refresh'],
      ['reconcile'],
      ['sql', '--archive', 'select count(value) from bronze.events'],
    ];
    for (const command of commands) {
      const { code, stderr } = await run(...command);
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringMatching(
          /the archive file .*\.parquet does not exist\n.*Restore the files/,
        ),
      });
    }
    expect(await answersOf(db.settings)).toEqual(answers);
    // What is new needs no archive.
    await medallion('generate', '-n', '10');
    await medallion('ingest');
    await medallion('promote');

    // As docs/operations.md says.
    await medallion(
      'sql',
      '--write',
      `update medallion.archive_files set archive = '${path.join(folder, 'elsewhere')}'`,
    );
    await medallion('promote', '--full-refresh');
    await expectClean();

    const file = await firstFile();
    await copyFile(file, `${file}.copy`);
    await truncate(file, 1000);
    const damaged = await run('promote', '--full-refresh');
    expect(damaged.code).toBe(3);
    expect(damaged.stderr).toMatch(/damaged|holds/);
    await rename(`${file}.copy`, file);
    await expectClean();
  });

  test('run archives between its promotions, and not again on the same day', async () => {
    await medallion('generate', '-n', '500');
    await medallion('ingest');
    await medallion('promote');
    const settings = {
      ...env,
      MEDALLION_ARCHIVE_TO: 'archive',
      MEDALLION_ARCHIVE_OLDER_THAN: '1ms',
    };
    const running = spawnCli(['run', '--every', '200ms'], { cwd: folder, env: settings });
    await until(() => Promise.resolve(running.stderr().includes('archived in 1 file')), 60_000);
    await medallion('generate', '-n', '500');
    await until(async () => {
      const { n } = await rowOf(db.settings, 'select count(*) as n from silver.fact_transactions');
      return Number(n) > 600;
    }, 60_000);
    running.child.kill('SIGINT');
    expect((await running.result).code).toBe(130);
    expect(await files()).toHaveLength(1);
    expect(await inBronze()).toBeGreaterThan(0);
    await expectClean();
    const nowhere = await run('run', '--older-than', '1d');
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain('archive needs --to');
  });
});

describe('at S3', () => {
  let s3: TestS3;

  beforeAll(async () => {
    s3 = await startTestS3();
  });

  afterAll(async () => {
    await s3.stop();
  });

  test('the archive is written, read and checked there; without the server exit code 3, and nothing lost', async () => {
    Object.assign(env, s3.env);
    await promoteShop();
    const events = await inBronze();
    const answers = await answersOf(db.settings);
    const wrong = await run('archive', '--older-than', '1ms', '--to', 's3://no-bucket/a');
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toMatch(/s3:\/\/no-bucket\/a\S* does not exist/);
    expect((await run('archive', '--older-than', '1ms', '--to', 's3://')).code).toBe(2);
    expect(await inBronze()).toBe(events);

    await medallion('archive', '--older-than', '1ms', '--to', `s3://${s3.bucket}/shop/`);
    expect(await inBronze()).toBe(0);
    expect(await s3.keys()).toEqual([
      expect.stringMatching(/^shop\/landing~2fsales\/0\/0{12}-\d+-\w+\.parquet$/),
      expect.stringMatching(/^shop\/landing~2fsales\/1\/0{12}-\d+-\w+\.parquet$/),
    ]);
    await expectEachOnce(events);
    await expectClean();
    await medallion('promote', '--full-refresh');
    expect(await answersOf(db.settings)).toEqual(answers);
    await expectClean();
    const topic = 'landing/sales';
    const { stdout } = await medallion('trace', '--offset', '7', '--source', topic, '-o', 'json');
    expect(stdout).toContain('"ingested_at"');

    env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:9';
    const { code, stderr } = await run('promote', '--full-refresh');
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('cannot reach S3'),
    });
    expect(await answersOf(db.settings)).toEqual(answers);
  });
});
