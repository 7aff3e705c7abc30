import { expect, test } from 'vitest';
import { sourceNames, sourceOfTopic } from '../../src/postgres/topic-sources.ts';

test('a topic that was recreated goes by the source that it had before', () => {
  const recorded = [{ topic: 'orders', source: 'shop', mapping: undefined }];
  const nameOf = sourceNames(recorded, new Map());
  expect(['orders', 'orders#2', 'others#2'].map(nameOf)).toEqual(['shop', 'shop', undefined]);
  // What the source drops would be stored without its file.
  expect(() => sourceOfTopic(recorded, new Map())('orders#2')).toThrow(
    'topic orders#2 has the source shop, which this project does not have',
  );
});
