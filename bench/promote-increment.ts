import { medianPair, type Bench } from './harness.ts';

/** The newest tenth of the events on top of the rest, against promoting all of them at once. */
export const promoteIncrement: Bench = {
  name: 'promote-increment',
  async run(stand) {
    const increment = Math.floor(stand.size / 10);
    const events = await stand.events(stand.size);
    const history = await stand.database();
    await stand.ingest(history, events, stand.size - increment);
    await stand.promote(history);
    await stand.ingest(history, events, increment);
    const bronze = await stand.database();
    await stand.ingest(bronze, events, stand.size);

    const { seconds, baseline, runs } = await medianPair(async () => {
      const [full, grown] = [await stand.database(bronze), await stand.database(history)];
      const baseline = (await stand.promote(full)).seconds;
      const { seconds } = await stand.promote(grown);
      await full.drop();
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
