import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { contrast, type Outcome } from '../../src/engine/duckdb/records.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
/** A project with the source of docs/sources.md. */
let project: string;
let outside: string;
let docs: string;
/** The orders of its test, one a line. */
let orders: string;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-source-')));
  outside = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-outside-')));
  docs = await readFile('docs/sources.md', 'utf8');
  const block = (name: string): string =>
    new RegExp(`^\`\`\`yaml\\n# ${name}\\n([^\`]+)\`\`\``, 'm').exec(docs)?.[1] ?? '';
  const cases = parse(block('tests/sources/shop\\.yaml')) as { given: string }[];
  orders = cases.map(({ given }) => `${given.replaceAll('\n', ' ').trim()}\n`).join('');
  await mkdir(path.join(project, 'sources'));
  await writeFile(path.join(project, 'medallion.yaml'), '');
  await writeFile(path.join(project, 'sources/shop.yaml'), block('sources/shop\\.yaml'));
  await writeFile(path.join(project, 'orders.ndjson'), orders);
});

afterAll(async () => {
  await database.drop();
  await rm(project, { recursive: true });
  await rm(outside, { recursive: true });
});

async function run(line: string, cwd = project): Promise<CliResult> {
  return runCommand(line.split(' '), { cwd, env: { DATABASE_URL: database.url } });
}

interface Tested {
  readonly [part: string]: readonly Readonly<Record<string, unknown>>[];
}

/** What `source test` finds in these records, part by part. */
async function tested(records: readonly unknown[]): Promise<CliResult & { parts: Tested }> {
  const text = records
    .map((record) => (typeof record === 'string' ? record : JSON.stringify(record)))
    .join('\n');
  await writeFile(path.join(project, 'some.ndjson'), text);
  const result = await run('source test shop some.ndjson --output json');
  return { ...result, parts: JSON.parse(result.stdout) as Tested };
}

/** An order of the shop, in full; `more` in the place of what it has. */
function order(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    ...{ id: 7, updated_at: '2026-01-03T10:00:00Z', customer: { id: 1 } },
    ...{ shipping_address: { country_code: 'DE', city: 'Köln' }, financial_status: 'paid' },
    ...{ payment_gateway_names: ['paypal'], currency: 'EUR', total_line_items_price: '20.00' },
    ...{ total_tax: '2.00', shipping_lines: [{ price: '1.50' }], total_discounts: '0.50' },
    line_items: [{ sku: 'A', product_type: 'x', price: '10.00', quantity: 2 }],
    ...more,
  };
}

