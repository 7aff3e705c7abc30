import { expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { withDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, quietContext, rowsOf } from '../support/promotion.ts';
import { event } from '../support/wire-event.ts';

const EVENTS = 12;

test('a promotion that loses its sessions counts what it did before and after, once', async () => {
  await withDatabase(async ({ settings }) => {
    const ids = Array.from({ length: EVENTS }, (_, number) => `txn_${String(number)}`);
    await landEvents(
      settings,
      ids.map((id) => event({ details: { transaction_id: JSON.stringify(id) } })),
    );
    const context = quietContext();
    let ending: Promise<unknown> | undefined;
    const result = await promoteAll(settings, {
      chunkRows: 1,
      context,
      // The sessions of the lock and of the run's record are idle while the engine works.
      onPublished: () => {
        ending ??= withClient(settings, (client) =>
          client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'`,
          ),
        );
      },
    });
    await ending;
    expect(context.events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: expect.stringContaining('lost PostgreSQL') as string,
      }),
    );
    expect(result.silver).toEqual({
      ...{ events: EVENTS, accepted: EVENTS, rejected: 0, skipped: 0 },
      ...{ written: EVENTS, duplicates: 0, superseded: 0 },
    });
    expect(result.gold).toEqual({ days: ['2026-01-03'], restated: 0 });
    const written = (name: string): number | undefined =>
      result.models.find(({ model }) => model === name)?.written;
    expect(written('silver.fact_transactions')).toBe(EVENTS);
    expect(written('gold.sales_performance')).toBe(1);

    // Each run's own record has its own share.
    const runs = await rowsOf(
      settings,
      `select outcome, (counts->>'events')::integer as events, (counts->>'days')::integer as days
       from medallion.runs where command = 'promote' order by run_id`,
    );
    expect(runs.length).toBeGreaterThan(1);
    expect(runs.map(({ outcome }) => outcome)).toEqual([
      ...runs.slice(1).map(() => 'failed'),
      'done',
    ]);
    expect(runs.reduce((sum, { events }) => sum + Number(events), 0)).toBe(EVENTS);
    expect(runs.reduce((sum, { days }) => sum + Number(days), 0)).toBe(1);
  });
});
