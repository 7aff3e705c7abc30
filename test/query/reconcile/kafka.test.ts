import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readManifest, SHOP } from '../../e2e/warehouse.ts';
import { runCommand } from '../../support/cli.ts';
import {
  kafkaBrokers,
  kafkaClient,
  produce,
  recreateTopic,
  uniqueTopic,
} from '../../support/kafka.ts';
import { purchase } from '../../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { rowsOf } from '../../support/promotion.ts';
import { runReconcile, type Reconciled } from '../../support/reconcile.ts';

vi.setConfig({ testTimeout: 300_000 });

const COUNT = 1000;
const PARTITIONS = 2;

let folder: string;
let db: TestDatabase;
let topic: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-reconcile-kafka-'));
  db = await createTestDatabase();
  topic = await uniqueTopic(PARTITIONS);
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const options = async () => ({
  cwd: folder,
  env: { DATABASE_URL: db.url, KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: topic },
});

async function medallion(...args: string[]): Promise<void> {
  const result = await runCommand(args, await options());
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
}

const reconcile = async (...args: string[]): Promise<Reconciled> =>
  runReconcile(args, await options());

function noteOf(result: Reconciled, partition: number): string | null | undefined {
  return result.lines.find(
    ({ check, scope }) => check === 'log-to-bronze' && scope === `${topic}/${String(partition)}`,
  )?.note;
}

/** Sends one event to partition 0 in a transaction: its commit takes an offset of its own. */
async function produceInTransaction(value: string): Promise<void> {
  const producer = (await kafkaClient()).producer({
    transactionalId: `t-${topic}`,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [{ partition: 0, value }] });
  await transaction.commit();
  await producer.disconnect();
}

/** Lets everything below `offset` of partition 1 expire. */
async function expire(offset: string): Promise<void> {
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset }] });
  await admin.disconnect();
}

test('a stream with every kind of fault, transaction markers and a gap', async () => {
  await medallion('generate', '-n', String(COUNT), ...SHOP, '--manifest', 'answers.json');
  const manifest = await readManifest(path.join(folder, 'answers.json'));
  const unread = await reconcile();
  expect(unread).toMatchObject({ code: 0, different: [] });
  expect(unread.sum('log-to-bronze', 'waiting')).toBe(COUNT);

  await medallion('ingest');
  await medallion('promote');
  const read = await reconcile();
  expect(read).toMatchObject({ code: 0, different: [] });
  expect(read.sum('log-to-bronze', 'found')).toBe(COUNT);
  expect(read.sum('bronze-to-silver', 'found')).toBe(manifest.bronze.events);
  expect(read.sum('silver-to-gold', 'found', 'orders')).toBe(manifest.silver.transactions);
  expect(read.sum('silver-to-gold', 'found', 'total')).toBe(
    Number(manifest.silver.sums['order_total_amount']),
  );

  // An event and its marker: two offsets, one event.
  await produceInTransaction(purchase({ id: 'in a transaction', at: '2026-02-01T00:00:00' }));
  await medallion('ingest');
  const marked = await reconcile();
  expect(marked).toMatchObject({ code: 0, different: [] });
  expect(marked.sum('log-to-bronze', 'found')).toBe(COUNT + 1);
  expect(noteOf(marked, 0)).toContain('1 offset passed without an event (transaction markers');

  // Three events expire before they are read, a fourth one is read.
  const events = [1, 2, 3, 4].map((n) => purchase({ id: `e${n}`, at: '2026-02-02T00:00:00' }));
  const [{ next = '0' } = {}] = await rowsOf(
    db.settings,
    `select next_offset as next from medallion.offsets where topic = $1 and partition = 1`,
    [topic],
  );
  await produce(
    topic,
    events.map((value) => ({ partition: 1, value })),
  );
  await expire(String(Number(next) + 3));
  const first = Number(next);
  expect(noteOf(await reconcile(), 1)).toContain(
    `offsets ${first}-${first + 2} expired unread; the next ingest records the gap`,
  );
  await medallion('ingest');
  await medallion('promote');
  const gap = await reconcile();
  expect(gap).toMatchObject({ code: 0, different: [] });
  expect(gap.sum('log-to-bronze', 'found')).toBe(COUNT + 2);
  expect(noteOf(gap, 1)).toContain(`offsets ${first}-${first + 2} expired unread`);
  expect(gap.sum('silver-to-gold', 'found', 'orders')).toBe(manifest.silver.transactions + 2);

  // A row that goes missing is no hole: ingest booked that it had it.
  await rowsOf(db.settings, 'delete from bronze.events where partition = 0 and "offset" = 7');
  const broken = await reconcile();
  expect(broken.code).toBe(4);
  expect(broken.different[0]).toBe(`log-to-bronze ${topic}/0 events -1`);
  expect(noteOf(broken, 0)).toMatch(/1 event missing: without an event are offsets 7, \d+$/);
});

test('a topic that holds less than was read of it is a difference', async () => {
  await produce(topic, [{ partition: 0, value: purchase({ id: 'a', at: '2026-02-01T00:00:00' }) }]);
  await medallion('ingest');
  await rowsOf(db.settings, 'update medallion.offsets set next_offset = 5 where partition = 0');
  const { code, stderr, different } = await reconcile();
  expect({ code, different }).toEqual({
    code: 4,
    different: [`log-to-bronze ${topic}/0 offsets 4`],
  });
  expect(stderr).toContain('read up to offset 5, but the log ends at 1: it was recreated or cut');
});

test('a partition that only another warehouse has read waits whole, and says so', async () => {
  const sales = [0, 1].map((partition) => ({
    partition,
    value: purchase({ id: `p${partition}`, at: '2026-02-01T00:00:00' }),
  }));
  await produce(topic, sales);
  await medallion('ingest');
  await rowsOf(db.settings, 'delete from bronze.events where partition = 1');
  await rowsOf(db.settings, 'delete from medallion.offsets where partition = 1');
  const result = await reconcile();
  expect(result).toMatchObject({ code: 0, different: [] });
  expect(result.sum('log-to-bronze', 'waiting')).toBe(1);
  expect(noteOf(result, 1)).toBe('this warehouse has read nothing of it yet');
});

test('a broker that does not answer ends it: nothing was compared, and nothing is called whole', async () => {
  await produce(topic, [{ partition: 0, value: purchase({ id: 'a', at: '2026-02-01T00:00:00' }) }]);
  await medallion('ingest');
  const given = await options();
  const { code, stdout, stderr } = await runCommand(['reconcile'], {
    ...given,
    env: { ...given.env, KAFKA_BROKERS: '127.0.0.1:1' },
  });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('127.0.0.1:1');
});

test('a topic that was recreated is named, with the way to take the new one', async () => {
  const sale = { partition: 0, value: purchase({ id: 'a', at: '2026-02-01T00:00:00' }) };
  await produce(topic, [sale]);
  await medallion('ingest');
  await recreateTopic(topic, PARTITIONS);
  await produce(topic, [sale, sale]);
  const result = await reconcile();
  expect(result).toMatchObject({ code: 0, different: [] });
  expect(result.sum('log-to-bronze', 'waiting')).toBe(2);
  expect(noteOf(result, 0)).toContain(
    'the topic was recreated: ingest --reset-offsets reads the new one',
  );
});
