import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../support/cli.ts';
import { kafkaBrokers, kafkaProducer, uniqueTopic } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';
import { event } from '../support/wire-event.ts';

const order = (id: string, state: string): string =>
  JSON.stringify({
    ...{ id, updated_at: '2026-01-03T10:00:00Z', customer: { id: 7 }, financial_status: state },
    ...{ payment_gateway_names: ['paypal'], currency: 'EUR', total_line_items_price: '20.00' },
    ...{ total_tax: '0', shipping_lines: [], total_discounts: '0' },
    line_items: [{ sku: 'A', price: '10.00', quantity: 2, discount_allocations: [] }],
  });

let db: TestDatabase;
let folder: string;
beforeEach(async () => {
  db = await createTestDatabase();
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-topics-')));
  await mkdir(path.join(folder, 'sources'));
});
afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true });
});

const run = async (...args: string[]): ReturnType<typeof runCommand> =>
  runCommand(args, {
    cwd: folder,
    env: { DATABASE_URL: db.url, KAFKA_BROKERS: await kafkaBrokers() },
  });
const rows = (sql: string): Promise<unknown> => rowsOf(db.settings, sql);

test('one ingest reads several topics, and one promotion maps each by its own source', async () => {
  const [shop, market, sales] = [await uniqueTopic(2), await uniqueTopic(1), await uniqueTopic(1)];
  const documented = await readFile('docs/sources.md', 'utf8');
  const mapping = /```yaml\n([\s\S]*?)```/.exec(documented)?.[1] ?? '';
  const source = (topics: string, lookup: string): string =>
    mapping.replace('shop.orders', topics).replace('paid: placed', lookup);
  await writeFile(
    path.join(folder, 'medallion.yaml'),
    `kafka:\n  topic: [${shop}, ${market}, ${sales}]\n`,
  );
  await writeFile(path.join(folder, 'sources/shop.yaml'), source(shop, 'paid: placed'));
  await writeFile(
    path.join(folder, 'sources/market.yaml'),
    source(market, 'paid: completed, sent: shipped'),
  );
  const producer = await kafkaProducer();
  const send = (topic: string, partition: number, ...values: string[]): Promise<unknown> =>
    producer.send({ topic, messages: values.map((value) => ({ partition, value })) });
  await send(shop, 0, order('s1', 'paid'), order('s2', 'sent'));
  await send(shop, 1, order('s3', 'paid'));
  await send(market, 0, order('m1', 'paid'), order('m2', 'sent'));
  await send(sales, 0, event({}), event({ details: { transaction_id: '"txn_2"' } }));

  const some = await run('ingest', '--max-messages', '4');
  expect(some).toMatchObject({ code: 0 });
  expect(await rows('select count(*) as n from bronze.events')).toEqual([{ n: '4' }]);
  const status = JSON.parse((await run('status', '--output', 'json')).stdout) as {
    state: { log: string };
    partitions: { topic: string; lag: unknown }[];
  };
  expect(status.state.log).toMatch(new RegExp(`${shop}.*${market}.*${sales}`));
  expect(status.partitions.map(({ topic }) => topic).sort()).toEqual(
    [shop, shop, market, sales].sort(),
  );
  expect(await run('ingest')).toMatchObject({ code: 0 });
  expect(await run('promote')).toMatchObject({ code: 0 });
  expect(
    await rows(
      `select transaction_id, name from silver.fact_transactions
       join silver.dim_order_status on id = order_status_id order by 1`,
    ),
  ).toEqual([
    { transaction_id: 'm1', name: 'completed' },
    { transaction_id: 'm2', name: 'shipped' },
    { transaction_id: 's1', name: 'placed' },
    { transaction_id: 's3', name: 'placed' },
    { transaction_id: 'txn_1', name: 'completed' },
    { transaction_id: 'txn_2', name: 'completed' },
  ]);
  expect(await rows('select reason, topic from bronze.quarantine')).toEqual([
    { reason: 'unknown_value', topic: shop },
  ]);
  expect(
    await rows('select topic, source from medallion.topic_sources order by source desc'),
  ).toEqual([
    { topic: shop, source: 'shop' },
    { topic: market, source: 'market' },
  ]);
  expect(await run('reconcile')).toMatchObject({ code: 0 });
  expect(await run('doctor')).toMatchObject({
    stdout: expect.stringContaining(`${market}: 1 partition`) as string,
  });

  // While they are followed, events of each count against the idle time.
  const following = run('ingest', '--follow', '--idle-timeout', '4s');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await send(market, 0, order('m3', 'paid'));
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await send(sales, 0, event({ details: { transaction_id: '"txn_3"' } }));
  await producer.disconnect();
  expect(await following).toMatchObject({ code: 0 });
  expect(await rows('select count(*) as n from bronze.events')).toEqual([{ n: '9' }]);
});

test('what one topic is wanted for says so', async () => {
  await writeFile(path.join(folder, 'medallion.yaml'), '');
  expect(await run('generate', '-n', '1', '--topic', 'a,b')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'this command works with one topic only, and several are named',
    ) as string,
  });
  expect(await run('ingest', '--topic', 'a,a')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the same topic is there twice') as string,
  });
  expect(await run('ingest', '--topic', 'a,b', '--group', 'mine')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('works with one topic only') as string,
  });
});

test('several topics are not followed up to a number of messages: none but the first would be read', async () => {
  const args = ['ingest', '--topic', 'one,two', '--follow', '--max-messages', '6'];
  const env = { DATABASE_URL: db.url, MEDALLION_HOME: folder };
  expect(await runCommand([...args, '--idle-timeout', '1s'], { cwd: folder, env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('works with one topic only') as unknown,
  });
});
