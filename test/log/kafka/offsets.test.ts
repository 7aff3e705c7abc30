import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  expireRecords,
  kafkaClient,
  kafkaProducer,
  numbered,
  produce,
  readTopic,
  recreateTopic,
  uniqueTopic,
  until,
} from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';

/** How often a reader looks at the topic; 10 s unless said otherwise. */
const OFTEN = { metadataMaxAgeMs: 700 };

let admin: Admin;

beforeAll(async () => {
  admin = (await kafkaClient()).admin();
  await admin.connect();
});

afterAll(async () => {
  await admin.disconnect();
});

async function sourceOfCluster(): Promise<string> {
  return `kafka:${(await admin.describeCluster()).clusterId}`;
}

/** Runs `change` when the reader has looked at the topic for the first time, and has fetched nothing yet. */
function afterFirstLook(sink: MemorySink, change: () => Promise<void>): void {
  const storedOffsets = sink.storedOffsets.bind(sink);
  let calls = 0;
  sink.storedOffsets = async (partitions) => {
    // The second question is asked with what was found, for a partition that was never read.
    if ((calls += 1) === 2) {
      await change();
    }
    return storedOffsets(partitions);
  };
}

describe('a topic that was recreated', () => {
  test('is refused, and read from its beginning when offsets are reset', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    await readTopic(topic, sink);
    await recreateTopic(topic, 1);
    await produce(topic, numbered(3, 1, 100));

    await expect(readTopic(topic, sink)).rejects.toMatchObject({
      code: 'source_changed',
      message: expect.stringContaining(`partition 0 of topic "${topic}" was read up to 10`),
      hint: expect.stringContaining('--reset-offsets'),
    });
    expect(sink.records).toHaveLength(10);

    expect(await readTopic(topic, sink, { resetOffsets: true })).toBe('end');
    expect(sink.values.slice(10)).toEqual(['100', '101', '102']);
    expect(sink.warnings).toEqual([expect.stringContaining('the topic was recreated')]);
    expect(sink.stored.get(`${topic}/0`)?.nextOffset).toBe(3n);
  });

  test('and has grown past the stored offset is another topic all the same', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    await readTopic(topic, sink);
    await recreateTopic(topic, 1);
    await produce(topic, numbered(25, 1, 100));

    await expect(readTopic(topic, sink)).rejects.toMatchObject({
      code: 'source_changed',
      message: expect.stringContaining('the topic was recreated'),
    });
    await readTopic(topic, sink, { resetOffsets: true });
    expect(sink.values.slice(10).map(Number)).toEqual([...Array(25).keys()].map((n) => n + 100));
  });

  test('while it is being read, before what was fetched has landed, ends the read', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(10, 2));
    const sink = new MemorySink();
    sink.beforeLand = async () => {
      sink.beforeLand = () => undefined;
      await recreateTopic(topic, 2);
      await produce(topic, numbered(40, 2, 100));
    };
    await expect(readTopic(topic, sink, { follow: true })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/the topic was recreated|has no topic/),
    });
    expect(sink.values.map(Number).every((value) => value < 10)).toBe(true);
  });

  for (const [size, records] of [
    ['as long as what was read of it', 5],
    ['empty', 0],
  ] as const) {
    test(`while it is followed, and is ${size}, is noticed without a further record`, async () => {
      const topic = await uniqueTopic(2);
      await produce(topic, numbered(5, 1));
      const sink = new MemorySink();
      await readTopic(topic, sink);
      afterFirstLook(sink, async () => {
        await recreateTopic(topic, 2);
        await (records > 0 && produce(topic, numbered(records, 1, 100)));
      });
      await expect(readTopic(topic, sink, { follow: true }, {}, OFTEN)).rejects.toMatchObject({
        code: 'source_changed',
        message: expect.stringContaining(`partition 0 of topic "${topic}" was read up to 5`),
      });
      expect(sink.records).toHaveLength(5);
    });
  }

  test('lands nothing of a partition either that was never read of the former one', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(5, 1));
    const sink = new MemorySink();
    await readTopic(topic, sink);
    afterFirstLook(sink, async () => {
      await recreateTopic(topic, 2);
      await produce(topic, [{ value: 'new', partition: 1 }]);
    });
    await expect(readTopic(topic, sink, { follow: true })).rejects.toMatchObject({
      code: 'source_changed',
      message: expect.stringContaining(`partition 0 of topic "${topic}" was read up to 5`),
    });
    expect(sink.records).toHaveLength(5);

    await readTopic(topic, sink, { resetOffsets: true });
    expect(sink.values.slice(5)).toEqual(['new']);
  });

  test('and is empty, before the first fetch, ends a read that does not follow', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    afterFirstLook(sink, () => recreateTopic(topic, 1));
    expect(await readTopic(topic, sink, {}, {}, OFTEN)).toBe('end');
    expect(sink.records).toEqual([]);
  });

  test('is not what a topic is whose books name only the cluster', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    sink.store({ topic, partition: 0 }, 4n, await sourceOfCluster());
    await readTopic(topic, sink);
    expect(sink.values).toEqual(['4', '5', '6', '7', '8', '9']);
    expect(sink.stored.get(`${topic}/0`)?.source).toMatch(/^kafka:.{22}\/.{22}$/);
    expect(sink.warnings).toEqual([]);
  });

  test('of another cluster likewise', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    sink.store({ topic, partition: 0 }, 5n, 'kafka:another');
    await expect(readTopic(topic, sink)).rejects.toMatchObject({
      code: 'source_changed',
      message: expect.stringContaining('kafka:another'),
    });
    expect(sink.records).toEqual([]);
    await readTopic(topic, sink, { resetOffsets: true });
    expect(sink.records).toHaveLength(10);
  });
});

