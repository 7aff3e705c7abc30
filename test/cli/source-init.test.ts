import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadSources } from '../../src/source/read.ts';
import { runCommand, type CliResult } from '../support/cli.ts';

let project: string;
let drafts = 0;

beforeAll(async () => {
  project = await realpath(await mkdtemp(path.join(tmpdir(), 'medallion-draft-')));
  await writeFile(path.join(project, 'medallion.yaml'), '');
});

afterAll(() => rm(project, { recursive: true }));

async function run(...args: string[]): Promise<CliResult> {
  return runCommand(args, { cwd: project });
}

/** Drafts a source from a sample, under a name of its own, and tests it with the same file. */
async function draft(
  file: string,
  text: string | Buffer,
): Promise<CliResult & { yaml: string; name: string }> {
  drafts += 1;
  const name = `draft_${String(drafts)}`;
  await writeFile(path.join(project, file), text);
  const result = await run('source', 'init', '--from', file, '--name', name);
  expect(result.stderr).toContain(`written: sources/${name}.yaml`);
  return {
    ...result,
    name,
    yaml: await readFile(path.join(project, `sources/${name}.yaml`), 'utf8'),
  };
}

/** An order of a shop whose names and sums speak for themselves. */
const ORDER = {
  ...{ order_id: 'A-1001', created_at: '2026-01-03T22:12:43Z', updated_at: '2026-01-05T08:00:00Z' },
  customer: { id: 207, email: 'jo@example.com', country: 'AT', city: 'Wien' },
  ...{ status: 'paid', payment_method: 'paypal', currency: 'EUR' },
  ...{ subtotal: '42.50', tax: '8.50', shipping_cost: '3.00', total: '54.00', coupon: 'NEW' },
  lines: [
    { sku: 'TEA-1', category: 'tea', unit_price: '12.00', qty: 2 },
    { sku: 'CUP-9', category: 'cups', unit_price: '18.50', qty: 1 },
  ],
};
const SECOND = { ...ORDER, order_id: 'A-1002', status: 'delivered' };

