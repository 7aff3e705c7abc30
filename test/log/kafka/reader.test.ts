import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import {
  kafkaBrokers,
  kafkaConfig,
  numbered,
  produce,
  quietContext,
  readTopic,
  uniqueTopic,
  until,
} from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';

describe('a reader without follow', () => {
  test('lands every record of every partition, in order, and ends', async () => {
    const topic = await uniqueTopic(4);
    await produce(topic, numbered(1000, 4));
    const sink = new MemorySink();

    expect(await readTopic(topic, sink)).toBe('end');

    expect(sink.values.map(Number).sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    for (const partition of [0, 1, 2, 3]) {
      const own = sink.written.filter((batch) => batch.partition === partition);
      expect(own.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(
        [...Array(250).keys()].map(BigInt),
      );
      expect(sink.stored.get(`${topic}/${partition}`)).toMatchObject({
        nextOffset: 250n,
        source: expect.stringMatching(/^kafka:.{22}\/.{22}$/),
      });
    }
    expect(sink.warnings).toEqual([]);
  });

  test('goes on from what the sink stored, whatever the group believes', async () => {
    const topic = await uniqueTopic(2);
    const group = 'stored-offsets';
    await produce(topic, numbered(10, 2));
    const sink = new MemorySink();
    await readTopic(topic, sink, {}, { group });
    await produce(topic, numbered(4, 2, 10));

    const second = new MemorySink();
    for (const stored of sink.stored.values()) {
      second.store(stored, stored.nextOffset, stored.source);
    }
    // Partition 1 was set back: the group's committed offset says 5, the books say 3.
    second.store({ topic, partition: 1 }, 3n, sink.stored.get(`${topic}/1`)?.source ?? '');
    expect(await readTopic(topic, second, {}, { group })).toBe('end');

    expect(second.coordinates.sort()).toEqual(['0/5', '0/6', '1/3', '1/4', '1/5', '1/6']);
    expect(second.refused).toEqual([]);
  });

  test('ends at once on a topic without records, and when there is nothing new', async () => {
    const topic = await uniqueTopic(3);
    const sink = new MemorySink();
    expect(await readTopic(topic, sink)).toBe('end');
    await produce(topic, numbered(3, 3));
    await readTopic(topic, sink);
    expect(await readTopic(topic, sink)).toBe('end');
    expect(sink.records).toHaveLength(3);
  });

  test('hands over keys, values, headers and times as they are', async () => {
    const topic = await uniqueTopic(1);
    const large = randomBytes(700_000);
    await produce(topic, [
      { key: 'plain', value: 'text', timestamp: '1767478363000' },
      { key: Buffer.from([0xff, 0x00, 0x80]), value: Buffer.from([0xfe, 0x00]) },
      { key: null, value: null },
      { key: '', value: '' },
      {
        key: 'h',
        value: 'v',
        headers: {
          trace: 'abc',
          city: 'Köln',
          bytes: Buffer.from([0xff, 0xfe]),
          nul: Buffer.from([0x61, 0x00]),
          twice: ['one', Buffer.from([0xff])],
          constructor: 'inherited by every object',
          empty: '',
        },
      },
      { key: 'large', value: large },
    ]);
    const sink = new MemorySink();
    await readTopic(topic, sink);

    const [plain, binary, tombstone, empty, headed, big] = sink.records;
    expect(plain).toEqual({
      offset: 0n,
      timestamp: 1767478363000,
      key: Buffer.from('plain'),
      value: Buffer.from('text'),
      headers: null,
    });
    expect([binary?.key, binary?.value]).toEqual([
      Buffer.from([0xff, 0x00, 0x80]),
      Buffer.from([0xfe, 0x00]),
    ]);
    expect([tombstone?.key, tombstone?.value]).toEqual([null, null]);
    expect([empty?.key, empty?.value]).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
    expect(headed?.headers).toEqual({
      trace: 'abc',
      city: 'Köln',
      bytes: { base64: '//4=' },
      nul: { base64: 'YQA=' },
      twice: ['one', { base64: '/w==' }],
      constructor: 'inherited by every object',
      empty: '',
    });
    expect(big?.value?.equals(large)).toBe(true);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'reads %s as the broker writes it',
    async (codec) => {
      const topic = await uniqueTopic(1, { 'compression.type': codec });
      await produce(topic, numbered(100, 1));
      const sink = new MemorySink();
      await readTopic(topic, sink);
      expect(sink.values.map(Number)).toEqual([...Array(100).keys()]);
    },
  );

  test('keeps only the beginning of a value that is longer than asked for', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, [{ value: 'exact' }, { value: 'longer' }, { value: null }]);
    const sink = new MemorySink();
    await readTopic(topic, sink, { maxValueBytes: 5 });
    expect(sink.values).toEqual(['exact', 'longe', null]);
    expect(sink.records.map(({ fullLength }) => fullLength)).toEqual([undefined, 6, undefined]);
  });

  test('lands exactly maxRecords, and the next run the rest', async () => {
    const topic = await uniqueTopic(4);
    await produce(topic, numbered(1000, 4));
    const sink = new MemorySink();
    expect(await readTopic(topic, sink, { maxRecords: 333 })).toBe('max-records');
    expect(sink.records).toHaveLength(333);
    expect(await readTopic(topic, sink, { maxRecords: 667 })).toBe('max-records');
    expect(sink.values.map(Number).sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect(await readTopic(topic, sink, { maxRecords: 5 })).toBe('end');
  });

  test('ends with the failure of the sink, after what else was landing', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    sink.beforeLand = () => {
      throw new Error('no disk');
    };
    await expect(readTopic(topic, sink)).rejects.toThrow('no disk');
    expect(sink.written).toEqual([]);
  });
});

describe('a reader that follows', () => {
  test('lands what arrives later and stops after the idle time', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(10, 2));
    const sink = new MemorySink();
    const reading = readTopic(topic, sink, { follow: true, idleTimeoutMs: 1500 });
    await until(() => sink.records.length === 10);
    await produce(topic, numbered(6, 2, 10));
    await until(() => sink.records.length === 16);
    const lastAt = Date.now();
    expect(await reading).toBe('idle');
    expect(Date.now() - lastAt).toBeGreaterThan(1000);
  });

  test('takes up partitions that are added meanwhile, from their beginning', async () => {
    const topic = await uniqueTopic(1);
    const context = quietContext();
    const reader = await openKafkaReader({ ...(await kafkaConfig()), topic }, context, {
      metadataMaxAgeMs: 500,
    });
    const sink = new MemorySink();
    const abort = new AbortController();
    const reading = reader.read(sink, { signal: abort.signal, follow: true });
    await produce(topic, numbered(3, 1));
    await until(() => sink.records.length === 3);
    const admin = new kafkajs.Kafka({
      brokers: (await kafkaBrokers()).split(','),
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await admin.disconnect();
    await produce(topic, [{ value: 'late', partition: 2 }]);
    await until(() => sink.records.length === 4);
    abort.abort();
    expect(await reading).toBe('interrupted');
    expect(sink.coordinates.sort()).toEqual(['0/0', '0/1', '0/2', '2/0']);
  });

  test('finishes the batch in hand when interrupted, and leaves at once', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const sink = new MemorySink();
    const abort = new AbortController();
    sink.beforeLand = async () => {
      abort.abort();
      await delay(300);
    };
    const started = Date.now();
    expect(await readTopic(topic, sink, { follow: true, signal: abort.signal })).toBe(
      'interrupted',
    );
    expect(sink.records).toHaveLength(10);
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});