test('a topic that is deleted while it is read ends the read, and what was read stays', async () => {
  const topic = await uniqueTopic(1);
  await produce(topic, numbered(10, 1));
  const sink = new MemorySink();
  const reading = readTopic(topic, sink, { follow: true }, {}, OFTEN).catch(
    (error: unknown) => error,
  );
  await until(() => sink.records.length === 10);
  await admin.deleteTopics({ topics: [topic] });
  expect(await reading).toMatchObject({ code: 'config', message: expect.stringContaining(topic) });
  expect(sink.records).toHaveLength(10);
});

describe('records that expired', () => {
  test('before they were read are booked as a gap', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    sink.store({ topic, partition: 0 }, 2n, await sourceOfCluster());
    await expireRecords(topic, 0, '7');

    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.gaps).toEqual([{ topic, partition: 0, from: 2n, to: 7n }]);
    expect(sink.values).toEqual(['7', '8', '9']);
    expect(sink.warnings).toEqual([expect.stringContaining('offsets 2 to 6 expired')]);
  });

  for (const [what, end, rest] of [
    ['', '8', ['8', '9']],
    [', the last of them too,', '10', []],
  ] as const) {
    test(`between the look at the log and the first fetch${what} are booked, not skipped in silence`, async () => {
      const topic = await uniqueTopic(2);
      await produce(topic, numbered(10, 1));
      const sink = new MemorySink();
      sink.store({ topic, partition: 0 }, 2n, await sourceOfCluster());
      afterFirstLook(sink, () => expireRecords(topic, 0, end));
      expect(await readTopic(topic, sink, {}, {}, OFTEN)).toBe('end');
      expect(sink.gaps).toEqual([{ topic, partition: 0, from: 2n, to: BigInt(end) }]);
      expect(sink.values).toEqual(rest);
    });
  }

  test('of a partition never read are no gap', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    await expireRecords(topic, 0, '7');
    const sink = new MemorySink();
    await readTopic(topic, sink);
    expect(sink.gaps).toEqual([]);
    expect(sink.values).toEqual(['7', '8', '9']);
  });
});

