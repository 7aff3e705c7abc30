import { compareRuns, memoryRatio, timeRatio } from './comparison.ts';
import { filled, incrementOf } from './filled.ts';
import type { Bench } from './harness.ts';

const MOST_RUNS = 3;
const DAY = '2025-12-31';

/** The same number of new events of a day that holds nearly all events, and of one that holds a tenth of them. */
export const promoteDay: Bench = {
  name: 'promote-day',
  async run(stand) {
    const increment = incrementOf(stand.size);
    const full = stand.size - increment;
    const tenth = Math.floor(stand.size / 10);
    const story = { shop: stand.shop, day: DAY };
    const events = await stand.events(full + MOST_RUNS * increment, story);
    const { database: many } = await filled(stand, events, full);
    const { database: few } = await filled(stand, events, tenth);
    const comparison = await compareRuns(async () => {
      await stand.ingest(many, events, increment);
      await stand.ingest(few, events, increment);
      return { ours: await stand.promote(many), other: await stand.promote(few) };
    });
    await many.drop();
    await few.drop();
    const what = `${String(increment)} more of a day of ${String(full)} / of ${String(tenth)}`;
    const names = ['many', 'few'] as const;
    return [timeRatio(what, names, comparison, 1.5), memoryRatio(what, names, comparison, 1.3)];
  },
};
