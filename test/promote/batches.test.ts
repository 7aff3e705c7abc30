import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loadModels } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import type { PromoteResult } from '../../src/promote/promote.ts';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

const ORDERS = 80;

/** One order each, all of one customer, of whom each says something new. */
const orders = Array.from({ length: ORDERS }, (_, n) =>
  purchase({
    id: `t${n}`,
    at: new Date(Date.UTC(2026, 0, 1, 10, n)).toISOString(),
    customer: { city: `city ${n}` },
  }),
);

/** What silver and the books hold of them. */
const STATE = `
  select count(*) as orders,
         (select city from silver.dim_customers) as city,
         (select next_offset from medallion.watermarks) as next_offset,
         (select sum(events) from medallion.stale_dates) as stale
  from silver.fact_transactions`;

/** Each order, and behind it a correction of the one before and another of the one before that. */
const events = Array.from({ length: ORDERS }, (_, n) => {
  const version = (of: number, total: number): string[] =>
    of < 0
      ? []
      : [
          purchase({
            id: `t${of}`,
            at: `2026-01-01T10:00:0${total}`,
            order: { total_amount: total },
          }),
        ];
  return [...version(n, 1), ...version(n - 1, 2), ...version(n - 2, 3)];
}).flat();

test('batches that correct each other while both sessions are at work', async () => {
  await withDatabase(async ({ settings }) => {
    await landEvents(settings, events);
    const { silver } = await promoteAll(settings, { gold: false, chunkRows: 3 });
    // All but the last two orders have three versions, those two and one.
    expect(silver).toMatchObject({ events: 3 * ORDERS - 3, superseded: 2 * (ORDERS - 2) + 1 });
    const facts = 'select count(*) as orders, sum(order_total_amount) as total';
    expect(await rowOf(settings, `${facts} from silver.fact_transactions`)).toEqual({
      orders: String(ORDERS),
      total: `${3 * (ORDERS - 2) + 2 + 1}.00`,
    });
  });
});

/** Batches of 10, 40 and 30 events. */
const batches = { gold: false, chunkRows: 40 };

/** A first order, so that there are tables, and what silver has of it. */
async function begin(settings: ConnectionSettings): Promise<void> {
  await landEvents(settings, [purchase({ id: 'first', at: '2025-12-31T10:00:00' })]);
  await promoteAll(settings, batches);
  await landEvents(settings, orders, { from: 1 });
}

/**
 * Promotes while somebody else holds the id of an order of the second batch: its facts are not written before that one's
 * transaction ends, by `end`, after `meanwhile`.
 */
async function promoteHeld(
  settings: ConnectionSettings,
  end: 'commit' | 'rollback',
  meanwhile: () => Promise<void>,
  models = loadModels(),
): Promise<PromoteResult> {
  return withClient(settings, async (holder) => {
    await holder.query('set idle_in_transaction_session_timeout = 0');
    await holder.query('begin');
    await holder.query(
      `insert into silver.fact_transactions
       select (jsonb_populate_record(t, '{"transaction_id": "t15", "transaction_key": -1}')).*
       from silver.fact_transactions t`,
    );
    const promoted = promoteAll(settings, { ...batches, models });
    promoted.catch(() => undefined);
    await meanwhile();
    await holder.query(end);
    return promoted;
  });
}

/** The third batch has written its facts, and waits for the second one. */
async function thirdWaits(settings: ConnectionSettings): Promise<void> {
  await expect.poll(() => rowsOf(settings, WAITING), { timeout: 20_000 }).toHaveLength(1);
}

/** A batch that waits for the one before, which waits for a lock. */
const WAITING = `select from pg_stat_activity where state = 'idle in transaction'
  and query like 'copy %fact_transaction_lines%' and datname = current_database()
  and exists (
      select from pg_stat_activity where wait_event_type = 'Lock'
      and query like 'copy %fact_transactions%' and datname = current_database()
  )`;

