import { expect, test } from 'vitest';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

const ORDERS = 80;

/** Has the rows of one transaction, and with them those of its window, come into the table late, or not at all. */
const HOLD = (then: string): string => `
  create function hold() returns trigger language plpgsql as $$
  begin
      if new.transaction_id = 't15' then
          perform pg_sleep(1);
          ${then}
      end if;
      return new;
  end $$;
  create trigger hold before insert on silver.fact_transactions for each row execute function hold()`;

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
  select count(*) as orders, max(transaction_key) - min(transaction_key) as keys,
         (select city from silver.dim_customers) as city,
         (select next_offset from medallion.watermarks) as next_offset,
         (select sum(events) from medallion.touched_days) as touched
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

test('windows that correct each other while both lanes are at work', async () => {
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

/** Windows of 10, 40 and 30 events: while the second one is held up the third one writes its facts. */
const windows = { gold: false, chunkRows: 40 };

test('a window that is ready before the one in front of it is committed after it', async () => {
  await withDatabase(async ({ settings }) => {
    await promoteAll(settings, windows);
    await rowsOf(settings, HOLD(''));
    // A server's own limit, shorter than what one window waits for the other.
    await rowsOf(
      settings,
      `alter database ${settings.database} set idle_in_transaction_session_timeout = '200ms'`,
    );
    await landEvents(settings, orders);
    const { silver } = await promoteAll(settings, windows);
    expect(silver).toMatchObject({ events: 80, written: 80 });
    expect(await rowOf(settings, STATE)).toEqual({
      orders: '80',
      keys: '79',
      city: 'city 79',
      next_offset: '80',
      touched: '80',
    });
  });
});

test('of the windows behind one that fails nothing is kept, and the next run goes on there', async () => {
  await withDatabase(async ({ settings }) => {
    await promoteAll(settings, windows);
    await rowsOf(settings, HOLD(`raise exception 'held for good';`));
    await landEvents(settings, orders);
    await expect(promoteAll(settings, windows)).rejects.toThrow('held for good');
    const first = { orders: '10', keys: '9', city: 'city 9', next_offset: '10', touched: '10' };
    expect(await rowOf(settings, STATE)).toEqual(first);
    // What the run says of itself is what it committed.
    const booked = await rowOf(
      settings,
      `select written from medallion.run_models
       where model = 'silver.fact_transactions' order by run_id desc limit 1`,
    );
    expect(booked).toEqual({ written: '10' });

    await rowsOf(settings, 'drop trigger hold on silver.fact_transactions');
    await promoteAll(settings, windows);
    expect(await rowOf(settings, STATE)).toMatchObject({ orders: '80', city: 'city 79' });
  });
});