describe('source init', () => {
  test('drafts a mapping that holds where names and sums speak for themselves', async () => {
    const text = [ORDER, SECOND].map((order) => `${JSON.stringify(order)}\n`).join('');
    const { code, stderr, yaml, name } = await draft('orders.ndjson', text);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `written: sources/${name}.yaml, from 2 records of orders.ndjson
2 orders accepted: compare the sums with those of your shop
Next: medallion source test ${name} orders.ndjson
`,
    });
    expect(yaml)
      .toBe(`# Drafted from orders.ndjson. Look at each line: a name that fits may mean something else.
# docs/sources.md describes every property; medallion source test ${name} shows what comes out.
version: 1
description: Orders as in orders.ndjson
# topics: [${name}.orders] # of Kafka; each has one source
order:
  id: order_id # A-1001
  version_at: updated_at # 2026-01-05T08:00:00Z
  ordered_at: created_at # 2026-01-03T22:12:43Z
  customer:
    id: customer.id # 207
    country: customer.country # AT
    city: customer.city # Wien
  status: { path: status, lookup: { paid: placed, delivered: completed } } # what is not here is rejected
  payment_method: { path: payment_method, new: add } # paypal
  currency: { path: currency, new: add } # EUR
  subtotal: subtotal # 42.50
  tax: tax # 8.50
  shipping: shipping_cost # 3.00
  discount: { value: 0 } # the totals of the sample add up without it
  total: total # 54.00
items:
  from: lines
  id: sku # TEA-1
  category: { path: category, default: unknown } # tea
  unit_price: unit_price # 12.00
  quantity: qty # 2
# Fields that identify a person; dropped ones are never stored:
# drop: [customer.email]
# Fields of the sample that nothing reads; extra: { name: path } keeps some:
#   coupon          text     NEW
#   customer.email  text     not shown
`);
    const tested = await run('source', 'test', name, 'orders.ndjson', '--output', 'json');
    expect(tested.code).toBe(0);
    expect(JSON.parse(tested.stdout)).toMatchObject({
      summary: { accepted: 2, rejected: 0 },
      totals: [{ percent: 100 }, { percent: 100 }],
    });
  });

  test('leaves open what nobody can tell, with what it may be', async () => {
    const { code, stderr, yaml } = await draft(
      'odd.json',
      JSON.stringify({
        ...{ nr: 7, bezahlt: 'ja', betrag: 12.5, abgabe: 2, when: '2026-01-03T10:00:00Z' },
        positions: [{ artikel: 'A', price: 12.5, quantity: 1 }],
      }),
    );
    expect(code).toBe(0);
    expect(stderr).toContain(
      'warning: still to be decided: order.id, order.version_at, order.customer.id, order.status, order.payment_method, order.currency, order.tax, order.shipping, order.discount, items.id\n',
    );
    expect(yaml).toContain(`  version_at: '?'
  # version_at: when # 2026-01-03T10:00:00Z
`);
    expect(yaml).toContain(`  tax: '?'
  # tax: nr # 7
  # tax: betrag # 12.5
  # tax: abgabe # 2
  # tax: { value: 0 } # when no order has it
`);
    expect(yaml).toContain(`  total: computed # from the other amounts
items:
  from: positions
`);
  });

  test('says in rows for programs what it has drafted', async () => {
    await writeFile(path.join(project, 'one.json'), JSON.stringify(ORDER));
    const { stdout } = await run(
      ...['source', 'init', '--from', 'one.json', '--name', 'rows', '--output', 'json'],
    );
    const rows = JSON.parse(stdout) as Record<string, unknown>[];
    expect(rows).toContainEqual({
      ...{ field: 'order.tax', rule: 'tax', remark: '8.50', open: false },
    });
    expect(rows).toContainEqual({
      ...{ field: 'items.from', rule: 'lines', remark: 'the list of the order lines', open: false },
    });
  });

  test.each([...loadSources(undefined).values()].map(({ name, csv }) => [name, csv] as const))(
    'drafts one from what the test of %s sends, that the grammar takes',
    async (name, csv) => {
      const cases = parse(await readFile(`test/sources/${name}.yaml`, 'utf8')) as {
        given: string;
        expect: unknown;
      }[];
      const given = cases.map(({ given: text }) =>
        csv === undefined ? `${text.replaceAll('\n', ' ').trim()}\n` : text,
      );
      const result = await draft(`${name}.txt`, given.join(''));
      expect(result.code).toBe(0);
      const source = loadSources(project).get(result.name);
      expect(source?.lines.length).toBeGreaterThan(0);
      expect(source?.order.get('transaction_id')?.paths.length).toBe(1);
    },
  );

  test('decides by what adds up where names do not', async () => {
    const lines = [{ sku: 'A', price: '10.00', quantity: 2 }];
    const of = (amounts: object) => JSON.stringify({ ...ORDER, subtotal: null, lines, ...amounts });
    // Inside: 20 + 3 - 1 = 22, of which 3.51 are tax.
    const inside = await draft(
      'inside.json',
      of({ tax: '3.51', shipping_cost: '3', discount: '1', total: '22' }),
    );
    expect(inside.yaml).toContain(
      'tax_included: { value: true } # the totals of the sample add up without the tax',
    );
    // The subtotal is after the discount: the lines come to 20, so it is none.
    const after = await draft(
      'after.json',
      of({ subtotal: '19', tax: '2', shipping_cost: '3', discount: '1', total: '24' }),
    );
    expect(after.yaml).toContain('subtotal: computed # from the lines\n');
    expect(after.yaml).toContain('discount: discount # 1\n');
    // The prices are after it: 20 + 2 + 3 = 25.
    const paid = await draft(
      'paid.json',
      of({ tax: '2', shipping_cost: '3', discount: '1', total: '25' }),
    );
    expect(paid.yaml).toContain('discount: { value: 0 } # the prices are after it already\n');
    // A flag that the sums contradict is left out.
    const flag = await draft(
      'flag.json',
      of({ tax: '2', shipping_cost: '3', discount: '0', total: '25', taxes_included: true }),
    );
    expect(flag.yaml).not.toContain('tax_included: taxes_included');
    for (const { stderr } of [inside, after, paid, flag]) {
      expect(stderr).toContain('1 order accepted');
      expect(stderr).not.toContain('warning');
    }
  });

  test.each([
    ['1767478363', '{ path: updated_at, format: epoch_s }'],
    ['1767478363120', '{ path: updated_at, format: epoch_ms }'],
    ['20260103', "{ path: updated_at, format: '%Y%m%d' }"],
    ['03.01.2026 10:05', "{ path: updated_at, format: '%d.%m.%Y %H:%M' }"],
    ['01/30/2026 10:05', "{ path: updated_at, format: '%m/%d/%Y %H:%M' }"],
    ['30/01/2026', "{ path: updated_at, format: '%d/%m/%Y' }"],
    ['2026-01-03 10:00:00 UTC', "{ path: updated_at, format: '%Y-%m-%d %H:%M:%S UTC' }"],
  ])('reads the time %s', async (time, rule) => {
    const { yaml, stderr } = await draft(
      'time.json',
      JSON.stringify({ ...ORDER, updated_at: time }),
    );
    expect(yaml).toContain(`  version_at: ${rule} # ${time}`);
    expect(stderr).toContain('1 order accepted');
  });

  test('maps ways to pay that it knows, and leaves the others to the dimension', async () => {
    const paid = ['paypal', 'Visa', 'Klarna', null].map((method, index) =>
      JSON.stringify({ ...ORDER, order_id: index, payment_method: method, currency: 'GBP' }),
    );
    const { yaml, stderr, name } = await draft('paid.ndjson', paid.join('\n'));
    expect(yaml).toContain(
      '  payment_method: { path: payment_method, lookup: { paypal: paypal, Visa: credit card }, default: unknown, new: add } # paypal, Visa, Klarna\n',
    );
    expect(stderr).toContain('4 orders accepted');
    const tested = await run('source', 'test', name, 'paid.ndjson', '--output', 'json');
    expect(JSON.parse(tested.stdout)).toMatchObject({
      disagreements: [],
      added: [
        { table: 'silver.dim_currency', name: 'GBP' },
        { table: 'silver.dim_payment_method', name: 'Klarna' },
        { table: 'silver.dim_payment_method', name: 'unknown' },
      ],
    });
  });

  test('says where a day may be a month', async () => {
    const { yaml } = await draft(
      'doubt.json',
      JSON.stringify({ ...ORDER, updated_at: '01/02/2026' }),
    );
    expect(yaml).toContain(
      '# 01/02/2026; or is it %d/%m/%Y?; UTC, unless you add zone: Europe/Berlin\n',
    );
  });

  test.each([
    ['a list', `\n[${JSON.stringify(ORDER)},\n ${JSON.stringify(SECOND)}]`, 2, '.[]'],
    ['what an API answers', JSON.stringify({ orders: [ORDER, SECOND] }), 2, '.["orders"][]'],
    ['an object over several lines', JSON.stringify(ORDER, null, 2), 1, '.'],
    ['one line', JSON.stringify(ORDER), 1, undefined],
    [
      'lines that end in CR LF',
      `${JSON.stringify(ORDER)}\r\n\r\n${JSON.stringify(SECOND)}\r\n`,
      2,
      undefined,
    ],
    ['a byte order mark', `\ufeff${JSON.stringify(ORDER)}`, 1, undefined],
    ['gzip', gzipSync(JSON.stringify(ORDER)), 1, undefined],
    ['an envelope', JSON.stringify({ kind: 'order.paid', data: { order: ORDER } }), 1, undefined],
  ])('takes %s', async (_what, text, records, filter) => {
    const { stderr, yaml } = await draft('sample', text);
    expect(stderr).toContain(`from ${String(records)} record`);
    expect(stderr).toContain(`${String(records)} order${records > 1 ? 's' : ''} accepted`);
    expect(yaml).toMatch(/^ {2}from: (?:data\.order\.)?lines$/m);
    if (filter === undefined) {
      expect(stderr).not.toContain('jq');
    } else {
      expect(stderr).toContain(`jq -c '${filter}' sample > `);
    }
  });

  test('takes CSV with what it says of itself', async () => {
    const rows = [
      'Belegnummer;Order ID;Date;Customer No.;Article;Unit Price;Quantity;Total Amount',
      'x;17;03.01.2026 10:05;7;Käse;2,50;2;8,20',
      'x;17;03.01.2026 10:05;7;"Kuchen; groß";3,20;1;8,20',
      'y;18;03.01.2026 10:07;;Tee;2,00;1;2,00',
    ];
    const { yaml, stderr, name } = await draft(
      'till.csv',
      Buffer.from(rows.join('\r\n'), 'latin1'),
    );
    expect(yaml)
      .toContain(`format: { csv: { delimiter: ';', encoding: windows-1252, decimal: ',' } }
group_by: Order ID # adjacent rows that have the same are one order
order:
  id: Order ID # 17
  version_at: { path: 'rows[0].Date', format: '%d.%m.%Y %H:%M' } # 03.01.2026 10:05; UTC, unless you add zone: Europe/Berlin
  customer:
    id: 'rows[0]."Customer No."' # 7
    guest: { path: 'rows[0]."Customer No."', lookup: {}, else: false, default: true } # who has no id
`);
    expect(yaml).toContain(`  tax: { value: 0 } # the totals of the sample add up without it
  shipping: { value: 0 } # the totals of the sample add up without it
  discount: { value: 0 } # the totals of the sample add up without it
  total: 'rows[0].Total Amount' # 8.20
items:
  from: rows
  id: Article # Käse
`);
    expect(stderr).toContain(
      'still to be decided: order.status, order.payment_method, order.currency',
    );
    const file = path.join(project, `sources/${name}.yaml`);
    await writeFile(file, yaml.replace(/^.*'\?'\n {2}# /gm, '  '));
    const tested = await run('source', 'test', name, 'till.csv');
    expect(tested).toMatchObject({ code: 0, stderr: '' });
    expect(tested.stdout).toMatch(
      /^till\.csv:2 +accepted +purchase +17 +completed +7 +2 +8\.20 +EUR$/m,
    );
  });

  test.each([
    ['no fields', {}],
    ['lists of lists', { items: [[1, 2], [3]], a: [[]], b: [null], c: [{ d: [{ e: [] }] }] }],
    [
      'names that YAML or a path would take for something else',
      {
        ...{
          'a.b': 1,
          'c[0]': 'x',
          '': 2,
          ' ': 3,
          '#': 'y',
          'x: y': 'z',
          '?': 4,
          '-': 5,
          '{': '6',
        },
        ...{
          'line\nbreak': 'a\nb',
          '"': '"',
          "'": "it's",
          '\u2028': '\u0000',
          日本: '注文',
          true: 'no',
        },
        ...{ status: 'a: b # c', payment_method: ': {', currency: "'", __proto__: { id: 1 } },
        lines: [{ 'unit price': '1', 'qty.': 2, 'sku"': 'a\tb' }],
      },
    ],
    ['a value of many characters', { id: 'x'.repeat(100_000), note: '\u202e'.repeat(300) }],
    [
      'many fields',
      Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`field_${String(n)}`, n])),
    ],
  ])('drafts what the grammar takes from %s', async (_what, record) => {
    const { code, yaml, name } = await draft('strange.json', JSON.stringify(record));
    expect(code).toBe(0);
    expect(loadSources(project).get(name)?.file).toBe(`sources/${name}.yaml`);
    expect(Math.max(...yaml.split('\n').map((line) => line.length))).toBeLessThan(1000);
  });

  test('replaces no file', async () => {
    const { name, yaml } = await draft('first.json', JSON.stringify(ORDER));
    const again = await run('source', 'init', '--from', 'first.json', '--name', name);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toContain(`${name}.yaml already exists; nothing was written`);
    expect(await readFile(path.join(project, `sources/${name}.yaml`), 'utf8')).toBe(yaml);
  });

  test('names the source by its file, unless it is told', async () => {
    await writeFile(path.join(project, '2026-Web Shop.orders.json'), JSON.stringify(ORDER));
    const { stderr } = await run('source', 'init', '--from', '2026-Web Shop.orders.json');
    expect(stderr).toContain('written: sources/web_shop_orders.yaml');
  });

  test.each([
    ['nothing.json', undefined, 'nothing.json', []],
    ['empty.json', ' \n', 'empty.json is empty', []],
    ['words.txt', 'nothing but words\n', 'words.txt is neither JSON nor CSV', []],
    ['broken.json', '{"a": 1,\n "b": }', 'broken.json is not JSON', []],
    ['numbers.json', '[1, 2]', 'there is no order in', []],
    ['header.csv', 'a,b,c\n', 'there is no order in', []],
    ['good.json', '{"id": 1}', '"My Shop" is not a valid name for a source', ['--name', 'My Shop']],
    ['good.json', '{"id": 1}', 'the source shopify already exists', ['--name', 'shopify']],
    ['2026.json', '{"id": 1}', '"" is not a valid name for a source', []],
  ])('%s: says what is wrong', async (file, text, message, more) => {
    if (text !== undefined) {
      await writeFile(path.join(project, file), text);
    }
    const { code, stdout, stderr } = await run('source', 'init', '--from', file, ...more);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('needs a project', async () => {
    const cwd = await mkdtemp(path.join(tmpdir(), 'medallion-none-'));
    const { code, stderr } = await runCommand(['source', 'init', '--from', 'x.json'], { cwd });
    await rm(cwd, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain('there is no project here');
    expect(stderr).toContain('To make one in this folder: medallion init');
  });
});
