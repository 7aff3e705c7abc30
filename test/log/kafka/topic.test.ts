import { expect, test } from 'vitest';
import { openKafkaReader } from '../../../src/log/kafka/reader.ts';
import { ensureTopic, inspectTopic } from '../../../src/log/kafka/topic.ts';
import { kafkaConfig, numbered, produce, quietContext, uniqueTopic } from '../../support/kafka.ts';

test('a topic is created once, and one that is there is left as it is', async () => {
  const config = await kafkaConfig();
  const topic = `${await uniqueTopic(1)}-ensured`;
  expect(await ensureTopic(config, topic, 6)).toEqual({ created: true, partitions: 6 });
  expect(await ensureTopic(config, topic, 2)).toEqual({ created: false, partitions: 6 });
});

test('several that create it at once agree', async () => {
  const config = await kafkaConfig();
  const topic = `${await uniqueTopic(1)}-raced`;
  const results = await Promise.all([1, 2, 3].map(() => ensureTopic(config, topic, 3)));
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  expect(results.map(({ partitions }) => partitions)).toEqual([3, 3, 3]);
});

test('an inspection shows what each partition holds', async () => {
  const config = await kafkaConfig();
  const topic = await uniqueTopic(2);
  await produce(topic, numbered(5, 2));
  expect(await inspectTopic(config, topic)).toEqual({
    clusterId: expect.stringMatching(/^.{22}$/),
    brokers: [expect.stringMatching(/:\d+$/)],
    found: {
      source: expect.stringMatching(/^kafka:.{22}\/.{22}$/),
      ranges: new Map([
        [0, { partition: 0, low: 0n, high: 3n }],
        [1, { partition: 1, low: 0n, high: 2n }],
      ]),
    },
  });
  expect((await inspectTopic(config, `${topic}-missing`)).found).toBeUndefined();
});

test('a reader needs the topic to be there, and says how to make it', async () => {
  const config = { ...(await kafkaConfig()), topic: 'not-there' };
  await expect(openKafkaReader(config, quietContext())).rejects.toMatchObject({
    code: 'config',
    exitCode: 2,
    message: expect.stringContaining('no topic "not-there"'),
    hint: expect.stringContaining('kafka-topics.sh'),
  });
});
