import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadModels } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import { planTables } from '../../src/promote/plan.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, withDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  landEvents,
  promoteAll,
  quietContext,
  rowOf,
  rowsOf,
} from '../support/promotion.ts';
import { runReconcile } from '../support/reconcile.ts';

/** A first promotion, or a full refresh, of more than one batch fills silver without keys and builds them at the end. */

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

const sale = (id: string, minute: number, total: number, customer = `c${minute % 5}`): string =>
  purchase({
    id,
    at: `2026-01-0${1 + (minute % 3)}T10:${String(minute).padStart(2, '0')}:00`,
    customer: { id: customer, city: `city ${minute}` },
    order: { total_amount: total },
    items: [{}, { id: `prod_${minute % 4}`, cost: minute }],
  });

/**
 * Thirty orders, of which each third is repeated, each fifth corrected, and one corrected to another customer and back to
 * what it was, all of it many batches later; the last events say what was there before.
 */
const ORDERS = 30;
const events = [
  ...Array.from({ length: ORDERS }, (_, n) => sale(`t${n}`, n, 10 + n)),
  ...Array.from({ length: 10 }, (_, n) => sale(`t${3 * n}`, 3 * n, 10 + 3 * n)),
  ...Array.from({ length: 6 }, (_, n) => sale(`t${5 * n}`, 5 * n + 1, 100 + n)),
  sale('t7', 40, 70, 'someone else'),
  sale('t7', 7, 17),
  'no event',
];

/** Two events a batch. */
const small = { chunkRows: 2 };

/** The keys and indexes of the facts, as the database has them. */
const KEYS = `select tablename, regexp_replace(indexdef, '^.* USING ', '') as key from pg_indexes
  where schemaname = 'silver' and tablename like 'fact%' order by 1, 2`;

const REST = `select (select count(*) from medallion.deferred_events) as deferred,
  (select count(*) from medallion.refreshes) as filling,
  (select count(*) from pg_tables where schemaname = 'medallion' and tablename like 'waiting%') as tables`;
const NOTHING = { deferred: '0', filling: '0', tables: '0' };

/** What one batch makes of the same events, and its keys. */
let answers: unknown;
let keys: unknown;

beforeAll(async () => {
  await withDatabase(async ({ settings }) => {
    await landEvents(settings, events);
    await promoteAll(settings);
    answers = await answersOf(settings);
    keys = await rowsOf(settings, KEYS);
  });
});

async function reconciled(): Promise<{ different: readonly string[]; waiting: number }> {
  // A home without a log: only what the warehouse says of itself is looked at.
  const env = { DATABASE_URL: db.url, MEDALLION_HOME: '/nonexistent' };
  const found = await runReconcile([], { env });
  return {
    different: found.different.filter((line) => !line.startsWith('log')),
    waiting: found.sum('bronze-to-silver', 'waiting'),
  };
}

test('a fill of many batches comes to what one batch comes to, keys and all', async () => {
  await landEvents(db.settings, events);
  const { silver } = await promoteAll(db.settings, small);
  expect(silver).toMatchObject({ events: events.length, rejected: 1, accepted: events.length - 1 });
  expect(await answersOf(db.settings)).toEqual(answers);
  expect(await rowsOf(db.settings, KEYS)).toEqual(keys);
  expect(await rowOf(db.settings, REST)).toEqual(NOTHING);
  expect(await reconciled()).toEqual({ different: [], waiting: 0 });

  await promoteAll(db.settings, { ...small, fullRefresh: true });
  expect(await answersOf(db.settings)).toEqual(answers);
  expect(await rowsOf(db.settings, KEYS)).toEqual(keys);
  expect(await rowOf(db.settings, REST)).toEqual(NOTHING);
});

