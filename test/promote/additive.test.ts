import { describe, expect, test } from 'vitest';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { purchase } from '../support/orders.ts';
import { withDatabase } from '../support/postgres.ts';
import { answersOf, landEvents, promoteAll, quietContext, rowsOf } from '../support/promotion.ts';

/** The marts follow the rows that come and go; made again from all facts they say the same, row by row. */

/** A small generator of numbers with a seed (mulberry32): the same stream in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Orders of few customers on few days: new ones, late ones, repeated ones, and versions that move all there is to move. */
function* stream(seed: number): Generator<string, never> {
  const random = randomOf(seed);
  const sent: string[] = [];
  for (let number = 0; ; number += 1) {
    const isVersion = sent.length > 0 && random(3) === 0;
    if (isVersion && random(3) === 0) {
      yield sent[random(sent.length)] ?? '';
      continue;
    }
    const id = `t${String(isVersion ? random(number) : number)}`;
    const minute = String(random(60)).padStart(2, '0');
    const event = purchase({
      id,
      at: `2026-0${String(1 + random(2))}-0${String(1 + random(4))}T1${String(random(10))}:${minute}:00`,
      type: random(8) === 0 ? 'refund' : 'purchase',
      customer: {
        id: `cust_${String(random(5))}`,
        country: random(2) === 0 ? 'DE' : 'ES',
        city: ['Köln', 'Bonn', 'Vigo'][random(3)] ?? '',
      },
      order: { total_amount: random(2000) / 100 - 3, payment_method: 1 + random(3) },
      items: Array.from({ length: 1 + random(3) }, () => ({
        id: `prod_${String(random(4))}`,
        category: ['toys', 'books'][random(2)] ?? '',
        quantity: 1 + random(5),
        unit_price: random(1000) / 100,
        discount: random(100) / 100,
        cost: random(500) / 100,
      })),
    });
    sent.push(event);
    yield event;
  }
}

/** What all marts say, as they are and made again from the facts. */
async function expectWhole(settings: ConnectionSettings): Promise<void> {
  const followed = await answersOf(settings);
  await promoteAll(settings, { silver: false, fullRefresh: true });
  expect(followed).toEqual(await answersOf(settings));
}

describe.each([1, 2])('a random stream (%i)', (seed) => {
  test('run by run', async () => {
    await withDatabase(async ({ settings }) => {
      const events = stream(seed);
      let from = 0;
      for (const size of [30, 1, 12, 40]) {
        const batch = Array.from({ length: size }, () => events.next().value);
        await landEvents(settings, batch, { from });
        from += size;
        await promoteAll(settings, { chunkRows: 8 });
        await expectWhole(settings);
      }
    });
  });

  test('with runs that end between silver and gold', async () => {
    await withDatabase(async ({ settings }) => {
      const events = stream(seed);
      let from = 0;
      for (const size of [20, 20, 20]) {
        const batch = Array.from({ length: size }, () => events.next().value);
        await landEvents(settings, batch, { from });
        from += size;
        const interrupt = new AbortController();
        const context = quietContext(interrupt.signal);
        // The first batch is committed, and then the run is stopped.
        const emit: typeof context.emit = (event) => {
          if (event.type === 'step.progress') {
            interrupt.abort();
          }
        };
        await expect(
          promoteAll(settings, { chunkRows: 8, context: { ...context, emit } }),
        ).rejects.toMatchObject({ code: 'interrupted' });
        expect(await rowsOf(settings, 'select from medallion.stale_dates limit 1')).toHaveLength(1);
        await promoteAll(settings, { chunkRows: 8 });
        await expectWhole(settings);
      }
    });
  });
});

test('a mart that somebody has changed is not made worse: gold stays, and says how to make it again', async () => {
  await withDatabase(async ({ settings }) => {
    const order = (total: number, second: number): string =>
      purchase({
        id: 'a',
        at: `2026-01-01T10:00:0${String(second)}`,
        order: { total_amount: total },
      });
    await landEvents(settings, [order(1, 0)]);
    await promoteAll(settings);
    await rowsOf(settings, 'delete from gold.payment_performance');
    // The correction takes an order away that the mart does not have.
    await landEvents(settings, [order(2, 1).replace('"payment_method":1', '"payment_method":2')], {
      from: 1,
    });
    await expect(promoteAll(settings)).rejects.toMatchObject({
      code: 'check_failed',
      message: expect.stringContaining('gold.payment_performance') as unknown,
    });
    expect(
      await rowsOf(settings, 'select order_total_amount_day from gold.sales_performance'),
    ).toEqual([{ order_total_amount_day: '1.00' }]);
    // Its days are stale now: the next run computes them whole.
    await promoteAll(settings);
    await expectWhole(settings);
    expect(
      await rowsOf(settings, 'select payment_method_id, revenue from gold.payment_performance'),
    ).toEqual([{ payment_method_id: '2', revenue: '2.00' }]);
  });
});
