import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../src/generate/generate.ts';
import { readManifest, SHOP } from '../e2e/warehouse.ts';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { withPromotionLock } from '../../src/postgres/lock.ts';
import { answersOf, rowOf, rowsOf } from '../support/promotion.ts';
import { runReconcile } from '../support/reconcile.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const COUNT = 2000;
const PRUNE = ['prune', '--bronze', '--older-than', '1ms'];

let folder: string;
let manifest: Manifest;
let db: TestDatabase;
/** What silver and gold said before anything was pruned. */
let answers: Record<string, unknown>;

const options = () => ({
  cwd: folder,
  env: { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') },
});

async function medallion(...args: string[]): Promise<CliResult> {
  const result = await runCommand(args, options());
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

async function numbers(sql: string): Promise<Record<string, number>> {
  const row = await rowOf(db.settings, sql);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}

const pruned = (): Promise<Record<string, number>> =>
  numbers(
    `select coalesce(sum(current_events), 0) as current, coalesce(sum(duplicate_events), 0) as duplicates,
            coalesce(sum(superseded_events), 0) as superseded, coalesce(sum(rejected_events), 0) as rejected
     from medallion.pruned`,
  );

const held = async (): Promise<number> =>
  (await numbers('select count(*) as n from bronze.events'))['n'] ?? 0;

function rejectedBySilver(): number {
  return Object.values(manifest.silver.quarantined).reduce<number>((a, b) => a + Number(b), 0);
}

async function expectClean(): Promise<void> {
  const { code, stderr, different } = await runReconcile([], options());
  expect({ code, different }, stderr).toEqual({ code: 0, different: [] });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-prune-'));
  db = await createTestDatabase();
  const partitions = ['--partitions', '2'];
  const args = ['-n', String(COUNT), ...SHOP, ...partitions, '--manifest', 'answers.json'];
  await medallion('generate', ...args);
  manifest = await readManifest(path.join(folder, 'answers.json'));
  await medallion('ingest');
  await medallion('promote');
  answers = await answersOf(db.settings);
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

// One history, told in order: each test goes on from the one before.
describe('prune', () => {
  test('finds nothing where nothing is as old', async () => {
    const { stderr } = await medallion('prune', '--bronze', '--older-than', '90d');
    expect(stderr).toContain('nothing to prune');
    expect(await held()).toBe(manifest.bronze.events);
  });

  test('says what it would remove, and removes nothing unless told to', async () => {
    const removable = manifest.bronze.events - rejectedBySilver();
    const { stdout } = await medallion(...PRUNE, '--dry-run', '-o', 'json');
    const rows = JSON.parse(stdout) as { events: number; kept_open: number }[];
    expect(rows.map(({ events }) => events).reduce((a, b) => a + b)).toBe(removable);
    expect(rows.map((row) => row.kept_open).reduce((a, b) => a + b)).toBe(rejectedBySilver());

    const asked = await runCommand(PRUNE, options());
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain(`${removable.toLocaleString('en-US')} events`);
    expect(asked.stderr).toContain('add --yes');
    const unsure = await runCommand(['prune', '--bronze'], options());
    expect(unsure.code).toBe(2);
    expect(await held()).toBe(manifest.bronze.events);
  });

  test('removes nothing while silver does not account for every promoted event', async () => {
    await rowsOf(
      db.settings,
      'create table public.kept as select * from silver.discarded_events limit 1',
    );
    await rowsOf(
      db.settings,
      `delete from silver.discarded_events where (topic, partition, "offset") in
         (select topic, partition, "offset" from public.kept)`,
    );
    const { code, stderr } = await runCommand([...PRUNE, '--yes'], options());
    expect(code).toBe(4);
    expect(stderr).toMatch(/nothing was pruned\n[^]*1 event nowhere in silver/);
    expect(await held()).toBe(manifest.bronze.events);
    await rowsOf(db.settings, 'insert into silver.discarded_events select * from public.kept');
  });

  test('waits for nobody that promotes: it says who does, and removes nothing', async () => {
    await withPromotionLock(db.settings, 'the other one', async () => {
      const { code, stderr } = await runCommand([...PRUNE, '--yes'], options());
      expect(code).toBe(5);
      expect(stderr).toContain('the other one');
    });
    expect(await held()).toBe(manifest.bronze.events);
  });

  test('leaves what silver is being made of again', async () => {
    await rowsOf(
      db.settings,
      `insert into medallion.refreshes (layer, run_id) values ('silver', 0)`,
    );
    const { code, stderr } = await runCommand([...PRUNE, '--yes'], options());
    await rowsOf(db.settings, 'delete from medallion.refreshes');
    expect(code).toBe(4);
    expect(stderr).toMatch(/being rebuilt from bronze: nothing was pruned\n.*medallion promote/);
    expect(await held()).toBe(manifest.bronze.events);
  });

  test.each([
    ['age that is none', ['--older-than', 'long'], /--older-than/],
    ['missing age', [], /--older-than/],
    ['batches of nothing', ['--older-than', '1ms', '--batch-rows', '0'], /--batch-rows/],
  ])('takes no %s', async (_, flags, words) => {
    const { code, stderr } = await runCommand(['prune', '--bronze', ...flags, '--yes'], options());
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(words);
    expect(await held()).toBe(manifest.bronze.events);
  });

  test('removes nothing where the server takes no writes', async () => {
    await rowsOf(
      db.settings,
      `alter database ${db.settings.database} set default_transaction_read_only = on`,
    );
    const { code, stderr } = await runCommand([...PRUNE, '--yes'], options());
    await rowsOf(
      { ...db.settings, database: 'postgres' },
      `alter database ${db.settings.database} reset default_transaction_read_only`,
    );
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stderr).toContain('read-only');
    expect(await held()).toBe(manifest.bronze.events);
  });

  test('killed half way, has booked what is gone, and the next run goes on', async () => {
    await rowsOf(
      db.settings,
      `create function bronze.wait() returns trigger language plpgsql
         as $$ begin perform pg_sleep(0.2); return null; end $$`,
    );
    await rowsOf(
      db.settings,
      'create trigger wait after delete on bronze.events execute function bronze.wait()',
    );
    const { child, result } = spawnCli([...PRUNE, '--yes', '--batch-rows', '100'], options());
    await until(async () => (await held()) < manifest.bronze.events, 120_000);
    child.kill('SIGKILL');
    await result;
    await until(
      async () =>
        (
          await numbers(`select count(*) as n from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`)
        )['n'] === 0,
    );
    const left = await held();
    expect(left).toBeGreaterThan(rejectedBySilver());
    expect(left).toBeLessThan(manifest.bronze.events);
    await rowsOf(db.settings, 'drop trigger wait on bronze.events');
    await expectClean();

    await medallion(...PRUNE, '--yes', '--batch-rows', '300');
    const { transactions, duplicates, superseded } = manifest.silver;
    expect(await pruned()).toEqual({ current: transactions, duplicates, superseded, rejected: 0 });
    // What is open in the quarantine stays, to be judged again.
    expect(await held()).toBe(rejectedBySilver());
    await expectClean();
    expect(await answersOf(db.settings)).toEqual(answers);
    expect(
      await rowsOf(
        db.settings,
        `select outcome, error from medallion.runs where command = 'prune' order by run_id`,
      ),
    ).toEqual([
      { outcome: 'failed', error: expect.stringContaining('nowhere in silver') as unknown },
      { outcome: 'failed', error: expect.stringContaining('being rebuilt') as unknown },
      { outcome: 'failed', error: 'killed' },
      { outcome: 'done', error: null },
    ]);
  });

  test('twice removes nothing more; dismissed events go the second time, their reasons stay', async () => {
    expect((await medallion(...PRUNE, '--yes')).stderr).toContain('nothing to prune');
    await rowsOf(
      db.settings,
      `update bronze.quarantine set status = 'dismissed', resolved_at = now() where stage = 'silver'`,
    );
    await medallion(...PRUNE, '--yes');
    expect(await held()).toBe(0);
    expect((await pruned())['rejected']).toBe(rejectedBySilver());
    expect(
      await numbers(
        `select count(*) as n, count(raw) as raw, count(reason) as reasons from bronze.quarantine where stage = 'silver'`,
      ),
    ).toEqual({ n: rejectedBySilver(), raw: 0, reasons: rejectedBySilver() });
    await expectClean();
  });

  test('events that come afterwards, repeats of pruned ones among them, meet silver as ever', async () => {
    await medallion('generate', '-n', String(COUNT), ...SHOP, '--partitions', '2');
    await medallion('ingest');
    await medallion('promote');
    await expectClean();
    const { transactions, duplicates, superseded } = manifest.silver;
    expect(
      await numbers(
        `select (select count(*) from silver.fact_transactions) as transactions,
                count(*) filter (where outcome = 'duplicate') as duplicates,
                count(*) filter (where outcome = 'superseded') as superseded
         from silver.discarded_events`,
      ),
      // The same stream again: each accepted event repeats one that was pruned.
    ).toEqual({
      ...{ transactions, superseded },
      duplicates: duplicates + transactions + duplicates + superseded,
    });
  });

  test('a full refresh refuses to lose them, unless it is told to', async () => {
    const { transactions, duplicates, superseded } = manifest.silver;
    const refused = await runCommand(['promote', '--full-refresh'], options());
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `would lose ${(transactions + duplicates + superseded).toLocaleString('en-US')} events`,
    );
    expect(refused.stderr).toContain('--even-pruned');
    await expectClean();
    await medallion('promote', '--layer', 'gold', '--full-refresh');
    await medallion('promote', '--full-refresh', '--even-pruned');
    await expectClean();
    // Of the stream that came twice silver has now the second time only.
    expect(await numbers('select count(*) as n from silver.fact_transactions')).toEqual({
      n: transactions,
    });
    // Nothing is lost by the next one.
    await medallion('promote', '--full-refresh');
    await expectClean();
  });
});
