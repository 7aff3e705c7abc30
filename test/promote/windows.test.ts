import { expect, test } from 'vitest';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowOf } from '../support/promotion.ts';

const ORDERS = 80;

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