test('a batch that is ready before the one in front of it is committed after it', async () => {
  await withDatabase(async ({ settings }) => {
    await begin(settings);
    // A server's own limit, shorter than the wait.
    await rowsOf(
      settings,
      `alter database ${settings.database} set idle_in_transaction_session_timeout = '500ms'`,
    );
    const { silver } = await promoteHeld(settings, 'rollback', async () => {
      await thirdWaits(settings);
      await delay(1000);
    });
    expect(silver).toMatchObject({ events: 80, written: 80 });
    expect(await rowOf(settings, STATE)).toEqual({
      orders: '81',
      city: 'city 79',
      next_offset: '81',
      stale: '81',
    });
  });
});

test('of the batches behind one that fails nothing is kept, and the next run goes on there', async () => {
  await withDatabase(async ({ settings }) => {
    await begin(settings);
    const failing = promoteHeld(settings, 'commit', () => thirdWaits(settings));
    await expect(failing).rejects.toThrow('duplicate key');
    await rowsOf(settings, 'delete from silver.fact_transactions where transaction_key = -1');
    expect(await rowOf(settings, STATE)).toEqual({
      orders: '11',
      city: 'city 9',
      next_offset: '11',
      stale: '11',
    });
    // What the run says of itself is what it committed.
    const booked = await rowOf(
      settings,
      `select written, (select max(checked) from medallion.check_results c where c.run_id = m.run_id) as checked
       from medallion.run_models m where model = 'silver.fact_transactions' order by run_id desc limit 1`,
    );
    expect(booked).toEqual({ written: '10', checked: '10' });

    await promoteAll(settings, batches);
    expect(await rowOf(settings, STATE)).toMatchObject({ orders: '81', city: 'city 79' });
  });
});

test('an index that is made meanwhile waits for batches, and they wait for each other', async () => {
  await withDatabase(async ({ settings }) => {
    await begin(settings);
    let indexed: Promise<unknown> = Promise.resolve();
    const { silver } = await promoteHeld(settings, 'rollback', async () => {
      await thirdWaits(settings);
      indexed = rowsOf(settings, 'create index on silver.fact_transaction_lines (item_id)');
      await expect
        .poll(() =>
          rowsOf(
            settings,
            `select from pg_locks where mode = 'ShareLock' and not granted and relation is not null`,
          ),
        )
        .toHaveLength(1);
    });
    await indexed;
    expect(silver).toMatchObject({ written: 80 });
  });
});

test('a trigger of their own keeps batches apart', async () => {
  await withDatabase(async ({ settings }) => {
    await begin(settings);
    await rowsOf(
      settings,
      `create table counted (orders bigint);
       insert into counted values (0);
       create function count_order() returns trigger language plpgsql as $$
       begin
           -- Long enough for the next batch to be there.
           perform pg_sleep(0.03);
           update counted set orders = orders + 1;
           return new;
       end $$;
       create trigger count_order before insert on silver.fact_transactions
       for each row execute function count_order()`,
    );
    await promoteAll(settings, batches);
    expect(await rowOf(settings, 'select orders from counted')).toEqual({ orders: '80' });
  });
});

test('of two batches that fail the first one says why', async () => {
  await withDatabase(async ({ settings }) => {
    await begin(settings);
    const { silver, gold } = loadModels();
    const strict = silver.map((model) => ({
      ...model,
      checks: model.checks.map((check) => ({ ...check, severity: 'error' as const })),
    }));
    // An order of the third batch that does not add up.
    await rowsOf(
      settings,
      `update bronze.events set value = replace(value, '"total_amount":11.2', '"total_amount":12') where "offset" = 70`,
    );
    const failing = promoteHeld(settings, 'commit', () => delay(1500), { silver: strict, gold });
    await expect(failing).rejects.toThrow('duplicate key');
    expect(await rowOf(settings, 'select max(checked) from medallion.check_results')).toEqual({
      max: '10',
    });
    await rowsOf(settings, 'delete from silver.fact_transactions where transaction_key = -1');
    const refused = promoteAll(settings, { ...batches, models: { silver: strict, gold } });
    await expect(refused).rejects.toThrow('1 of 20 rows fail the check');
  });
});
