import type { Bench } from './harness.ts';
import { medianPair } from './statistics.ts';

/** The newest tenth of the events on top of the rest, against promoting all of them at once. */
export const promoteIncrement: Bench = {
  name: 'promote-increment',
  async run(stand) {
    const increment = Math.floor(stand.size / 10);
    const events = await stand.events(stand.size);
    const history = await stand.database();
    await stand.ingest(history, events, stand.size - increment);
    await stand.promote(history);
    // Else autovacuum does it, for a minute or two, beside what is timed.
    await history.execute('vacuum analyze');
    await stand.ingest(history, events, increment);
    const bronze = await stand.database();
    await stand.ingest(bronze, events, stand.size);

    const { seconds, baseline, runs } = await medianPair(async () => {
      const full = await stand.database(bronze);
      const baseline = (await stand.promote(full)).seconds;
      // Gone first, and with it the autovacuum of its new rows, which would take a core from the increment.
      await full.drop();
      const grown = await stand.database(history);
      const { seconds } = await stand.promote(grown);
      await grown.drop();
      return { seconds, baseline };
    });
    await bronze.drop();
    await history.drop();
    return [
      {
        what: 'time of the newest tenth / of everything at once',
        value: seconds / baseline,
        unit: 'x',
        target: { atMost: 0.15 },
        runs,
        parts: { increment: seconds, full: baseline },
      },
    ];
  },
};
