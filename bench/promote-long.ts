import { compareRuns, memory, timeRatio } from './comparison.ts';
import { filled, incrementOf } from './filled.ts';
import type { Bench } from './harness.ts';

const TIMES = 10;
const MOST_RUNS = 3;
const NAMES = ['long', 'short'] as const;

/**
 * A history of ten times as many events and days, as dense as the other: all at once, where time and CPU must be linear,
 * and a few more events on top of it.
 */
export const promoteLong: Bench = {
  name: 'promote-long',
  async run(stand) {
    const increment = incrementOf(stand.size);
    const length = TIMES * stand.size;
    const events = await stand.events(length + MOST_RUNS * increment);
    // The very first promotion on a new server takes longer: it must not be the one that counts.
    await (await filled(stand, events, stand.size)).database.drop();
    const short = await filled(stand, events, stand.size);
    const long = await filled(stand, events, length);
    // Once: the long one takes as long as all other benches together.
    const atOnce = { ours: long.promote, other: short.promote, runs: 1 };
    const more = await compareRuns(async () => {
      await stand.ingest(long.database, events, increment);
      await stand.ingest(short.database, events, increment);
      return {
        ours: await stand.promote(long.database),
        other: await stand.promote(short.database),
      };
    });
    await long.database.drop();
    await short.database.drop();
    await stand.discard(events);
    const sizes = `${String(length)} / ${String(stand.size)}`;
    const time = timeRatio(`${sizes} events at once`, NAMES, atOnce, 1.1 * TIMES);
    return [
      time,
      {
        ...time,
        what: `CPU of ${sizes} events at once`,
        value: atOnce.ours.cpuSeconds / atOnce.other.cpuSeconds,
      },
      memory(`${String(length)} events at once`, NAMES, atOnce, 700),
      timeRatio(`${String(increment)} more on ${sizes} events`, NAMES, more, 1.5),
    ];
  },
};
