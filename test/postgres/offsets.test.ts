import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Client } from '../../src/postgres/client.ts';
import { withTransaction } from '../../src/postgres/transaction.ts';
import {
  advanceOffset,
  currentOffsets,
  insertGap,
  insertOffset,
  nextGeneration,
  replaceOffset,
  type OffsetRow,
} from '../../src/postgres/offsets.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let client: Client;
let other: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await connect(database.settings);
  other = await connect(database.settings);
});

afterAll(async () => {
  await client.end();
  await other.end();
  await database.drop();
});

beforeEach(async () => {
  await client.query('truncate medallion.offsets, medallion.offset_gaps');
});

const row = (nextOffset: bigint, changes: Partial<OffsetRow> = {}): OffsetRow => ({
  ...{ topic: 'sales', partition: 0, nextOffset, source: 'kafka:a', position: null },
  ...changes,
});
const landed = {
  ...{ events: 10, bytes: 1000, quarantined: 1, implausible: 2 },
  lastProducedAt: Date.UTC(2026, 0, 2),
};

async function accounts(): Promise<unknown[]> {
  const { rows } = await client.query({
    text: `select topic, partition, next_offset, source, position, ingested_events, ingested_bytes, quarantined_events,
                  implausible_events, last_produced_at at time zone 'UTC'
             from medallion.offsets order by topic, partition`,
    rowMode: 'array',
  });
  return rows;
}

describe('a partition', () => {
  test('begins wherever its first batch does, and keeps an account of all', async () => {
    expect(await advanceOffset(client, 7n, row(20n), landed)).toBe(true);
    const older = { ...landed, lastProducedAt: Date.UTC(2026, 0, 1) };
    expect(await advanceOffset(client, 20n, row(31n, { position: 5n }), older)).toBe(true);
    const empty = {
      ...{ events: 0, bytes: 0, quarantined: 0, implausible: 0 },
      lastProducedAt: undefined,
    };
    expect(await advanceOffset(client, 31n, row(32n, { position: 6n }), empty)).toBe(true);
    expect(await accounts()).toEqual([
      ['sales', '0', '32', 'kafka:a', '6', '20', '2000', '2', '4', '2026-01-02 00:00:00'],
    ]);
  });

  test.each([
    ['that is further', 5n, 'kafka:a'],
    ['that is less far', 25n, 'kafka:a'],
    ['of another source', 20n, 'kafka:b'],
  ])('%s is not moved', async (_, from, source) => {
    await advanceOffset(client, 0n, row(20n), landed);
    const before = await accounts();
    expect(await advanceOffset(client, from, row(30n, { source }), landed)).toBe(false);
    expect(await accounts()).toEqual(before);
  });

  test.each([
    ['its first', undefined],
    ['a later', 20n],
  ])('is moved by one of two consumers that land %s batch at once', async (_, stored) => {
    if (stored !== undefined) {
      await insertOffset(client, row(stored));
    }
    const from = stored ?? 0n;
    let second: Promise<boolean> | undefined;
    await withTransaction(client, async () => {
      expect(await advanceOffset(client, from, row(30n), landed)).toBe(true);
      second = withTransaction(other, () => advanceOffset(other, from, row(40n), landed));
      await expect(
        Promise.race([second, new Promise((resolve) => setTimeout(resolve, 200, 'waits'))]),
      ).resolves.toBe('waits');
    });
    expect(await second).toBe(false);
    expect(await currentOffsets(client, [row(0n)])).toMatchObject([{ nextOffset: 30n }]);
  });

  test('is moved by the second consumer when the first one rolls back', async () => {
    let second: Promise<boolean> | undefined;
    const first = withTransaction(client, async () => {
      await advanceOffset(client, 0n, row(30n), landed);
      second = withTransaction(other, () => advanceOffset(other, 0n, row(40n), landed));
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error('lost');
    });
    await expect(first).rejects.toThrow('lost');
    expect(await second).toBe(true);
    expect(await currentOffsets(client, [row(0n)])).toMatchObject([{ nextOffset: 40n }]);
  });

  test('is replaced only where it is as it was read', async () => {
    await insertOffset(client, row(20n));
    const next = { nextOffset: 30n, source: 'kafka:b', position: null };
    expect(await replaceOffset(client, row(19n), next)).toBe(false);
    expect(await replaceOffset(client, row(20n), next)).toBe(true);
    expect(await currentOffsets(client, [row(0n)])).toMatchObject([next]);
  });
});

describe('the current rows', () => {
  test('are those of the highest generation of a Kafka topic, and of no other topic', async () => {
    for (const topic of [
      'sales',
      'sales#2',
      'sales#10',
      'sales#x',
      'sales2',
      'sales_b',
      'salesxb#2',
    ]) {
      await insertOffset(client, row(1n, { topic }));
    }
    await insertOffset(client, row(2n, { topic: 'sales', partition: 1 }));
    const current = await currentOffsets(client, [
      row(0n),
      row(0n, { partition: 1 }),
      row(0n, { partition: 2 }),
      row(0n, { topic: 'sales_b' }),
    ]);
    expect(current.map(({ logTopic, topic, partition }) => [logTopic, topic, partition])).toEqual([
      ['sales', 'sales#10', 0],
      ['sales', 'sales', 1],
      ['sales_b', 'sales_b', 0],
    ]);
    expect(current.map(nextGeneration)).toEqual(['sales#11', 'sales#2', 'sales_b#2']);
  });

  test('of files know no generations: a file may have any name', async () => {
    await insertOffset(client, row(1n, { topic: 'file:/a' }));
    await insertOffset(client, row(2n, { topic: 'file:/a#2' }));
    expect(await currentOffsets(client, [row(0n, { topic: 'file:/a' })])).toMatchObject([
      { topic: 'file:/a', nextOffset: 1n },
    ]);
  });
});

test('a gap is booked once', async () => {
  const gap = { topic: 'sales', partition: 0, from: 3n, to: 9n };
  await insertGap(client, gap, 1n);
  await insertGap(client, gap, 2n);
  const { rows } = await client.query(
    'select from_offset, to_offset, run_id from medallion.offset_gaps',
  );
  expect(rows).toEqual([{ from_offset: '3', to_offset: '9', run_id: '1' }]);
});