describe.each(['a first promotion', 'a full refresh'])('%s that ends early', (kind) => {
  const options = { ...small, fullRefresh: kind === 'a full refresh' };

  beforeEach(async () => {
    await landEvents(db.settings, events);
    if (options.fullRefresh) {
      await promoteAll(db.settings);
    }
  });

  test.each([
    [2, 'among the batches of a fill'],
    [25, 'among the last of them'],
    [32, 'among those that were deferred'],
  ])('after %i events, %s, is gone on with', async (after) => {
    const interrupt = new AbortController();
    const context = {
      ...quietContext(interrupt.signal),
      emit: (event: { type: string; step?: string; done?: number }) => {
        if (
          event.type === 'step.progress' &&
          event.step === 'silver' &&
          (event.done ?? 0) >= after
        ) {
          interrupt.abort();
        }
      },
    };
    await expect(promoteAll(db.settings, { ...options, context })).rejects.toThrow('interrupted');
    const isFilled = after > ORDERS;
    expect(await rowsOf(db.settings, KEYS)).toEqual(isFilled ? keys : []);
    const tables = isFilled ? '0' : '2';
    expect(await rowOf(db.settings, REST)).toMatchObject({ filling: '1', tables });
    const { different, waiting } = await reconciled();
    // Gold is what it was, or nothing: it is not held against a silver that is not whole.
    expect(different.filter((line) => line.startsWith('bronze-to-silver'))).toEqual([]);
    expect(waiting).toBeGreaterThan(0);
    expect(await planTables(db.settings, loadModels())).toEqual([]);
    await expect(promoteAll(db.settings, { silver: false })).rejects.toThrow('did not finish');

    await promoteAll(db.settings, small);
    expect(await answersOf(db.settings)).toEqual(answers);
    expect(await rowsOf(db.settings, KEYS)).toEqual(keys);
    expect(await rowOf(db.settings, REST)).toEqual(NOTHING);
    expect(await reconciled()).toEqual({ different: [], waiting: 0 });
  });

  test('because the keys cannot be built is gone on with', async () => {
    await rowsOf(
      db.settings,
      `create function refuse_keys() returns event_trigger language plpgsql as $$
       begin
           if current_query() ilike 'alter table%add primary key%' then raise exception 'no keys today'; end if;
       end $$;
       create event trigger refuse_keys on ddl_command_start execute function refuse_keys()`,
    );
    await expect(promoteAll(db.settings, options)).rejects.toThrow('no keys today');
    expect(await rowOf(db.settings, REST)).toMatchObject({ filling: '1', tables: '2' });
    expect((await rowOf(db.settings, REST))['deferred']).not.toBe('0');
    await rowsOf(db.settings, 'drop event trigger refuse_keys');

    await promoteAll(db.settings, small);
    expect(await answersOf(db.settings)).toEqual(answers);
    expect(await rowsOf(db.settings, KEYS)).toEqual(keys);
    expect(await rowOf(db.settings, REST)).toEqual(NOTHING);
  });
});

test('a key that something of somebody else depends on stays, and so does an index of theirs', async () => {
  await landEvents(db.settings, events);
  await promoteAll(db.settings);
  await rowsOf(
    db.settings,
    `create view public.mine as
     select transaction_key, order_total_amount from silver.fact_transactions group by transaction_key;
     create index theirs on silver.fact_transaction_lines (item_id)`,
  );
  const before = await rowsOf(db.settings, KEYS);
  const context = quietContext();
  await promoteAll(db.settings, { ...small, fullRefresh: true, context });
  expect(context.events).not.toContainEqual({ type: 'step.started', step: 'keys' });
  await rowsOf(db.settings, 'drop view public.mine');
  const again = quietContext();
  await promoteAll(db.settings, { ...small, fullRefresh: true, context: again });
  expect(again.events).toContainEqual({ type: 'step.started', step: 'keys' });
  expect(await rowsOf(db.settings, KEYS)).toEqual(before);
  expect(await answersOf(db.settings)).toEqual(answers);
});

test('events that come in while a promotion with nothing to do looks at its tables are the next one’s', async () => {
  await withClient(db.settings, async (client) => {
    await client.query('begin');
    await client.query('lock table medallion.unfilled_marts');
    const idle = promoteAll(db.settings, small);
    await expect
      .poll(
        () =>
          rowsOf(
            db.settings,
            `select from pg_stat_activity
             where wait_event_type = 'Lock' and datname = current_database()`,
          ),
        { timeout: 20_000 },
      )
      .toHaveLength(1);
    await landEvents(db.settings, events);
    await client.query('commit');
    expect(await idle).toMatchObject({ silver: { events: 0 } });
  });
  await promoteAll(db.settings, small);
  expect(await answersOf(db.settings)).toEqual(answers);
  expect(await rowsOf(db.settings, KEYS)).toEqual(keys);
  expect(await rowOf(db.settings, REST)).toEqual(NOTHING);
});
