import { randomBytes } from 'node:crypto';
import type { Consumer } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';
import { groupOf } from '../../../src/log/kafka/errors.ts';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import type { ReadEnd, ReadOptions } from '../../../src/log/log.ts';
import {
  kafkaClient,
  kafkaConfig,
  numbered,
  produce,
  quietContext,
  uniqueTopic,
  until,
} from '../../support/kafka.ts';
import { MemorySink } from '../../support/memory-sink.ts';

const stopping: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stopping.splice(0).map((stop) => stop()));
});

function sinkOf(warehouse: string): MemorySink {
  const sink = new MemorySink();
  sink.warehouse = warehouse;
  return sink;
}

const uniqueGroup = (): string => `shared-${randomBytes(6).toString('hex')}`;

async function read(
  topic: string,
  sink: MemorySink,
  group: string | undefined,
  options: Partial<ReadOptions> = {},
): Promise<ReadEnd> {
  const context = quietContext();
  const config = { ...(await kafkaConfig({ group, clientId: `of-${sink.warehouse}` })), topic };
  const reader = await openKafkaReader(config, context);
  return reader.read(sink, { signal: context.signal, follow: false, ...options });
}

/** Goes on reading until the test has ended. */
async function follow(topic: string, sink: MemorySink, group: string | undefined): Promise<void> {
  const stop = new AbortController();
  const reading = read(topic, sink, group, { follow: true, signal: stop.signal });
  stopping.push(async () => {
    stop.abort();
    await reading;
  });
  const before = sink.records.length;
  await until(() => sink.records.length > before);
}

/** A client of another application in the group. */
async function foreignClient(topic: string, group: string): Promise<Consumer> {
  const consumer = (await kafkaClient()).consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let hasJoined = false;
  consumer.on(consumer.events.GROUP_JOIN, () => (hasJoined = true));
  await consumer.run({ eachMessage: () => Promise.resolve() });
  stopping.push(() => consumer.disconnect());
  await until(() => hasJoined);
  return consumer;
}

describe('the group that nobody named', () => {
  test('is one for each warehouse and topic', async () => {
    const config = { ...(await kafkaConfig({ group: undefined })), topic: 'sales' };
    expect(groupOf(config, 'a1')).toBe('medallion-a1-sales');
    expect(groupOf({ ...config, group: 'ours' }, 'a1')).toBe('ours');
  });

  test('lets two warehouses read one topic, each the whole of it', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(40, 2));
    const [production, staging] = [sinkOf('production'), sinkOf('staging')];
    await follow(topic, production, undefined);
    expect(await read(topic, staging, undefined)).toBe('end');
    await until(() => production.records.length === 40);
    expect(staging.records).toHaveLength(40);
  });
});

describe('a group with readers of several topics', () => {
  test('gives each topic to its own readers, whoever leads', async () => {
    const [one, two] = [await uniqueTopic(2), await uniqueTopic(3)];
    await produce(one, numbered(20, 2));
    await produce(two, numbered(30, 3));
    const group = uniqueGroup();
    const [first, second, late] = [sinkOf('w'), sinkOf('w'), sinkOf('w')];
    await follow(one, first, group);
    await follow(two, second, group);
    await until(() => first.records.length === 20 && second.records.length === 30);
    await produce(one, numbered(20, 2, 20));
    await produce(two, numbered(30, 3, 30));
    await until(() => first.records.length === 40 && second.records.length === 60);
    const third = await uniqueTopic(1);
    await produce(third, numbered(5, 1));
    expect(await read(third, late, group)).toBe('end');
    expect(late.records).toHaveLength(5);
  });
});

describe('a named group with a reader of another warehouse', () => {
  test('fails the read that does not get the whole topic, and names who has the rest', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(20, 2));
    const group = uniqueGroup();
    const [other, own] = [sinkOf('other'), sinkOf('own')];
    await follow(topic, other, group);
    await until(() => other.records.length === 20);
    await expect(read(topic, own, group)).rejects.toMatchObject({
      code: 'check_failed',
      exitCode: 4,
      message: expect.stringMatching(
        `^this warehouse does not read all of topic "${topic}" in group "${group}": partition [01] held by client of-other at 127\\.0\\.0\\.1$`,
      ) as string,
      hint: expect.stringContaining('--group') as string,
    });
    expect(own.records).toHaveLength(10);
    // The other has all of it again.
    await produce(topic, numbered(20, 2, 20));
    await until(() => other.records.length === 40);
  });

  test('warns followers of both, which wait', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const group = uniqueGroup();
    const [one, two] = [sinkOf('one'), sinkOf('two')];
    await follow(topic, one, group);
    const stop = new AbortController();
    const waiting = read(topic, two, group, { follow: true, signal: stop.signal });
    stopping.push(async () => {
      stop.abort();
      await waiting;
    });
    await until(() => one.warnings.length + two.warnings.length > 0);
    expect([...one.warnings, ...two.warnings][0]).toMatch(
      /^this warehouse does not read all of topic .* partition 0 held by client of-(one|two) at 127\.0\.0\.1$/,
    );
  });

  test('fails a follower that ends by itself and leaves events unread', async () => {
    const topic = await uniqueTopic(1);
    await produce(topic, numbered(10, 1));
    const group = uniqueGroup();
    const [one, two] = [sinkOf('one'), sinkOf('two')];
    const options = { follow: true, idleTimeoutMs: 2_000 };
    const ends = await Promise.allSettled([
      read(topic, one, group, { ...options, idleTimeoutMs: 8_000 }),
      read(topic, two, group, options),
    ]);
    // One of the two gets the only partition; the other waits for it, and it may be left to it in time.
    for (const [index, sink] of [one, two].entries()) {
      expect(ends[index]?.status === 'fulfilled').toBe(sink.records.length === 10);
    }
    expect(one.records.length + two.records.length).toBeGreaterThan(0);
  });
});

describe('a group of another application', () => {
  test('is refused with the names of its members, before anything is read', async () => {
    const topic = await uniqueTopic(2);
    await produce(topic, numbered(10, 2));
    const group = uniqueGroup();
    const consumer = await foreignClient(topic, group);
    const sink = sinkOf('own');
    await expect(read(topic, sink, group)).rejects.toMatchObject({
      code: 'denied',
      exitCode: 3,
      retriable: false,
      message: expect.stringMatching(
        new RegExp(`^group "${group}" of .* is used by client test at 127\\.0\\.0\\.1$`),
      ) as string,
    });
    expect(sink.records).toEqual([]);
    await consumer.disconnect();
    expect(await read(topic, sink, group)).toBe('end');
    expect(sink.records).toHaveLength(10);
  });
});
