import { emptyBronze, exportBronze, timeCopy } from './bronze.ts';
import type { Bench } from './harness.ts';
import { medianPair } from './statistics.ts';

const PARTITIONS = 4;

/** `ingest` of a Kafka topic filled before against psql's \copy of the same rows into the same table. */
export const ingestKafka: Bench = {
  name: 'ingest-kafka',
  async run(stand) {
    const log = ['--quiet', '--brokers', await stand.brokers(), '--topic', 'bench'];
    const partitions = ['--partitions', String(PARTITIONS)];
    await stand.medallion([...stand.generateArguments(stand.size), ...log, ...partitions]);
    const database = await stand.database();
    const ingest = async (group: string): Promise<number> => {
      const { seconds } = await stand.medallion(['ingest', ...log, '--group', group], database);
      return seconds;
    };
    await ingest('bench-export');
    const rows = await exportBronze(stand, database);
    const { seconds, baseline, runs } = await medianPair(async (round) => {
      await emptyBronze(database);
      const seconds = await ingest(`bench-${String(round)}`);
      return { seconds, baseline: await timeCopy(database, rows, stand.size) };
    });
    await database.drop();
    await stand.stopBroker();
    return [
      {
        what: `rows/s of ingest from ${String(PARTITIONS)} partitions / of \\copy`,
        value: baseline / seconds,
        unit: 'x',
        target: { atLeast: 1 },
        runs,
        parts: { ingest: seconds, copy: baseline },
      },
    ];
  },
};
