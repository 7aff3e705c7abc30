import { emptyBronze } from './bronze.ts';
import type { Bench, Database, Figure, Stand } from './harness.ts';

const PARTITIONS = 8;
const MEMBERS = 4;

/**
 * Several `ingest` in one consumer group against one alone, over the same topic. The time is that between the first batch
 * in bronze and the last: how long members take to find each other does not count.
 */
export const ingestGroup: Bench = {
  name: 'ingest-group',
  isOnRequest: true,
  async run(stand) {
    const log = ['--quiet', '--brokers', await stand.brokers(), '--topic', 'bench-group'];
    const partitions = ['--partitions', String(PARTITIONS)];
    await stand.medallion([...stand.generateArguments(stand.size), ...log, ...partitions]);
    const database = await stand.database();
    const alone = await measure(stand, database, log, 1);
    const together = await measure(stand, database, log, MEMBERS);
    await database.drop();
    await stand.stopBroker();
    const figure: Figure = {
      what: `rows/s of ${String(MEMBERS)} ingest in one group / of one, ${String(PARTITIONS)} partitions`,
      value: alone.seconds / together.seconds,
      unit: 'x',
      runs: 1,
      parts: {
        'rows/s of one': stand.size / alone.seconds,
        'rows/s of all': stand.size / together.seconds,
        'CPU of one': alone.cpuSeconds,
        'CPU of all': together.cpuSeconds,
      },
    };
    return [figure];
  },
};

async function measure(
  stand: Stand,
  database: Database,
  log: readonly string[],
  members: number,
): Promise<{ seconds: number; cpuSeconds: number }> {
  await emptyBronze(database);
  const group = ['--group', `bench-group-${String(members)}`];
  const runs = await Promise.all(
    Array.from({ length: members }, () => stand.medallion(['ingest', ...log, ...group], database)),
  );
  return {
    seconds: await database.number(
      'select extract(epoch from max(ingested_at) - min(ingested_at)) from bronze.events',
    ),
    cpuSeconds: runs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}
