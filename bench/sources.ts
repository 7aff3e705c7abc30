import { stat } from 'node:fs/promises';
import { parseConfig } from '../src/config.ts';
import { DEFAULT_REPORTING } from '../src/config/reporting.ts';
import { openDuckDb } from '../src/engine/duckdb/engine.ts';
import { loadSources } from '../src/source/read.ts';
import type { Bench, Database, Figure, Stand } from './harness.ts';
import { writeShopifyOrders } from './shopify-orders.ts';
import { medianPair } from './statistics.ts';

const MOST_ORDERS = 100_000;
/** Parts in which the reading step gets the orders: those of the longer ones are 65 MB each. */
const BATCHES = 20;
const STAGES = ['reading', 'ingest', 'promote', 'ingest and promote'] as const;
const SHOPIFY = 'shopify';

/** A file of orders, and the source that maps them; none where they are events already. */
interface Orders {
  readonly file: string;
  readonly bytes: number;
  readonly source?: string;
}

/** What each stage took of the orders, in seconds. */
interface Taken extends Readonly<Record<(typeof STAGES)[number], number>> {
  /** Of all orders, in money. */
  readonly total: string;
}

/** The same orders in medallion's own shape and as Shopify sends them, short and whole: bytes a second. */
export const sources: Bench = {
  name: 'sources',
  async run(stand) {
    const count = Math.min(stand.size, MOST_ORDERS);
    const file = await stand.events(count);
    const own = { file, bytes: (await stat(file)).size };
    const figures: Figure[] = [];
    for (const isWhole of [false, true]) {
      const file = stand.file(`shopify-${isWhole ? 'whole' : 'short'}.ndjson`);
      const bytes = await writeShopifyOrders(own.file, file, isWhole);
      figures.push(...(await compare(stand, count, { file, bytes, source: SHOPIFY }, own)));
      await stand.discard(file);
    }
    return figures;
  },
};

async function compare(
  stand: Stand,
  count: number,
  mapped: Orders,
  own: Orders,
): Promise<Figure[]> {
  const rounds: { ours: Taken; other: Taken }[] = [];
  while (rounds.length < 3) {
    const ours = await takeIn(stand, count, mapped);
    const other = await takeIn(stand, count, own);
    if (ours.total !== other.total) {
      throw new Error(`orders of ${ours.total} in all became ${other.total}`);
    }
    rounds.push({ ours, other });
  }
  const figures: Figure[] = [];
  for (const stage of STAGES) {
    const { seconds, baseline, runs } = await medianPair((round) =>
      Promise.resolve({
        seconds: rounds[round]?.ours[stage] ?? NaN,
        baseline: rounds[round]?.other[stage] ?? NaN,
      }),
    );
    const rate = ({ bytes }: Orders, of: number): number => bytes / of / 1e6;
    figures.push({
      what: `${stage}: bytes/s of Shopify's orders of ${(mapped.bytes / count / 1000).toFixed(1)} KB / of events`,
      value: rate(mapped, seconds) / rate(own, baseline),
      unit: 'x',
      target: { atLeast: 0.5 },
      runs,
      parts: {
        ...{ 'MB/s of orders': rate(mapped, seconds), 'MB/s of events': rate(own, baseline) },
        ...{ 'events/s of orders': count / seconds, 'events/s of events': count / baseline },
      },
    });
  }
  return figures;
}

async function takeIn(stand: Stand, count: number, { file, source }: Orders): Promise<Taken> {
  const database = await stand.database();
  const flags = source === undefined ? [] : ['--source', source];
  const { seconds: ingest } = await stand.ingest(database, file, count, ...flags);
  const { seconds: promote } = await stand.promote(database);
  const total = await database.text('select sum(order_total_amount) from silver.fact_transactions');
  const reading = await readAll(stand, database, count, source);
  await database.drop();
  return { reading, ingest, promote, 'ingest and promote': ingest + promote, total };
}

/** Seconds in which one thread reads bronze into typed rows: a promotion's first step, in which the shapes differ. */
async function readAll(
  stand: Stand,
  database: Database,
  count: number,
  source: string | undefined,
): Promise<number> {
  const topic = await database.text('select distinct topic from bronze.events');
  const { host, port, user, password, database: name } = database.settings;
  const engine = await openDuckDb(
    {
      warehouse: { host, port, user, password, database: name, tls: undefined },
      duckdb: parseConfig({}, stand.environment(), stand.file('')).duckdb,
      ...{ memoryLimit: '800MB', threads: 1, spillDirectory: stand.file('spill') },
    },
    { signal: new AbortController().signal, emit: () => undefined },
  );
  try {
    const session = await engine.openSession();
    const begin = performance.now();
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const [from, to] = [batch, batch + 1].map((part) => Math.floor((part * count) / BATCHES));
      const { accepted } = await session.readBatch({
        ranges: [
          {
            ...{ topic, partition: 0, from: BigInt(from ?? 0), to: BigInt(to ?? 0) },
            events: count / BATCHES,
          },
        ],
        ...{ again: [], archive: [], reporting: DEFAULT_REPORTING, runId: 1n, firstKey: 1n },
        source: source === undefined ? undefined : loadSources(undefined).get(source),
      });
      if (accepted !== (to ?? 0) - (from ?? 0)) {
        throw new Error(`${String(accepted)} orders of a batch were accepted`);
      }
    }
    return (performance.now() - begin) / 1000;
  } finally {
    await engine.close();
  }
}
