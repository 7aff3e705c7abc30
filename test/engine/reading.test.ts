import { expect, test } from 'vitest';
import { DEFAULT_REPORTING } from '../../src/config/reporting.ts';
import { withClient } from '../../src/postgres/client.ts';
import { withDatabase } from '../support/postgres.ts';
import { openTestEngine, promoteAll, rowOf } from '../support/promotion.ts';

test.each([
  ['57014', 'canceling statement due to user request'],
  ['57014', 'canceling statement due to statement timeout'],
  ['53200', 'out of memory'],
  ['53100', 'could not extend file: No space left on device'],
  ['22P02', 'invalid input syntax for type json'],
  ['P0001', 'Malformed JSON, says somebody else'],
])('a batch that cannot be read (%s: %s) is not read a second time', async (code, message) => {
  await withDatabase(async ({ settings }) => {
    await promoteAll(settings);
    // PostgreSQL counts the scans of a table, also of what is rolled back.
    await withClient(settings, (client) =>
      client.query(
        `alter table bronze.events rename to stored_events;
         create table public.readings ();
         create function public.fail() returns boolean language plpgsql as $$
         begin
             perform from public.readings;
             raise exception using errcode = '${code}', message = '${message}';
         end $$;
         create view bronze.events as
         select stored.* from (select public.fail() as nothing offset 0) as failing
         left join bronze.stored_events as stored on failing.nothing`,
      ),
    );
    const engine = await openTestEngine(settings);
    const session = await engine.openSession();
    const range = { topic: 'sales', partition: 0, from: 0n, to: 1n, events: 1 };
    await expect(
      session.readBatch({
        ...{ ranges: [range], again: [], archive: [], reporting: DEFAULT_REPORTING },
        ...{ runId: 1n, firstKey: 0n },
      }),
    ).rejects.toThrow(message);
    await engine.close();
    const counted = `select seq_scan from pg_stat_user_tables where relname = 'readings'`;
    // A session hands in its counts when it ends.
    await expect.poll(() => rowOf(settings, counted)).toEqual({ seq_scan: '1' });
  });
});
