import { beforeAll, describe, expect, test } from 'vitest';
import type { KafkaConfig } from '../../../src/config/kafka.ts';
import { openKafkaWriter } from '../../../src/log/kafka/writer.ts';
import type { OutgoingRecord } from '../../../src/log/log.ts';
import { kafkaConfig, quietContext, readTopic, uniqueTopic } from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';

let config: KafkaConfig;

beforeAll(async () => {
  config = await kafkaConfig();
});

const openWriter = (topic: string) => openKafkaWriter({ ...config, topic }, quietContext());

const event = (key: string, value: string): OutgoingRecord => ({ key, value: Buffer.from(value) });

describe('a writer', () => {
  test('keeps the order of each key over appends that do not wait for each other', async () => {
    const topic = await uniqueTopic(3);
    const writer = await openWriter(topic);
    const keys = ['ana', 'ben', 'cleo', 'dora', 'émile'];
    await Promise.all(
      [...Array(20).keys()].map((round) =>
        writer.append(
          [...Array(50).keys()].map((index) =>
            event(keys[index % keys.length] ?? '', String(round * 50 + index)),
          ),
        ),
      ),
    );
    await writer.close();

    const sink = new MemorySink();
    await readTopic(topic, sink);
    expect(sink.records).toHaveLength(1000);
    for (const key of keys) {
      const values = sink.records
        .filter((record) => record.key?.toString() === key)
        .map(({ value }) => Number(value?.toString()));
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(values).toHaveLength(200);
    }
    const perPartition = [0, 1, 2].map((partition) =>
      Number(sink.stored.get(`${topic}/${partition}`)?.nextOffset ?? 0n),
    );
    expect([0, 1, 2].map((partition) => writer.appended?.get(partition) ?? 0)).toEqual(
      perPartition,
    );
  });

  test("chooses a key's partition as Kafka's own client does", async () => {
    const topic = await uniqueTopic(5);
    // murmur2 of these keys in Kafka's unit tests, its sign bit cleared, modulo 5.
    const expected = [
      ['21', 0], // -973932308
      ['foobar', 1], // -790332482
      ['a-little-bit-long-string', 2], // -985981536
      ['a-little-bit-longer-string', 4], // -1486304829
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', 2], // -58897971
      ['abc', 2], // 479470107
    ] as const;
    const writer = await openWriter(topic);
    await writer.append(expected.map(([key]) => event(key, 'x')));
    await writer.close();
    const sink = new MemorySink();
    await readTopic(topic, sink);
    const partitions = sink.written.flatMap(({ partition, records }) =>
      records.map(({ key }) => [key?.toString(), partition]),
    );
    expect(partitions).toHaveLength(expected.length);
    expect(partitions).toEqual(expect.arrayContaining([...expected]));
  });

  test('cuts what is too large for one request, and takes an event of nearly a megabyte', async () => {
    const topic = await uniqueTopic(1);
    const writer = await openWriter(topic);
    const value = Buffer.alloc(1000, 'x');
    await writer.append([...Array(5000).keys()].map((index) => ({ key: String(index), value })));
    await writer.append([{ key: 'large', value: Buffer.alloc(1_000_000, 'y') }]);
    await writer.close();
    const sink = new MemorySink();
    await readTopic(topic, sink);
    expect(sink.records.map(({ key }) => key?.toString())).toEqual([
      ...[...Array(5000).keys()].map(String),
      'large',
    ]);
  });

  test('says when an event is larger than the topic takes', async () => {
    const topic = await uniqueTopic(1, { 'max.message.bytes': '10000' });
    const writer = await openWriter(topic);
    await expect(writer.append([{ key: 'k', value: Buffer.alloc(20_000) }])).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(topic),
    });
    await writer.close();
  });

  test('needs the topic to be there, and says how to make it', async () => {
    await expect(openWriter('not-there')).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('no topic "not-there"'),
      hint: expect.stringContaining('medallion generate'),
    });
  });
});
