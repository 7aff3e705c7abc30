import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { withClient } from '../src/postgres/client.ts';
import { filled } from './filled.ts';
import {
  SMALL_SHOP,
  shopArguments,
  type Bench,
  type Figure,
  type Stand,
  type Story,
} from './harness.ts';
import { quantile } from './statistics.ts';

/** Events a second. */
const RATE = 2000;
const WARM_UP_MS = 15_000;
const MEASURED_MS = 90_000;
const POLL_MS = 20;

/**
 * How old gold is while events come in from a broker at a rate and `run --every 1s` takes them in: at each publication
 * of gold the age of the newest event in it, counted from when it was sent, and the time since the publication before.
 * Once on a history of a small shop, once on a day that is as large as that history, of the shop of the bench.
 */
export const freshness: Bench = {
  name: 'freshness',
  async run(stand) {
    const today = new Date().toISOString().slice(0, 10);
    const usual = await measure(stand, 'small shop', { shop: SMALL_SHOP });
    const large = await measure(stand, 'large day and shop', { shop: stand.shop, day: today });
    await stand.stopBroker();
    return [...usual, ...large];
  },
};

/** What was seen at a publication. Milliseconds. */
interface Publication {
  readonly at: number;
  /** Of the newest event in gold. */
  readonly age: number;
}

async function measure(stand: Stand, name: string, story: Story): Promise<Figure[]> {
  const { database } = await filled(stand, await stand.events(stand.size, story), stand.size);
  const topic = `freshness-${randomBytes(4).toString('hex')}`;
  const log = ['--quiet', '--brokers', await stand.brokers(), '--topic', topic];
  const rate = ['--follow', '--rate', String(RATE), '--partitions', '1'];
  const generate = stand.start(['generate', ...rate, ...shopArguments(story.shop), ...log]);
  const run = stand.start(['run', '--every', '1s', '--group', topic, ...log], database);
  // Neither ends by itself, unless it fails.
  const work = Promise.race([generate.ended, run.ended]).then(() => {
    throw new Error('generate or run has ended before its time');
  });
  work.catch(() => undefined);
  try {
    const observed = await withClient(database.settings, async (client) => {
      await Promise.race([sleep(WARM_UP_MS), work]);
      const before = run.soFar();
      const publications = await observe(client, topic, stand.size, MEASURED_MS, work);
      return { publications, cpuSeconds: run.soFar().cpuSeconds - before.cpuSeconds };
    });
    return figures(name, observed.publications, observed.cpuSeconds);
  } finally {
    await Promise.allSettled([generate.stop(), run.stop()]);
    await database.drop();
  }
}

/**
 * Watches gold. Each event of the topic is one order, in order, of one partition: so many more orders than before it
 * tell which event is the newest one in gold.
 */
async function observe(
  client: pg.Client,
  topic: string,
  before: number,
  forMs: number,
  work: Promise<never>,
): Promise<Publication[]> {
  const publications: Publication[] = [];
  const end = performance.now() + forMs;
  let known: number | undefined;
  while (performance.now() < end) {
    const { rows } = await client.query<{ orders: string; at: string }>(
      `select sum(total_orders) as orders, extract(epoch from clock_timestamp()) * 1000 as at
       from gold.sales_performance`,
    );
    const orders = Number(rows[0]?.orders);
    const at = Number(rows[0]?.at);
    if (known !== undefined && orders !== known) {
      const newest = await client.query<{ sent: string }>(
        `select extract(epoch from produced_at) * 1000 as sent
         from bronze.events where topic = $1 and partition = 0 and "offset" = $2`,
        [topic, orders - before - 1],
      );
      publications.push({ at, age: at - Number(newest.rows[0]?.sent) });
    }
    known = orders;
    await Promise.race([sleep(POLL_MS), work]);
  }
  return publications;
}

function figures(name: string, seen: readonly Publication[], cpuSeconds: number): Figure[] {
  const ages = seen.map(({ age }) => age / 1000);
  const intervals = seen.slice(1).map(({ at }, index) => (at - (seen[index]?.at ?? NaN)) / 1000);
  const runs = seen.length;
  const spread = (values: readonly number[]): Figure['parts'] => ({
    median: quantile(values, 0.5),
    '95 of 100': quantile(values, 0.95),
    worst: quantile(values, 1),
  });
  return [
    {
      what: `${name}: age of the newest event in gold, 95 of 100`,
      value: quantile(ages, 0.95),
      unit: 's',
      target: { atMost: 1.5 },
      runs,
      parts: spread(ages),
    },
    {
      what: `${name}: between two publications, median`,
      value: quantile(intervals, 0.5),
      unit: 's',
      target: { atMost: 1.1 },
      runs,
      parts: spread(intervals),
    },
    {
      what: `${name}: CPU of run a publication`,
      value: cpuSeconds / runs,
      unit: 's',
      runs,
      parts: { 'CPU in all': cpuSeconds },
    },
  ];
}
