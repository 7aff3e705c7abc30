import { mkdir } from 'node:fs/promises';
import { startSchemaRegistry } from '../scripts/schema-registry.ts';
import { FrameDecoder, frameHeader } from '../src/format/frames.ts';
import { SchemaRegistry } from '../src/format/registry.ts';
import { AVRO_SCHEMA, AvroWire } from '../src/generate/avro.ts';
import { generateEvents } from '../src/generate/events.ts';
import { createCatalogue } from '../src/generate/shop.ts';
import { historicalTimeline } from '../src/generate/timeline.ts';
import { Retry } from '../src/retry.ts';
import type { Bench, Figure, Stand } from './harness.ts';
import { medianPair, quantile } from './statistics.ts';

const MOST_FRAMES = 200_000;
const ROUNDS = 5;
const PARTITIONS = '4';
const MOST_BYTES = 16 << 20;

/** Frames of Avro to JSON text: the decoder alone, and a whole `ingest` of them against one of the same events as JSON. */
export const decode: Bench = {
  name: 'decode',
  async run(stand) {
    const folder = stand.file('registry');
    await mkdir(folder);
    const registry = await startSchemaRegistry(folder);
    try {
      return [await decoder(stand, registry.url), await ingest(stand, registry.url)];
    } finally {
      await registry.stop();
      await stand.stopBroker();
    }
  },
};

async function decoder(stand: Stand, url: string): Promise<Figure> {
  const registry = new SchemaRegistry({
    ...{ url: new URL(url), tls: undefined },
    ...{ user: undefined, password: undefined, token: undefined },
  });
  const header = frameHeader(await registry.register('bench-value', AVRO_SCHEMA, 'AVRO'));
  const frames = framesOf(stand, header);
  const context = { signal: new AbortController().signal, emit: () => undefined };
  const reader = new FrameDecoder('avro', registry, new Retry(url, context), MOST_BYTES);
  await reader.prepare(frames);
  const seconds: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    bytes = 0;
    const before = process.cpuUsage();
    for (const frame of frames) {
      const decoded = reader.decode(frame);
      if ('detail' in decoded) {
        throw new Error(decoded.detail);
      }
      bytes += decoded.value.length;
    }
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  const median = quantile(seconds, 0.5);
  return {
    what: 'frames of Avro to JSON text, a second of CPU',
    value: frames.length / median,
    unit: 'events/s',
    target: { atLeast: 60_000 },
    runs: ROUNDS,
    parts: {
      'MB/s of frames': frames.reduce((sum, { length }) => sum + length, 0) / median / 1e6,
      'MB/s of text': bytes / median / 1e6,
    },
  };
}

function framesOf({ size, shop }: Stand, header: Buffer): Buffer[] {
  const count = Math.min(size, MOST_FRAMES);
  const catalogue = createCatalogue(shop);
  const period = { since: '2025-12-01', until: '2025-12-31' };
  const events = generateEvents({
    ...{ catalogue, seed: 1, count, timeline: historicalTimeline(period, count, 1) },
    faults: { late: 0, duplicates: 0, malformed: 0, corrections: 0 },
    wire: (shop) => new AvroWire(shop, header),
  });
  return [...events].map(({ value }) => value);
}

async function ingest(stand: Stand, url: string): Promise<Figure> {
  const brokers = ['--quiet', '--brokers', await stand.brokers()];
  const more = { SCHEMA_REGISTRY_URL: url };
  const log = (format: string): string[] => [
    ...[...brokers, '--topic', `bench-${format}`, '--format', format],
  ];
  const generated = stand.generateArguments(stand.size);
  for (const format of ['avro', 'json']) {
    const args = [...generated, ...log(format), '--partitions', PARTITIONS];
    await stand.start(args, undefined, more).ended;
  }
  const take = async (format: string): Promise<number> => {
    const database = await stand.database();
    const { seconds } = await stand.start(['ingest', ...log(format)], database, more).ended;
    const landed = await database.number('select count(*) from bronze.events');
    await database.drop();
    if (landed !== stand.size) {
      throw new Error(`${String(landed)} events landed instead of ${String(stand.size)}`);
    }
    return seconds;
  };
  const { seconds, baseline, runs } = await medianPair(async () => ({
    seconds: await take('avro'),
    baseline: await take('json'),
  }));
  return {
    what: `time of ingest of ${String(stand.size)} frames of Avro / of the same events as JSON`,
    ...{ value: seconds / baseline, unit: 'x', runs },
    parts: {
      ...{ 'events/s of Avro': stand.size / seconds, 'events/s of JSON': stand.size / baseline },
      ...{ Avro: seconds, JSON: baseline },
    },
  };
}