describe('source test', () => {
  test('prints what docs/sources.md shows', async () => {
    const [, line = '', shown = ''] =
      /^```console\n\$ medallion (source test [^\n]*)\n([^`]+)```/m.exec(docs) ?? [];
    const { code, stdout, stderr } = await run(line);
    expect(code).toBe(4);
    expect(stdout + stderr).toBe(shown);
  });

  test('shows each record with its outcome, and where it stands', async () => {
    const { code, parts } = await tested([
      order(),
      order({ id: 8, line_items: [{ sku: 'A', price: 'ten', quantity: 1 }] }),
      '',
      'no json',
    ]);
    expect(code).toBe(4);
    expect(parts['summary']).toMatchObject({ records: 3, accepted: 1, rejected: 2, skipped: 0 });
    expect(parts['records']).toMatchObject([
      {
        ...{ place: 'some.ndjson:1', outcome: 'accepted', transaction_id: '7', customer: '1' },
        ...{ status: 'placed', currency: 'EUR', total: 23, lines: 1, reason: null },
      },
      {
        ...{ place: 'some.ndjson:2', outcome: 'rejected', reason: 'invalid_amount' },
        ...{ field: 'line_items[0].price', detail: 'not a number: "ten"' },
      },
      { place: 'some.ndjson:4', outcome: 'rejected', reason: 'invalid_json', field: null },
    ]);
    expect(parts['rejected']).toMatchObject([
      { reason: 'invalid_amount', field: 'line_items[].price', records: 1 },
      { reason: 'invalid_json', field: null, records: 1 },
    ]);
  });

  test('sums each amount beside its path, and counts the orders that add up', async () => {
    const { code, parts, stderr } = await tested([
      order(),
      // Prices with the tax inside, which the mapping does not say, and a subtotal after the discount.
      order({ id: 8, total_line_items_price: '19.50' }),
    ]);
    expect(code).toBe(0);
    const sums = parts['amounts']?.map(({ amount, from, sum }) => [amount, from, sum]);
    expect(sums).toEqual([
      ['lines', 'price x quantity', 40],
      ['subtotal', 'total_line_items_price', 39.5],
      ['tax', 'total_tax', 4],
      ['shipping', 'sum of shipping_lines[].price', 3],
      ['discount', 'total_discounts', 1],
      ['total', 'computed', 45.5],
    ]);
    expect(parts['totals']).toMatchObject([
      { rule: 'the total is the sum of its parts', orders: 2, add_up: 2, percent: 100 },
      { rule: 'the subtotal is the sum of the lines', orders: 2, add_up: 1, percent: 50 },
    ]);
    expect(stderr).toContain('the lines of 1 order do not add up to the subtotal');
  });

  test('shows orders whose total is not the sum of its parts', async () => {
    await writeFile(
      path.join(project, 'sources/paid.yaml'),
      (await readFile(path.join(project, 'sources/shop.yaml'), 'utf8'))
        .replace('total: computed', 'total: total_price')
        .replace(/^topics.*\n/m, ''),
    );
    const lines = [order({ total_price: '23.00' }), order({ id: 8, total_price: '21.00' })];
    await writeFile(
      path.join(project, 'paid.ndjson'),
      lines.map((line) => JSON.stringify(line)).join('\n'),
    );
    const { code, stdout, stderr } = await run('source test paid paid.ndjson');
    await rm(path.join(project, 'sources/paid.yaml'));
    expect(code).toBe(0);
    expect(stderr).toContain(
      'the total of 1 order is not subtotal plus tax plus shipping less discount',
    );
    expect(stdout).toMatch(/^paid\.ndjson:2 +8 +20\.00 +2\.00 +1\.50 +0\.50 +23\.00 +21\.00$/m);
  });

  test('shows drift: fields that the mapping does not read, and those that no record has', async () => {
    const { shipping_address: address, ...rest } = order({ coupon: 'A', tags: [] });
    const { parts } = await tested([
      { ...rest, line_items: [{ sku: 'A', price: '10.00', quantity: 2, gift: true }] },
      rest,
    ]);
    expect(address).toBeDefined();
    expect(parts['unmapped']).toEqual([
      { field: 'coupon', records: 2 },
      { field: 'tags', records: 2 },
      { field: 'line_items[].gift', records: 1 },
    ]);
    expect(parts['vanished']).toEqual([
      { word: 'order.customer.country', paths: 'shipping_address.country_code' },
      { word: 'order.customer.city', paths: 'shipping_address.city' },
      { word: 'items.discount', paths: 'line_items[].discount_allocations[].amount' },
    ]);
  });

  test('tells fields that the source keeps as extra from those that it does not read', async () => {
    const mapping = path.join(project, 'sources/shop.yaml');
    const text = await readFile(mapping, 'utf8');
    await writeFile(mapping, `${text}extra: { coupon: coupon, channel: source }\n`);
    const { parts } = await tested([order({ coupon: 'A' })]);
    await writeFile(mapping, text);
    expect(parts['unmapped']).toEqual([]);
    expect(parts['vanished']).toContainEqual({ word: 'extra.channel', paths: 'source' });
  });

  test('warns of a field that the source drops and no record has, for it may be misspelled', async () => {
    const mapping = path.join(project, 'sources/shop.yaml');
    const text = await readFile(mapping, 'utf8');
    await writeFile(
      mapping,
      `${text}drop: [phone, custmer.email, 'line_items[].note', notes.to]\n`,
    );
    const { parts, code, stderr } = await tested([
      order({ phone: '+49', notes: null }),
      order({ customer: { id: 1, email: 'a@b.c' } }),
    ]);
    await writeFile(mapping, text);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'sources/shop.yaml drops custmer.email, line_items[].note, which no record has',
    );
    expect(parts['vanished']?.filter(({ word }) => word === 'drop')).toEqual([
      { word: 'drop', paths: 'custmer.email' },
      { word: 'drop', paths: 'line_items[].note' },
    ]);
  });

  test('shows nothing of a field that the source drops', async () => {
    const mapping = path.join(project, 'sources/shop.yaml');
    const text = await readFile(mapping, 'utf8');
    await writeFile(mapping, `${text}drop: [phone]\n`);
    const { stdout, parts } = await tested([order({ phone: '+49 30 1234' })]);
    await writeFile(mapping, text);
    expect(parts['records']).toHaveLength(1);
    expect(parts['unmapped']).toEqual([]);
    expect(stdout).not.toContain('phone');
  });

  test('takes the first records of a file, and says so', async () => {
    const lines = Array.from({ length: 12 }, (_, id) => JSON.stringify(order({ id }))).join('\n');
    await writeFile(path.join(project, 'many.ndjson'), lines);
    const some = await run('source test shop many.ndjson --sample 11');
    expect(some.stdout).toContain('1 more: --section records shows all of them');
    expect(some.stderr).toContain('only the first 11 records: --sample takes more');
    const all = await run('source test shop many.ndjson --section records');
    expect(all.stdout).toContain('many.ndjson:12');
    expect(all.stderr).toBe('');
  });

  test.each([
    ['source test shpo orders.ndjson', 2, 'there is no source shpo'],
    ['source test shop nothing.ndjson', 2, 'nothing.ndjson'],
    ['source test shop', 4, 'bronze has no records of the source shop'],
  ])('%s says what is wrong', async (line, code, message) => {
    const result = await run(line);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  test('names each value that the two readers read differently', () => {
    const read = (total: string, price: string): Outcome => ({
      ...{ kind: 'read', transaction: { transaction_id: 'a', order_total_amount: total } },
      items: [{ unit_price: price }],
    });
    expect(contrast(read('1.00', '2.00'), read('1.00', '2.00'))).toEqual([]);
    expect(contrast(read('1.00', '2.00'), read('1.01', '2.50'))).toEqual([
      { column: 'order_total_amount', duckdb: '1.00', judge: '1.01' },
      { column: 'items[0].unit_price', duckdb: '2.00', judge: '2.50' },
    ]);
    const rejected: Outcome = {
      ...{ kind: 'rejected', reason: 'no_items', field: 'lines', detail: '' },
    };
    expect(contrast({ kind: 'skipped' }, rejected)).toEqual([
      { column: 'outcome', duckdb: 'skipped', judge: 'rejected' },
      { column: 'reason', duckdb: null, judge: 'no_items' },
      { column: 'field', duckdb: null, judge: 'lines' },
    ]);
  });
});

describe('with records in bronze', () => {
  beforeAll(async () => {
    for (const line of ['ingest --source shop --from orders.ndjson', 'promote']) {
      expect(await run(line)).toMatchObject({ code: 0 });
    }
  });

  test('source list counts them, by source, and what of their fields has changed', async () => {
    const { code, stdout } = await run('source list --output json');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows.map(({ source }) => source)).toEqual([
      ...[
        'ga4',
        'medallion',
        'online_retail',
        'segment',
        'shopify',
        'shopify_refunds',
        'woocommerce',
        'shop',
      ],
    ]);
    expect(rows.find(({ source }) => source === 'shop')).toEqual({
      ...{ source: 'shop', file: 'sources/shop.yaml' },
      description: "Orders as a shop's webhooks send them",
      topics: `file:${project}/orders.ndjson`,
      ...{ records: 2, rejected: 1, skipped: 0, sampled: 2, unmapped: 0, vanished: 3 },
      unmapped_fields: '',
      vanished_fields:
        'order.customer.country (shipping_address.country_code), order.customer.city (shipping_address.city), items.category (line_items[].product_type)',
    });
    expect(rows.find(({ source }) => source === 'ga4')).toMatchObject({
      ...{ topics: '', records: 0, sampled: 0, unmapped: null, vanished: null },
    });
    const page = await run('source list');
    expect(page.stdout).toMatch(/^shop +\S+ +2 +1 +0 +0 +3$/m);
    expect(page.stdout).toContain(
      'shop, the latest 2 records\n  vanished  order.customer.country (shipping_address.country_code)',
    );
  });

  test('source list warns of records whose source is not there', async () => {
    const { code, stdout, stderr } = await run('source list --output csv', outside);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shop,,,file:\S+,2,1,0,2,,,,$/m);
    expect(stderr).toContain('was read with the source shop, which this project does not have');
  });

  test('source test maps the latest of bronze, with the dimensions of the warehouse', async () => {
    const add = `insert into silver.dim_order_status values (9, 'on_hold')`;
    expect(
      await runCommand(['sql', '--write', add], {
        cwd: project,
        env: { DATABASE_URL: database.url },
      }),
    ).toMatchObject({ code: 0 });
    const mapping = path.join(project, 'sources/shop.yaml');
    const text = await readFile(mapping, 'utf8');
    await writeFile(mapping, text.replace('paid: placed', 'paid: on_hold'));
    const { code, stdout } = await run('source test shop --sample 1000 --output json');
    const file = await run('source test shop orders.ndjson --output json');
    await writeFile(mapping, text);
    expect(code).toBe(4);
    const { records } = JSON.parse(stdout) as Tested;
    expect(records).toMatchObject([
      { place: `file:${project}/orders.ndjson/0/0`, outcome: 'accepted', status: 'on_hold' },
      { outcome: 'rejected', reason: 'no_items', field: 'line_items' },
    ]);
    // Without a warehouse nobody knows of that status.
    expect((JSON.parse(file.stdout) as Tested)['records']?.[0]).toMatchObject({
      ...{ outcome: 'rejected', reason: 'unknown_reference', field: 'financial_status' },
    });
  });
});