describe('transactions', () => {
  async function transactional(): Promise<Producer> {
    const producer = (await kafkaClient()).producer({
      transactionalId: `t-${Math.random()}`,
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  test('leave offsets without a record: the read ends all the same, past the last marker', async () => {
    const topic = await uniqueTopic(1);
    const producer = await transactional();
    for (const values of [['a', 'b'], ['c']]) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: values.map((value) => ({ value })) });
      await transaction.commit();
    }
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: [{ value: 'never' }] });
    await aborted.abort();
    await producer.disconnect();

    // a b <commit> c <commit> never <abort>
    const sink = new MemorySink();
    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.values).toEqual(['a', 'b', 'c']);
    expect(sink.stored.get(`${topic}/0`)?.nextOffset).toBe(7n);

    // Nothing was lost when these offsets expire.
    await expireRecords(topic, 0, '7');
    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.gaps).toEqual([]);
  });

  test('that were aborted are not read, also where they overlap', async () => {
    const topic = await uniqueTopic(1);
    const [long, short, plain] = [
      await transactional(),
      await transactional(),
      await transactional(),
    ];
    const outer = await long.transaction();
    await outer.send({ topic, messages: [{ value: 'outer 1' }, { value: 'outer 2' }] });
    const inner = await short.transaction();
    await inner.send({ topic, messages: [{ key: Buffer.alloc(4), value: 'inner 1' }] });
    await inner.send({ topic, messages: [{ value: 'inner 2' }] });
    await inner.abort();
    await outer.send({ topic, messages: [{ value: 'outer 3' }] });
    const kept = await plain.transaction();
    await kept.send({ topic, messages: [{ value: 'kept' }] });
    await kept.commit();
    await outer.abort();
    const again = await long.transaction();
    await again.send({ topic, messages: [{ value: 'kept too' }] });
    await again.commit();
    await Promise.all([long.disconnect(), short.disconnect(), plain.disconnect()]);

    const sink = new MemorySink();
    await readTopic(topic, sink);
    expect(sink.values).toEqual(['kept', 'kept too']);
  });

  test('that are open hold back what comes after them, until they end', async () => {
    const topic = await uniqueTopic(1);
    const producer = await transactional();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'pending' }] });
    await produce(topic, [{ value: 'behind' }]);

    const sink = new MemorySink();
    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.values).toEqual([]);
    await transaction.commit();
    await producer.disconnect();
    await readTopic(topic, sink);
    expect(sink.values).toEqual(['pending', 'behind']);
  });
});

test('holes of compaction, batches without any record among them, are passed', async () => {
  const topic = await uniqueTopic(1, {
    'cleanup.policy': 'compact',
    'segment.ms': '200',
    'min.cleanable.dirty.ratio': '0.01',
    'max.compaction.lag.ms': '500',
    'delete.retention.ms': '0',
  });
  const [first, second] = [await kafkaProducer(), await kafkaProducer()];
  // One batch whose keys are all written again: its producer is alive, so the batch stays, empty.
  const keys = [...Array(50).keys()].map((index) => `key-${index}`);
  await first.send({ topic, messages: keys.map((key) => ({ key, value: 'old' })) });
  await delay(300);
  await second.send({ topic, messages: keys.map((key) => ({ key, value: 'new' })) });
  await delay(300);
  await second.send({ topic, messages: [{ key: 'key-49', value: 'newest' }] });

  let sink = new MemorySink();
  let tick = 0;
  await until(async () => {
    await delay(300);
    await second.send({ topic, messages: [{ key: `tick-${(tick += 1)}`, value: 'tick' }] });
    sink = new MemorySink();
    expect(await readTopic(topic, sink)).toBe('end');
    return (
      !sink.values.includes('old') && sink.values.filter((value) => value === 'new').length === 49
    );
  });
  expect(sink.values).toContain('newest');
  await Promise.all([first.disconnect(), second.disconnect()]);
});
