import { FACTS } from './filled.ts';
import type { Bench, Database, Figure, Stand } from './harness.ts';
import type { Run } from './process.ts';
import { medianPair } from './statistics.ts';

/** A first promotion of everything, against moving the same rows by COPY alone; and how much memory it takes. */
export const promoteFull: Bench = {
  name: 'promote-full',
  async run(stand) {
    const bronze = await stand.database();
    await stand.ingest(bronze, await stand.events(stand.size), stand.size);
    const promotions: Run[] = [];
    const result = await medianPair(async () => {
      const database = await stand.database(bronze);
      const promote = await stand.promote(database);
      promotions.push(promote);
      const parts = await copyParts(stand, bronze, database);
      await database.drop();
      const baseline = Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
      return { ...promote, baseline, parts };
    });
    const small = await stand.promote(bronze, '--full-refresh', '--memory-limit', '400MB');
    await bronze.drop();
    return [
      {
        what: 'time of promote / of COPY bronze out and facts in',
        value: result.seconds / result.baseline,
        unit: 'x',
        target: { atMost: 1.3 },
        runs: result.runs,
        parts: { promote: result.seconds, ...result.parts },
      },
      memory('peak memory, default settings', promotions, 1500),
      memory('peak memory, --memory-limit 400MB', [small], 800),
    ];
  },
};

/** The most that any of the runs held. */
function memory(what: string, runs: readonly Run[], limit: number): Figure {
  const most = runs.reduce((a, b) => (b.peakMegabytes > a.peakMegabytes ? b : a));
  return {
    what,
    value: most.peakMegabytes,
    unit: 'MB',
    target: { atMost: limit },
    runs: runs.length,
    parts: { promote: most.seconds },
  };
}

/**
 * Seconds of psql for each part of the way that the rows have to go at least. Bronze is read as promote finds it,
 * in a copy that nobody has read: the first reader of a row marks it as committed.
 */
async function copyParts(
  stand: Stand,
  bronze: Database,
  database: Database,
): Promise<Record<string, number>> {
  const parts: Record<string, number> = {};
  const unread = await stand.database(bronze);
  await unread.settle();
  const columns = 'topic, partition, "offset", produced_at, value';
  const out = await unread.psql(`\\copy (select ${columns} from bronze.events) to '/dev/null'`);
  parts['bronze out'] = out.seconds;
  await unread.drop();
  await database.execute('create schema bench');
  for (const table of FACTS) {
    const file = stand.file(`${table}.copy`);
    await database.psql(`\\copy silver.${table} to '${file}' with (format binary)`);
    await database.execute(`create table bench.${table} (like silver.${table} including all)`);
    await database.settle();
    const load = await database.psql(`\\copy bench.${table} from '${file}' with (format binary)`);
    parts[`${table} in`] = load.seconds;
  }
  return parts;
}
