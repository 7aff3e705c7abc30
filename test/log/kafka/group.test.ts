import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import type { ReadOptions } from '../../../src/log/log.ts';
import {
  kafkaClient,
  kafkaConfig,
  numbered,
  produce,
  quietContext,
  readTopic,
  uniqueTopic,
  until,
} from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';

/** Members of one group that land into the same books; each has a sink of its own to tell who landed what. */
async function openGroup(topic: string, sinks: readonly MemorySink[]) {
  const [first] = sinks;
  const config = { ...(await kafkaConfig()), topic };
  return Promise.all(
    sinks.map(async (sink) => {
      const context = quietContext();
      const reader = await openKafkaReader(config, context);
      const books = first ?? sink;
      return {
        context,
        read: (options: Partial<ReadOptions>) =>
          reader.read(
            {
              identity: () => books.identity(),
              storedOffsets: (partitions) => books.storedOffsets(partitions),
              recordGap: (gap, source) => books.recordGap(gap, source),
              resetOffset: (stored, place) => books.resetOffset(stored, place),
              warn: (message) => sink.warn(message),
              write: async (batch) => {
                const isWritten = await books.write(batch);
                (isWritten ? sink.own : sink.refused).push(batch);
                return isWritten;
              },
            },
            { signal: context.signal, follow: false, ...options },
          ),
      };
    }),
  );
}

const sum = (batches: MemorySink['own']): number =>
  batches.reduce((total, { records }) => total + records.length, 0);

describe('readers of one group', () => {
  test('share the partitions and land every record once, whoever joins and leaves', async () => {
    const topic = await uniqueTopic(4);
    const sinks = [new MemorySink(), new MemorySink()] as const;
    const [books, other] = sinks;
    const [one, two] = await openGroup(topic, sinks);
    const stopOne = new AbortController();
    const stopTwo = new AbortController();

    const readingOne = one?.read({ follow: true, signal: stopOne.signal });
    await produce(topic, numbered(400, 4));
    await until(() => books.records.length === 400);

    const readingTwo = two?.read({ follow: true, signal: stopTwo.signal });
    // Goes on while the second one joins, so that batches are under way in every phase of the rebalance.
    let sent = 400;
    while (sum(other.own) === 0) {
      await produce(topic, numbered(40, 4, sent));
      sent += 40;
    }
    stopOne.abort();
    expect(await readingOne).toBe('interrupted');
    await produce(topic, numbered(40, 4, sent));
    sent += 40;
    await until(() => books.records.length >= sent);
    stopTwo.abort();
    expect(await readingTwo).toBe('interrupted');

    expect(books.coordinates.sort()).toEqual(
      [0, 1, 2, 3].flatMap((p) => [...Array(sent / 4).keys()].map((o) => `${p}/${o}`)).sort(),
    );
    expect(sum(books.own) + sum(other.own)).toBe(sent);
  });

  test('all end without follow, also one for which no partition is left', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(200, 2));
    const sinks = [new MemorySink(), new MemorySink(), new MemorySink()];
    for (const sink of sinks) {
      sink.beforeLand = () => delay(300);
    }
    const readers = await openGroup(topic, sinks);
    const ends = await Promise.all(readers.map((reader) => reader.read({})));
    expect(ends).toEqual(['end', 'end', 'end']);
    expect(sinks[0]?.values.map(Number).sort((a, b) => a - b)).toEqual([...Array(200).keys()]);
  });

  test('without a partition beside a reader that stays, end with a note once it is done', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const [books, other] = [new MemorySink(), new MemorySink()];
    const [stays, comes] = await openGroup(topic, [books, other]);
    const stop = new AbortController();
    const staying = stays?.read({ follow: true, signal: stop.signal });
    await until(() => books.records.length === 10);

    expect(await comes?.read({})).toBe('end');
    const notes = comes?.context.events.filter(({ type }) => type === 'note') ?? [];
    stop.abort();
    await staying;
    // Whichever of the two the group gave the partition: the newcomer landed nothing and ended.
    expect(notes.length).toBeLessThanOrEqual(1);
    expect(other.own).toEqual([]);
    expect(books.records).toHaveLength(10);
  });

  test('leave the offsets in the group, for tools that show its lag', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(10, 2));
    await readTopic(topic, new MemorySink(), {}, { group: `lag-${topic}` });
    const admin = (await kafkaClient()).admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId: `lag-${topic}`, topics: [topic] });
    const { groups } = await admin.describeGroups([`lag-${topic}`]);
    await admin.disconnect();
    expect(offsets?.partitions.map(({ offset }) => offset)).toEqual(['5', '5']);
    expect(groups[0]?.members).toEqual([]);
  });
});

describe('a partition that another consumer has moved on', () => {
  test('is read on from where the books stand then', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(100, 1));
    const sink = new MemorySink();
    let isFirst = true;
    sink.beforeLand = (batch) => {
      if (isFirst) {
        isFirst = false;
        sink.store(batch, 60n, batch.source);
      }
    };
    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.refused).toHaveLength(1);
    expect(sink.values.map(Number)).toEqual([...Array(40).keys()].map((index) => index + 60));
  });

  test('does not use up what maxRecords allows', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(100, 1));
    const sink = new MemorySink();
    let isFirst = true;
    sink.beforeLand = (batch) => {
      if (isFirst) {
        isFirst = false;
        sink.store(batch, 10n, batch.source);
      }
    };
    expect(await readTopic(topic, sink, { maxRecords: 20 })).toBe('max-records');
    expect(sink.values.map(Number)).toEqual([...Array(20).keys()].map((index) => index + 10));
  });
});
