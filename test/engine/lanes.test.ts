import { expect, test } from 'vitest';
import type { Lane, TemporaryTable } from '../../src/engine/engine.ts';
import { withDatabase } from '../support/postgres.ts';
import { openTestEngine, rowsOf } from '../support/promotion.ts';

const ROWS: TemporaryTable = { name: 'rows', columns: [{ name: 'n', type: 'integer' }] };

/** A transaction that copies rows through a temporary table and goes on for a while. */
async function work(lane: Lane, n: number): Promise<void> {
  await lane.transaction(async (transaction) => {
    await transaction.copyTemporary(`select ${String(n)} as n from range(1000)`, ROWS);
    await transaction.execute('select pg_sleep(0.05)');
    await transaction.execute('insert into landed select n from pg_temp.rows');
  });
}

test('lanes have transactions side by side, each with temporary tables of its own', async () => {
  await withDatabase(async ({ settings }) => {
    await rowsOf(settings, 'create table landed (n integer)');
    const engine = await openTestEngine(settings);
    const lanes = await Promise.all([engine.openLane(), engine.openLane(), engine.openLane()]);
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (let round = 0; round < 4; round += 1) {
          await work(lane, index);
        }
      }),
    );
    await engine.close();
    const landed = await rowsOf(settings, 'select n, count(*) from landed group by n order by n');
    expect(landed).toEqual([0, 1, 2].map((n) => ({ n: String(n), count: '4000' })));
  });
});

test('a transaction may wait for one that was asked for before it', async () => {
  await withDatabase(async ({ settings }) => {
    await rowsOf(settings, 'create table landed (n integer)');
    // Each engine has sessions that it knows nothing of.
    for (let round = 0; round < 5; round += 1) {
      const engine = await openTestEngine(settings);
      const lanes = [await engine.openLane(), await engine.openLane()] as const;
      const first = work(lanes[0], 1);
      const second = lanes[1].transaction(async (transaction) => {
        await first;
        await transaction.copyTemporary('select 2 as n', ROWS);
        // What the first one did is seen, though it was not committed when this one began.
        await transaction.execute('insert into landed select 2 from landed where n = 1 limit 1');
      });
      await Promise.all([first, second]);
      await engine.close();
    }
    const landed = await rowsOf(settings, 'select n, count(*) from landed group by n order by n');
    expect(landed).toEqual([
      { n: '1', count: '5000' },
      { n: '2', count: '5' },
    ]);
  });
});
