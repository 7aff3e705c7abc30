import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { warehouseIdentity } from '../../src/postgres/identity.ts';
import { runCommand, spawnCli, type CliResult } from '../support/cli.ts';
import { until } from '../support/kafka.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, rowOf, rowsOf } from '../support/promotion.ts';
import { runReconcile } from '../support/reconcile.ts';

// Many commands, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 180_000 });

const WHO = 'ada-lovelace-77';
const FORGET = ['forget', '--customer', WHO, '--yes'];

let folder: string;
let db: TestDatabase;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-forget-'));
  await mkdir(path.join(folder, 'archive'));
  db = await createTestDatabase();
  env = { DATABASE_URL: db.url, MEDALLION_HOME: path.join(folder, 'home') };
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<CliResult> => runCommand(args, { cwd: folder, env });

async function medallion(...args: string[]): Promise<CliResult> {
  const result = await run(...args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

async function promoteEvents(name: string, events: readonly string[]): Promise<void> {
  await writeFile(path.join(folder, name), events.map((event) => `${event}\n`).join(''));
  await medallion('ingest', '--from', name);
  await medallion('promote');
}

async function expectClean(): Promise<void> {
  const { code, stderr, different } = await runReconcile([], { cwd: folder, env });
  expect({ code, different }, stderr).toEqual({ code: 0, different: [] });
}

/** An event with what a producer sends beside the contract. */
function withName(event: string, more: object = {}): string {
  const { data } = JSON.parse(event) as { data: { transaction_details: object } };
  const details = { ...data.transaction_details, ship_to: 'Ada Lovelace, 12 St James Square' };
  return JSON.stringify({ data: { transaction_details: { ...details, ...more } }, note: 'Ada' });
}

const customer = { id: WHO, type: 'returning', country: 'GB', city: 'London' };
const at = (hour: number): string => `2026-01-03T${String(hour).padStart(2, '0')}:00:00Z`;
const EVENTS = [
  withName(purchase({ id: 't1', at: at(1), customer })),
  // A repetition, and one that is superseded.
  withName(purchase({ id: 't1', at: at(1), customer })),
  withName(purchase({ id: 't2', at: at(2), customer, order: { status: 1 } })),
  withName(purchase({ id: 't2', at: at(3), customer, order: { status: 5 } })),
  // The id in escapes.
  withName(purchase({ id: 't3', at: at(4), customer })).replace('ada-', '\\u0061da-'),
  // Rejected: by the judge, without JSON, without a customer that can be read.
  withName(purchase({ id: 't4', at: at(5), customer, order: { total_amount: 'Ada' } })),
  `{"data": {"who": "${WHO}"`,
  `{"who": "${WHO}"}`,
  // Others, one of whose ids is longer.
  purchase({ id: 't5', at: at(6), customer: { id: `${WHO}-2` } }),
  purchase({ id: 't6', at: at(7), customer: { id: 'other', city: 'Berlin' } }),
  `{"data": {"who": "${WHO}-2"`,
];

/** Every column of every table of the warehouse that holds a text. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await rowsOf(
    db.settings,
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class as c
     join pg_namespace as n on c.relnamespace = n.oid
     where n.nspname in ('bronze', 'silver', 'gold', 'medallion') and c.relkind = 'r'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { n } = await rowOf(
      db.settings,
      `select count(*) as n from ${String(name)} as t
       where t::text ~ '(^|[^[:alnum:]_-])${text}([^[:alnum:]_-]|$)'`,
    );
    if (n !== '0') {
      found.push(String(name));
    }
  }
  return found.sort();
}

async function quarantinedTexts(): Promise<string> {
  const { texts } = await rowOf(
    db.settings,
    `select string_agg(encode(raw, 'escape'), ' ') as texts from bronze.quarantine`,
  );
  return texts ?? '';
}

/** Everything that silver and gold say but for whom, in whatever order the ids put it. */
async function sumsOf(who = WHO): Promise<string[]> {
  const answers = await answersOf(db.settings);
  // Segments break ties by the id, and the quarantine holds other bytes.
  delete answers['customers_by_value'];
  delete answers['quarantine'];
  const id = new RegExp(`"(?:${who}|forgotten_[0-9a-f]{32})"`, 'g');
  return Object.entries(answers).flatMap(([name, rows]) =>
    (rows as Record<string, unknown>[])
      .map((row) => `${name} ${JSON.stringify(row)}`.replaceAll(id, '"WHO"'))
      .sort(),
  );
}

/** Runs `work` while a forget, which is at its quarantine, waits for it. */
async function whileForgetting(work: () => Promise<void>): Promise<void> {
  await rowsOf(
    db.settings,
    `create or replace function bronze.wait() returns trigger language plpgsql
     as $$ begin perform pg_advisory_xact_lock_shared(4711); return null; end $$`,
  );
  await rowsOf(
    db.settings,
    'create trigger wait after update on bronze.quarantine execute function bronze.wait()',
  );
  await withClient(db.settings, async (holder) => {
    await holder.query('select pg_advisory_lock(4711)');
    await work();
  });
  await rowsOf(db.settings, 'drop trigger wait on bronze.quarantine');
}

async function untilItWaits(): Promise<void> {
  await until(async () => {
    const { n } = await rowOf(
      db.settings,
      `select count(*) as n from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`,
    );
    return n === '1';
  });
}

const rejections = (): Promise<Record<string, string | null>[]> =>
  rowsOf(db.settings, 'select reason, field, status from bronze.quarantine order by "offset"');

describe('forget', () => {
  test('takes a customer out of bronze, quarantine, silver and gold; sums, checks and reconcile stay, also when all is made again', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    const before = await sumsOf();
    const rejected = await rejections();
    expect(await tablesWith(WHO)).not.toEqual([]);

    const { stdout, stderr } = await medallion(...FORGET, '-o', 'json');
    expect(stdout + stderr).not.toContain(WHO);
    const rows = JSON.parse(stdout) as { place: string; rows: number; is_changed: boolean }[];
    expect(Object.fromEntries(rows.map(({ place, rows: n }) => [place, n]))).toMatchObject({
      ...{ 'bronze.events': 8, 'bronze.quarantine': 3 },
      ...{ 'silver.fact_transactions': 3, 'silver.dim_customers': 1 },
      'gold.customer_days': 1,
    });
    expect(stderr).toContain('the log keeps these events');

    expect(await tablesWith(WHO)).toEqual([]);
    expect(await tablesWith('Lovelace')).toEqual([]);
    expect(await quarantinedTexts()).not.toMatch(/Lovelace|lovelace-77(?!-)/);
    expect(await quarantinedTexts()).toContain(`${WHO}-2`);
    expect(await sumsOf()).toEqual(before);
    await expectClean();

    await medallion('promote', '--full-refresh');
    expect(await sumsOf()).toEqual(before);
    expect(await rejections()).toEqual(rejected);
    await expectClean();

    const {
      command,
      arguments: given,
      counts,
    } = await rowOf(
      db.settings,
      `select command, arguments::text, counts::text from medallion.runs where command = 'forget'`,
    );
    expect({ command, given }).toEqual({
      command: 'forget',
      given: expect.not.stringContaining(WHO) as string,
    });
    expect(JSON.parse(counts ?? '{}')).toMatchObject({ 'bronze.events': 8 });
  });

  test('a dry run says the same and changes nothing; an unknown customer is exit 4, none at all is exit 2', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    const { stdout } = await medallion('forget', '--customer', WHO, '--dry-run', '-o', 'json');
    expect(await tablesWith(WHO)).not.toEqual([]);
    expect(
      await rowsOf(db.settings, `select from medallion.runs where command = 'forget'`),
    ).toEqual([]);
    const done = await medallion(...FORGET, '-o', 'json');
    expect(JSON.parse(done.stdout)).toEqual(JSON.parse(stdout));
    const again = await run(...FORGET);
    expect(again.code).toBe(4);
    expect(again.stderr).not.toContain(WHO);
    expect((await run('forget', '--yes')).code).toBe(2);
    expect((await run('forget', '--customer', `${WHO}-2`)).code).toBe(2);
  });

  test('a repetition and a correction that come afterwards are told from one another as before; the customer is a new one', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    const outcomes = `select transaction_id, outcome, count(*) as n from silver.discarded_events group by 1, 2 order by 1, 2`;
    const before = await rowsOf(db.settings, outcomes);
    await medallion(...FORGET);
    await promoteEvents('later.ndjson', [
      withName(purchase({ id: 't1', at: at(9), customer })),
      withName(purchase({ id: 't2', at: at(9), customer, order: { status: 4 } })),
      withName(purchase({ id: 't9', at: at(9), customer })),
    ]);
    // Those that lost before, and the two that have lost now.
    expect(before).toEqual([
      { transaction_id: 't1', outcome: 'duplicate', n: '1' },
      { transaction_id: 't2', outcome: 'superseded', n: '1' },
    ]);
    expect(await rowsOf(db.settings, outcomes)).toEqual([
      { transaction_id: 't1', outcome: 'duplicate', n: '1' },
      { transaction_id: 't1', outcome: 'superseded', n: '1' },
      { transaction_id: 't2', outcome: 'superseded', n: '2' },
    ]);
    const { n } = await rowOf(
      db.settings,
      `select count(*) as n from silver.fact_transactions where customer_id = '${WHO}'`,
    );
    expect(n).toBe('3');
    await expectClean();
    await medallion('promote', '--full-refresh');
    await expectClean();
  });

  test('files of the archive are written again, the old ones go, and what a killed run left goes with the next one', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    await medallion('archive', '--older-than', '1ms', '--to', 'archive');
    const before = await sumsOf();
    const files = async (): Promise<string[]> =>
      (await readdir(path.join(folder, 'archive'), { recursive: true })).filter((name) =>
        name.endsWith('.parquet'),
      );
    const [old] = await files();

    await whileForgetting(async () => {
      const { child, result } = spawnCli(FORGET, { cwd: folder, env });
      await untilItWaits();
      expect(await files()).toHaveLength(2);
      child.kill('SIGKILL');
      await result;
      await rowsOf(
        db.settings,
        `select pg_terminate_backend(pid) from pg_locks where objid = 4711 and not granted`,
      );
    });
    expect(await sumsOf()).toEqual(before);
    expect(await tablesWith(WHO)).not.toEqual([]);
    await expectClean();

    await medallion(...FORGET);
    const [file, ...more] = await files();
    expect(more).toEqual([]);
    expect(file).not.toBe(old);
    expect(await tablesWith(WHO)).toEqual([]);
    const { stdout } = await medallion(
      'sql',
      '--archive',
      'select value from bronze.events',
      '-o',
      'json',
    );
    expect(stdout).not.toMatch(/Lovelace|lovelace-77(?!-)/);
    expect(stdout).toContain(`${WHO}-2`);
    expect(await rowsOf(db.settings, 'select from medallion.archive_files')).toHaveLength(1);
    await expectClean();
    await medallion('promote', '--full-refresh');
    expect(await sumsOf()).toEqual(before);
    await expectClean();
  });

  test('a file that a killed archive has written goes, though bronze has its events still', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    const file = path.join(folder, 'archive', 'begun.parquet');
    await writeFile(file, EVENTS.join());
    await withClient(db.settings, async (client) => {
      await client.query(
        `insert into medallion.archive_files
           (archive, path, topic, partition, from_offset, to_offset, events, bytes, warehouse, run_id)
         select $1, 'begun.parquet', topic, partition, min("offset"), max("offset") + 1, count(*), 1, $2, max(run_id)
         from bronze.events group by topic, partition`,
        [path.dirname(file), await warehouseIdentity(client)],
      );
    });
    await medallion(...FORGET);
    expect(await readdir(path.dirname(file))).toEqual([]);
    expect(await rowsOf(db.settings, 'select from medallion.archive_files')).toEqual([]);
    await medallion('archive', '--older-than', '1ms', '--to', 'archive');
    await expectClean();
  });

  test('records of a source lose what no field of it reads, and are mapped to the same orders', async () => {
    const order = {
      ...{ id: 820982911, updated_at: '2026-01-03T11:00:00-05:00', email: 'ada@example.com' },
      ...{ customer: { id: 207119551, first_name: 'Ada' }, financial_status: 'paid', test: false },
      shipping_address: { name: 'Ada Lovelace', country_code: 'GB', city: 'London' },
      ...{ payment_gateway_names: ['paypal'], currency: 'EUR', total_line_items_price: '50.00' },
      ...{ total_tax: '5.00', shipping_lines: [{ price: '2.50', phone: '+44' }] },
      ...{ total_discounts: '3.00', total_price: '54.50', taxes_included: false },
      line_items: [
        { sku: 'A', price: '20.00', quantity: 2, properties: [{ name: 'For', value: 'Ada' }] },
        { product_id: 77, price: '10.00', quantity: 1, product_type: 'books' },
      ],
    };
    const records = [
      order,
      { ...order, id: 2, test: true },
      { ...order, id: 3, customer: { id: 9 }, total_price: '1.00' },
      { ...order, id: 4, customer: null },
      { ...order, id: 5, line_items: [{ sku: 'A', price: 'seven', quantity: 1 }] },
    ].map((record) => JSON.stringify(record));
    await writeFile(path.join(folder, 'shop.ndjson'), `${records.join('\n')}\n`);
    await medallion('ingest', '--source', 'shopify', '--from', 'shop.ndjson');
    await medallion('promote');
    const before = await sumsOf('207119551');
    const rejected = await rejections();

    await medallion('forget', '--customer', '207119551', '--yes');
    expect(await tablesWith('207119551')).toEqual([]);
    const values = await rowsOf(db.settings, 'select value from bronze.events order by "offset"');
    // Those of others keep what they have.
    expect(values.map(({ value }) => value?.includes('Lovelace'))).toEqual([
      ...[false, false, true, true, false],
    ]);
    expect(JSON.parse(values[0]?.['value'] ?? '')).toEqual({
      ...{ id: order.id, updated_at: order.updated_at, test: false, financial_status: 'paid' },
      customer: { id: expect.stringMatching(/^forgotten_[0-9a-f]{32}$/) as string },
      shipping_address: { country_code: 'GB', city: 'London' },
      ...{ payment_gateway_names: ['paypal'], currency: 'EUR', total_line_items_price: '50.00' },
      ...{ total_tax: '5.00', shipping_lines: [{ price: '2.50' }] },
      ...{ total_discounts: '3.00', total_price: '54.50', taxes_included: false },
      line_items: [
        { sku: 'A', price: '20.00', quantity: 2 },
        { product_id: 77, price: '10.00', quantity: 1, product_type: 'books' },
      ],
    });
    expect(await sumsOf()).toEqual(before);
    await expectClean();
    await medallion('promote', '--full-refresh');
    expect(await sumsOf()).toEqual(before);
    expect(await rejections()).toEqual(rejected);
    await expectClean();
  });

  test('what a source keeps of orders stays, and is named', async () => {
    await mkdir(path.join(folder, 'sources'));
    await writeFile(path.join(folder, 'medallion.yaml'), '');
    await writeFile(
      path.join(folder, 'sources', 'web.yaml'),
      'version: 1\nextends: segment\nextra: { coupon: properties.coupon }\n',
    );
    const completed = (messageId: string, coupon: string): string =>
      JSON.stringify({
        ...{ event: 'Order Completed', userId: WHO, messageId, timestamp: at(1) },
        context: { traits: { email: 'ada@example.com' } },
        properties: {
          ...{ order_id: 'o1', total: 11, subtotal: 10, tax: 1, currency: 'EUR', coupon },
          products: [{ product_id: 'p1', price: 10, quantity: 1, category: 'books' }],
        },
      });
    const records = [completed('m1', 'SPRING'), completed('m2', 'SPRING'), completed('m3', 'MAY')];
    await writeFile(path.join(folder, 'web.ndjson'), `${records.join('\n')}\n`);
    await medallion('ingest', '--source', 'web', '--from', 'web.ndjson');
    await medallion('promote');
    const outcomes = 'select outcome, content_hash from silver.discarded_events order by 1';
    const discarded = await rowsOf(db.settings, outcomes);
    const { stdout, stderr } = await medallion(...FORGET, '-o', 'json');
    expect(JSON.parse(stdout)).toContainEqual({
      ...{ place: 'silver.fact_transactions.extra', rows: 1, is_changed: false },
    });
    expect(stderr).toContain('silver.fact_transactions.extra stays');
    expect(await tablesWith(WHO)).toEqual([]);
    expect(await tablesWith('ada@example.com')).toEqual([]);
    const forgotten = await rowsOf(db.settings, outcomes);
    expect(discarded).toHaveLength(2);
    await medallion('promote', '--full-refresh');
    // The hashes are those of what the events say now.
    expect(await rowsOf(db.settings, outcomes)).toEqual(forgotten);
    expect(forgotten).not.toEqual(discarded);
    await expectClean();
  });

  test('versions of the same orders that name nobody, and refunds of them, lose the person, too; in bronze, the quarantine and the archive', async () => {
    const guest = { id: '', guest: true, country: 'GB', city: 'London' };
    const events = [
      withName(purchase({ id: 't1', at: at(1), customer: guest })),
      withName(purchase({ id: 't1', at: at(2), customer })),
      // Rejected, and without a customer.
      withName(purchase({ id: 't1', at: at(3), customer: guest, order: { total_amount: 'x' } })),
      withName(
        purchase({
          id: 'r1',
          at: at(4),
          customer: guest,
          type: 'refund',
          details: { refunds: 't1' },
        }),
      ),
      // Of somebody else.
      withName(purchase({ id: 't2', at: at(5), customer: guest })),
    ];
    await promoteEvents('shop.ndjson', events);
    await medallion('archive', '--older-than', '1ms', '--to', 'archive');
    await promoteEvents('later.ndjson', [
      ...events.slice(3, 4).map((event) => event.replace('"r1"', '"r2"')),
    ]);
    await writeFile(path.join(folder, 'waiting.ndjson'), `${events[0] ?? ''}\n`);
    await medallion('ingest', '--from', 'waiting.ndjson');
    const before = await sumsOf();

    const { stdout } = await medallion(...FORGET, '-o', 'json');
    const rows = JSON.parse(stdout) as { place: string; rows: number }[];
    expect(Object.fromEntries(rows.map(({ place, rows: n }) => [place, n]))).toMatchObject({
      ...{ archive: 4, 'bronze.events': 2, 'bronze.quarantine': 1 },
    });
    const { stdout: all } = await medallion(
      ...['sql', '--archive', 'select value from bronze.events', '-o', 'json'],
    );
    expect(all.split('Lovelace')).toHaveLength(2);
    expect(await quarantinedTexts()).not.toContain('Lovelace');
    expect(await sumsOf()).toEqual(before);
    await expectClean();
    await medallion('promote', '--full-refresh');
    await expectClean();
  });

  test('an event whose key or headers alone name the customer, as one of a guest, loses these and keeps its value; in bronze and the archive', async () => {
    const guest = { id: '', guest: true, country: 'GB', city: 'London' };
    const events = [1, 2, 3, 4, 5, 6].map((hour) =>
      purchase({ id: `t${String(hour)}`, at: at(hour), customer: guest }),
    );
    await promoteEvents('archived.ndjson', events);
    const name = (): Promise<unknown> =>
      rowsOf(
        db.settings,
        `update bronze.events
         set key = case "offset" when 0 then '${WHO}' when 1 then '{"id": "${WHO}"}' when 4 then '${WHO}-2' else 'ab' end,
             key_bytes = case "offset" when 2 then convert_to('${WHO}', 'UTF8') || '\\x00' end,
             headers = case "offset" when 3 then '{"account": "${WHO}"}' else '{"trace": "1"}' end`,
      );
    const beside = async (): Promise<unknown> =>
      JSON.parse(
        (
          await medallion(
            ...['sql', '--archive', '-o', 'json'],
            'select value, key is not null as key, headers from bronze.events order by topic, "offset"',
          )
        ).stdout,
      );
    await name();
    await medallion('archive', '--older-than', '1ms', '--to', 'archive');
    await promoteEvents('shop.ndjson', events.slice(0, 5));
    await name();
    const { stdout } = await medallion(...FORGET, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      { place: 'archive', rows: 4, is_changed: true },
      { place: 'bronze.events', rows: 4, is_changed: true },
    ]);
    const rows = events.map((value, offset) => ({
      value,
      ...(offset < 4 ? { key: false, headers: null } : { key: true, headers: '{"trace": "1"}' }),
    }));
    expect(await beside()).toEqual([...rows, ...rows.slice(0, 5)]);
    expect(await tablesWith(WHO)).toEqual([]);
    await expectClean();
    expect((await run(...FORGET)).code).toBe(4);
  });

  test('refunds lose the person also where the events of the order were pruned', async () => {
    await promoteEvents('shop.ndjson', [withName(purchase({ id: 't1', at: at(1), customer }))]);
    await medallion('prune', '--bronze', '--older-than', '1ms', '--yes');
    const refund = {
      ...{ id: 'r1', at: at(2), customer: { id: '', guest: true } },
      ...{ type: 'refund', details: { refunds: 't1' } },
    };
    await promoteEvents('later.ndjson', [withName(purchase(refund))]);
    expect(await tablesWith('Lovelace')).toEqual(['bronze.events']);
    await medallion(...FORGET);
    expect(await tablesWith('Lovelace')).toEqual([]);
    expect(await tablesWith(WHO)).toEqual([]);
    await expectClean();
  });

  test('a table of a project that names the customer in a column of its own is said to be left', async () => {
    await mkdir(path.join(folder, 'models', 'gold'), { recursive: true });
    await writeFile(path.join(folder, 'medallion.yaml'), '');
    await writeFile(
      path.join(folder, 'models', 'gold', 'buyers.sql'),
      `/* @model
description: Buyers
grain: one row per buyer
key: [buyer]
load: replace_all
columns:
  buyer: { type: text, description: Who }
  orders: { type: bigint, description: Orders }
*/
select customer_id as buyer, count(*) as orders
from silver.fact_transactions
where customer_id is not null
group by customer_id
`,
    );
    await promoteEvents('shop.ndjson', EVENTS);
    const { stdout, stderr } = await medallion(...FORGET, '-o', 'json');
    expect(JSON.parse(stdout)).toContainEqual({
      ...{ place: 'gold.buyers.buyer', rows: 1, is_changed: false },
    });
    expect(stderr).toContain('gold.buyers.buyer');
    await medallion('promote', '--full-refresh');
    expect(await tablesWith(WHO)).toEqual([]);
  });

  test('ingest goes on meanwhile; a promotion and another forget are exit 5', async () => {
    await promoteEvents('shop.ndjson', EVENTS);
    await writeFile(
      path.join(folder, 'more.ndjson'),
      `${purchase({ id: 't20', at: at(8), customer })}\n`,
    );
    let forgetting: Promise<CliResult> | undefined;
    await whileForgetting(async () => {
      forgetting = spawnCli(FORGET, { cwd: folder, env }).result;
      await untilItWaits();
      await medallion('ingest', '--from', 'more.ndjson');
      for (const command of [['promote'], FORGET]) {
        const locked = await run(...command);
        expect(locked.code).toBe(5);
        expect(locked.stderr).toMatch(/a(nother)? forget is running/);
        expect(locked.stderr).not.toContain(WHO);
      }
    });
    expect(await forgetting).toMatchObject({ code: 0 });
    await medallion('promote');
    await expectClean();
    const { n } = await rowOf(
      db.settings,
      `select count(*) as n from silver.fact_transactions where customer_id = '${WHO}'`,
    );
    expect(n).toBe('1');
  });
});
