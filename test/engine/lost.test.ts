import { expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { withDatabase } from '../support/postgres.ts';
import { openTestEngine } from '../support/promotion.ts';

test('an engine whose warehouse is lost in mid-transaction says so, and closes', async () => {
  await withDatabase(async ({ settings }) => {
    const engine = await openTestEngine(settings);
    const lane = await engine.openLane();
    const losing = lane.transaction(async (transaction) => {
      await transaction.execute('create temporary table work ()');
      await withClient(settings, (client) =>
        client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        ),
      );
      await transaction.execute('select 1');
    });
    await expect(losing).rejects.toMatchObject({ code: 'unreachable', retriable: true });
    // DuckDB would end this process, had the transaction been left open.
    await engine.close();
  });
});
