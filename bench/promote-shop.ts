import { compareRuns, memory, timeRatio } from './comparison.ts';
import { filled, incrementOf } from './filled.ts';
import { SMALL_SHOP, type Bench, type Database, type Figure, type Stand } from './harness.ts';
import type { Run } from './process.ts';

const MOST_RUNS = 3;
const NAMES = ['large', 'small'] as const;

/** The same number of events of the shop and of a small one: all at once, and a few more on top of them. */
export const promoteShop: Bench = {
  name: 'promote-shop',
  async run(stand) {
    const count = stand.size + MOST_RUNS * incrementOf(stand.size);
    const large = await stand.events(count);
    const small = await stand.events(count, { shop: SMALL_SHOP });
    return [...(await allAtOnce(stand, large, small)), await increment(stand, large, small)];
  },
};

async function allAtOnce(stand: Stand, large: string, small: string): Promise<Figure[]> {
  const bronzeOf = async (file: string): Promise<Database> => {
    const database = await stand.database();
    await stand.ingest(database, file, stand.size);
    return database;
  };
  const promoteCopy = async (original: Database): Promise<Run> => {
    const database = await stand.database(original);
    const run = await stand.promote(database);
    await database.drop();
    return run;
  };
  const ofLarge = await bronzeOf(large);
  const ofSmall = await bronzeOf(small);
  const comparison = await compareRuns(async () => ({
    ours: await promoteCopy(ofLarge),
    other: await promoteCopy(ofSmall),
  }));
  await ofLarge.drop();
  await ofSmall.drop();
  const events = `${String(stand.size)} events at once`;
  return [
    timeRatio(`${events} of a large shop / of a small one`, NAMES, comparison, 1.5),
    memory(`${events} of a large shop`, NAMES, comparison, 700),
  ];
}

async function increment(stand: Stand, large: string, small: string): Promise<Figure> {
  const more = incrementOf(stand.size);
  const { database: ofLarge } = await filled(stand, large, stand.size);
  const { database: ofSmall } = await filled(stand, small, stand.size);
  const comparison = await compareRuns(async () => {
    await stand.ingest(ofLarge, large, more);
    await stand.ingest(ofSmall, small, more);
    return { ours: await stand.promote(ofLarge), other: await stand.promote(ofSmall) };
  });
  await ofLarge.drop();
  await ofSmall.drop();
  return timeRatio(`${String(more)} more in a large shop / in a small one`, NAMES, comparison, 1.5);
}
