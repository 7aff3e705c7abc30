import { setTimeout as sleep } from 'node:timers/promises';
import { FACTS, filled, incrementOf } from './filled.ts';
import type { Bench, Database } from './harness.ts';
import { medianPair } from './statistics.ts';

const MOST_RUNS = 3;
/** PostgreSQL's processes hand in what they counted at least this often. */
const STATISTICS_MS = 1500;

/**
 * The same number of new events on top of the whole history and of a tenth of it, with as many orders a day.
 * Gold reads the months it touches: of a history of less than two, below 200,000 events, that is the whole table, and
 * PostgreSQL then rightly scans it.
 */
export const promoteHistory: Bench = {
  name: 'promote-history',
  async run(stand) {
    const increment = incrementOf(stand.size);
    const events = await stand.events(stand.size + MOST_RUNS * increment);
    const { database: whole } = await filled(stand, events, stand.size);
    const { database: tenth } = await filled(stand, events, Math.floor(stand.size / 10));

    let scans = 0;
    let rowsScanned = 0;
    const result = await medianPair(async () => {
      await stand.ingest(whole, events, increment);
      await stand.ingest(tenth, events, increment);
      const before = await factReads(whole);
      const { seconds } = await stand.promote(whole);
      const after = await factReads(whole);
      scans += after.scans - before.scans;
      rowsScanned += after.rowsScanned - before.rowsScanned;
      const baseline = (await stand.promote(tenth)).seconds;
      return { seconds, baseline, fetched: after.rowsFetched - before.rowsFetched };
    });
    const facts = await factReads(whole);
    await whole.drop();
    await tenth.drop();
    const { runs } = result;
    return [
      {
        what: `time of ${String(increment)} more on all / on a tenth`,
        value: result.seconds / result.baseline,
        unit: 'x',
        target: { atMost: 1.5 },
        runs,
        parts: { whole: result.seconds, tenth: result.baseline },
      },
      {
        what: 'sequential scans of a fact table',
        value: scans,
        unit: 'scans',
        target: { atMost: 0 },
        runs,
        parts: {},
      },
      {
        what: 'fact rows read without an index',
        value: rowsScanned,
        unit: 'rows',
        target: { atMost: 0 },
        runs,
        parts: { 'rows by index': result.fetched, 'rows in the tables': facts.rows },
      },
    ];
  },
};

interface FactReads {
  readonly scans: number;
  /** Rows that a scan of the table gave, by page ranges (which are no sequential scans) too. */
  readonly rowsScanned: number;
  readonly rowsFetched: number;
  readonly rows: number;
}

/** What all statements so far have read of the fact tables. */
async function factReads(database: Database): Promise<FactReads> {
  await sleep(STATISTICS_MS);
  const total = (column: string): Promise<number> =>
    database.number(
      `select coalesce(sum(${column}), 0) from pg_stat_user_tables
       where schemaname = 'silver' and relname in (${FACTS.map((table) => `'${table}'`).join(', ')})`,
    );
  return {
    scans: await total('seq_scan'),
    rowsScanned: await total('seq_tup_read'),
    rowsFetched: await total('idx_tup_fetch'),
    rows: await total('n_live_tup'),
  };
}
