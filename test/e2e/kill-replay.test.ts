import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand, spawnCli, type CliProcess } from '../support/cli.ts';
import { withTestHome } from '../support/home.ts';
import { until } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, withDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, landEvents, promoteAll, rowOf } from '../support/promotion.ts';

// Several processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const COUNT = 400;
const VOUCHERS = `insert into silver.dim_payment_method values (4, 'voucher')`;
const LOCKS = `select count(*) as n from pg_locks where locktype = 'advisory' and granted
  and database = (select oid from pg_database where datname = current_database())`;

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

/** Orders of ten days, every third a later version of one before, all paid by voucher. */
function orders(): string[] {
  return Array.from({ length: COUNT }, (_, n) =>
    purchase({
      id: `txn_${String(n % 3 === 2 ? n - 2 : n)}`,
      at: `2026-01-${String(10 + (n % 10))}T10:00:00`,
      order: { payment_method: 4, total_amount: n },
    }),
  );
}

async function promoted(database: TestDatabase, ...before: readonly string[]): Promise<void> {
  await landEvents(database.settings, orders());
  await promoteAll(database.settings);
  await withClient(database.settings, async (client) => {
    for (const sql of before) {
      await client.query(sql);
    }
  });
}

async function replayed(): Promise<number> {
  const row = await rowOf(
    db.settings,
    `select count(*) as n from bronze.quarantine where status = 'replayed'`,
  );
  return Number(row['n']);
}

test('a replay that is killed goes on when it is run again, as if nothing had happened', async () => {
  await withTestHome(async (home) => {
    // A server that needs a while for each batch, as a busy one does.
    await promoted(
      db,
      VOUCHERS,
      `create function silver.wait() returns trigger language plpgsql
         as $$ begin perform pg_sleep(0.1); return null; end $$`,
      `create trigger wait after insert on silver.fact_transactions execute function silver.wait()`,
    );
    const replay = ['quarantine', 'replay', '--all', '--yes', '--chunk-rows', '20'];
    const env = { DATABASE_URL: db.url, MEDALLION_HOME: home };
    const start = (): CliProcess => spawnCli(replay, { env });
    for (const target of [0, 100]) {
      const { child, result } = start();
      await until(async () => (await replayed()) > target);
      child.kill('SIGKILL');
      expect(await result).toMatchObject({ signal: 'SIGKILL' });
      await until(async () => (await rowOf(db.settings, LOCKS))['n'] === '0');
      expect(await replayed()).toBeLessThan(COUNT);
      expect(
        await rowOf(
          db.settings,
          `select (select count(*) from silver.fact_transactions) + (select count(*) from silver.discarded_events) as known,
                  (select count(*) from bronze.quarantine_history) as noted`,
        ),
      ).toEqual({ known: String(await replayed()), noted: String(await replayed()) });
    }
    const last = await runCommand(replay, { env });
    expect(last).toMatchObject({ code: 0 });
    expect(await replayed()).toBe(COUNT);
    expect(
      await rowOf(
        db.settings,
        `select string_agg(command || ' ' || outcome, ', ' order by run_id) as runs from medallion.runs`,
      ),
    ).toEqual({
      runs: 'promote done, quarantine replay failed, quarantine replay failed, quarantine replay done',
    });
  });
  await withDatabase(async (fresh) => {
    // The tables are made by a promotion of nothing, so that the voucher is known when the orders come.
    await promoteAll(fresh.settings);
    await withClient(fresh.settings, (client) => client.query(VOUCHERS));
    await landEvents(fresh.settings, orders());
    await promoteAll(fresh.settings);
    const expected = await answersOf(fresh.settings);
    const found = await answersOf(db.settings);
    // Only here were they ever refused.
    expect({ ...found, quarantine: 0 }).toEqual({ ...expected, quarantine: 0 });
  });
});
