import { emptyBronze, exportBronze, timeCopy } from './bronze.ts';
import type { Bench } from './harness.ts';
import { medianPair } from './statistics.ts';

/** `ingest --from file` against psql's \copy of the same rows into the same table. */
export const ingestFile: Bench = {
  name: 'ingest-file',
  async run(stand) {
    const events = await stand.events(stand.size);
    const database = await stand.database();
    await stand.ingest(database, events, stand.size);
    const rows = await exportBronze(stand, database);
    const { seconds, baseline, runs } = await medianPair(async () => {
      await emptyBronze(database);
      const ingest = await stand.medallion(['ingest', '--quiet', '--from', events], database);
      return { seconds: ingest.seconds, baseline: await timeCopy(database, rows, stand.size) };
    });
    await database.drop();
    return [
      {
        what: 'rows/s of ingest / of \\copy',
        value: baseline / seconds,
        unit: 'x',
        target: { atLeast: 0.9 },
        runs,
        parts: { ingest: seconds, copy: baseline },
      },
    ];
  },
};
