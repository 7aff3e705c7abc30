import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JsonNumber, parseJson, type Json } from '../../src/event/json.ts';
import { dimensionOf, type References } from '../../src/event/references.ts';
import { judgeRecord } from '../../src/source/judge.ts';
import type { Source } from '../../src/source/mapping.ts';
import { parsePath, showPath } from '../../src/source/path.ts';
import { mapRecord } from '../../src/source/plan.ts';
import { readSource } from '../../src/source/read.ts';
import { isoOf, parseTimeFormat } from '../../src/source/time-form.ts';

const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';

const REFERENCES: References = {
  statuses: dimensionOf([{ id: 1, name: 'placed' }]),
  paymentMethods: dimensionOf([{ id: 3, name: 'cash' }]),
  currencies: dimensionOf([
    { id: 1, name: 'EUR', code: 'EUR' },
    { id: 2, name: 'US-DOLLAR', code: 'USD' },
    { id: 9, name: 'YEN', code: 'JPY' },
  ]),
};

function sourceOf(text: string): Source {
  const problems: string[] = [];
  const source = readSource(text, 'sources/shop.yaml', problems);
  expect(problems).toEqual([]);
  return source as Source;
}

function problemsOf(text: string): string[] {
  const problems: string[] = [];
  readSource(text, 'sources/shop.yaml', problems);
  return problems;
}

/** A source of few fields, of which a test says what it is about. */
function minimal(order: string, items = '', more = ''): Source {
  const base: Record<string, string> = {
    ...{ id: 'id', version_at: 'at', status: '{value: placed}', currency: 'currency' },
    ...{ payment_method: '{value: cash}', subtotal: 'computed', tax: '{value: 0}' },
    ...{ shipping: '{value: 0}', discount: '{value: 0}', total: 'computed' },
    customer: '{id: customer}',
  };
  const said = order.split(':')[0] ?? '';
  const lines = Object.entries(base)
    .filter(([word]) => word !== said)
    .map(([word, rule]) => `  ${word}: ${rule}`);
  const own = [order, more].filter((rule) => rule !== '').map((rule) => `  ${rule}`);
  return sourceOf(
    ['version: 1', 'order:', ...lines, ...own, 'items:', '  from: lines', '  id: sku']
      .concat(['  category: {value: books}', '  quantity: n'])
      .concat(items === '' ? ['  unit_price: price'] : [`  ${items}`])
      .join('\n'),
  );
}

function plain(value: Json | undefined): unknown {
  if (value instanceof JsonNumber) {
    return value.text;
  }
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

const mapped = (source: Source, record: string): Record<string, Record<string, unknown>> =>
  plain(mapRecord(source, parseJson(record), REFERENCES).details) as never;

describe('a source', () => {
  test('of the documentation is read', () => {
    expect(sourceOf(EXAMPLE)).toMatchObject({ name: 'shop', topics: ['shop.orders'] });
  });

  test('is refused with file and line, and the nearest word', () => {
    expect(problemsOf(EXAMPLE.replace('total: computed', 'totl: computed'))).toEqual([
      expect.stringMatching(
        /^sources\/shop\.yaml:\d+: order\.totl is not known; did you mean total\?$/,
      ),
      expect.stringMatching(/order\.total is missing: its path, or \{value: \.\.\}$/),
    ]);
  });

  test.each([
    ['tax: total_tax', 'tax: { pth: total_tax }', '"pth" is not known here; did you mean path?'],
    ['tax: total_tax', 'tax: a..b', '"a..b" is not a path'],
    ['tax: total_tax', 'tax: { sum: total_tax }', 'is not a path through a list'],
    ['tax: total_tax', 'tax: { path: a, value: 0 }', 'give exactly one of path, sum and value'],
    ['tax: total_tax', 'tax: { path: a, per: line }', 'per does not work'],
    ['id: id', 'id: { path: id, zone: UTC }', 'zone does not work'],
    ['version_at: updated_at', 'version_at: { path: a, zone: Mars/Base }', 'no time zone'],
    [
      'version_at: updated_at',
      'version_at: { path: a, format: "%Q" }',
      'format "%Q" is not one of',
    ],
    ['  from: line_items\n', '', 'items.from is missing'],
    ['version: 1', 'version: 2', 'version: 1 is missing'],
    ['tax: total_tax', 'tax: { path: a, new: add }', 'order.tax: new does not work'],
    ['currency: currency', 'currency: { path: a, new: make }', 'currency: new can only be add'],
    ['order:', 'extra: []\norder:', 'extra is a map from names to paths'],
    ['order:', 'extra: { Channel: a }\norder:', 'extra: "Channel" is not a valid name'],
    ['order:', 'extra: { channel: a..b }\norder:', '"a..b" is not a path'],
    ['order:', 'extra: { channel: { sum: "a[].b" } }\norder:', 'extra.channel: sum does not work'],
    ['order:', 'extra: { channel: source }\ndrop: [source]\norder:', 'extra.channel reads source'],
  ])('%j as %j is refused', (word, wrong, problem) => {
    expect(problemsOf(EXAMPLE.replace(word, wrong)).join('\n')).toContain(problem);
  });

  test('has another hash when it maps otherwise, not when a comment changes', () => {
    const { hash } = sourceOf(EXAMPLE);
    expect(sourceOf(`# more\n${EXAMPLE}`).hash).toBe(hash);
    expect(sourceOf(EXAMPLE.replace('tax: total_tax', 'tax: taxes')).hash).not.toBe(hash);
  });
});

test.each(['a', 'a.b', 'a[0].b', 'a[].b[]', '"a.b".c', 'Invoice No'])(
  'the path %s is read',
  (text) => {
    const path = parsePath(text);
    expect(path).toBeDefined();
    expect(parsePath(showPath(path ?? []))).toEqual(path);
  },
);

test.each(['', '.a', 'a.', '[0]', 'a[x]', 'a b]'])('%j is no path', (text) => {
  expect(parsePath(text)).toBeUndefined();
});

describe('a time', () => {
  const iso = (text: string, format: string | undefined, zone?: string): string | undefined => {
    const form = format === undefined ? undefined : parseTimeFormat(format);
    return isoOf(text, { epochDigits: form?.epochDigits, pattern: form?.pattern, zone });
  };

  test.each([
    ['1767225600', 'epoch_s', undefined, '2026-01-01T00:00:00.000000Z'],
    ['1767225600123', 'epoch_ms', undefined, '2026-01-01T00:00:00.123000Z'],
    ['1767225600123456789', 'epoch_ns', undefined, '2026-01-01T00:00:00.123456Z'],
    ['-1', 'epoch_ms', undefined, '1969-12-31T23:59:59.999000Z'],
    ['12/1/2010 8:26', '%m/%d/%Y %H:%M', undefined, '2010-12-01T08:26:00.0'],
    ['20260103', '%Y%m%d', undefined, '2026-01-03T00:00:00.0'],
    ['2026-01-01 23:30:00', undefined, 'America/New_York', '2026-01-02T04:30:00.000000Z'],
    ['7/1/2026 0:30', '%m/%d/%Y %H:%M', 'Europe/London', '2026-06-30T23:30:00.000000Z'],
    // Shown twice: the later one. Skipped: as the clocks before the change would say.
    ['2026-10-25T01:30:00', undefined, 'Europe/London', '2026-10-25T01:30:00.000000Z'],
    ['2026-03-29T01:30:00', undefined, 'Europe/London', '2026-03-29T01:30:00.000000Z'],
    ['2026-01-01T23:30:00Z', undefined, 'America/New_York', '2026-01-01T23:30:00Z'],
  ])('%s as %s in %s is %s', (text, format, zone, expected) => {
    expect(iso(text, format, zone)).toBe(expected);
  });

  test.each([
    ['1.5', 'epoch_s'],
    ['12-1-2010', '%m/%d/%Y'],
  ])('%s is no %s', (text, format) => {
    expect(iso(text, format)).toBeUndefined();
  });
});

describe('a record', () => {
  test('is mapped exactly: sums, shares, computed totals', () => {
    const source = minimal(
      "shipping: { sum: 'fees[].net.amount' }",
      'unit_price: {path: price, per: line}',
    );
    const record = `{"id": 820982911946154508123, "at": "2026-01-03T10:00:00", "customer": 7, "currency": "eur",
      "fees": [{"net": {"amount": "0.1"}}, {"net": {"amount": 0.2}}, {}],
      "lines": [{"sku": 1, "n": 3, "price": "10.00"}, {"sku": "b", "n": 1, "price": 0.005}]}`;
    expect(mapped(source, record)).toEqual({
      ...{ transaction_id: '820982911946154508123', event_type: 'purchase', event_version: '1.0' },
      ...{ event_timestamp: '2026-01-03T10:00:00', customer: { id: '7' } },
      order: {
        ...{ status: '1', payment_method: '3', currency: '1', subtotal: '10.005' },
        ...{
          tax_amount: '0',
          shipping_amount: '0.3',
          discount_amount: '0',
          total_amount: '10.305',
        },
      },
      items: [
        { id: '1', category: 'books', unit_price: '3.3333', quantity: '3' },
        { id: 'b', category: 'books', unit_price: '0.0050', quantity: '1' },
      ],
    });
  });

  test.each([
    ['EUR', '12.34'],
    ['JPY', '1234'],
  ])('has minor units of %s', (currency, tax) => {
    const source = minimal('tax: { path: tax, unit: minor }');
    const record = `{"currency": "${currency}", "tax": 1234, "lines": []}`;
    expect(mapped(source, record)['order']).toMatchObject({ tax_amount: tax });
  });

  test.each([
    ['currency: {path: currency, default: JPY}', 'null', '1234'],
    ['currency: {path: currency, lookup: {yen: JPY}}', '"yen"', '1234'],
    ['currency: {path: currency, lookup: {yen: JPY}, else: EUR}', '"JPY"', '12.34'],
  ])('has minor units of the currency that is meant: %s of %s', (rule, currency, tax) => {
    const source = minimal(rule, 'unit_price: {path: price, unit: minor}');
    const record = `{"currency": ${currency}, "lines": [{"n": 1, "price": 1234}]}`;
    expect(mapped(source, record)['order']).toMatchObject({ subtotal: tax });
  });

  test('sums up a default as what one unit costs, in whole money', () => {
    const price = 'unit_price: {path: price, per: line, unit: minor, default: 5}';
    const record = '{"currency": "EUR", "lines": [{"n": 3}, {"n": 2, "price": 400}]}';
    expect(mapped(minimal('', price), record)['order']).toMatchObject({ subtotal: '19.00' });
  });

  test.each([
    ['"usd"', '2'],
    ['"us-dollar"', '2'],
    ['"2"', '2'],
    ['2', '2'],
  ])('names a currency by code, name or number: %s', (currency, id) => {
    const record = `{"currency": ${currency}, "lines": []}`;
    expect(mapped(minimal(''), record)['order']).toMatchObject({ currency: id });
  });

  test('of prices with tax inside has a total without the tax added', () => {
    const record = `{"currency": "EUR", "taxed": true, "tax": "1.60", "rate": "0.9250",
      "lines": [{"n": 1, "price": "10.00"}]}`;
    const text = (rule: string): Source => minimal('tax: tax', '', rule);
    expect(mapped(text('tax_included: taxed'), record)['order']).toMatchObject({
      ...{ tax_amount: '1.6', tax_included: true, total_amount: '10' },
    });
    const other = mapped(text('exchange_rate: rate'), record)['order'];
    expect(other).toMatchObject({ exchange_rate: '0.9250', total_amount: '11.6' });
  });

  test('has when the order was made, what it takes back, and a guest', () => {
    const record = `{"made": 1767225600, "parent": 12, "customer": null, "lines": []}`;
    const guest =
      'customer: {id: customer, guest: {path: customer, lookup: {}, else: false, default: true}}';
    expect(
      mapped(minimal('ordered_at: {path: made, format: epoch_s}', '', 'refunds: parent'), record),
    ).toMatchObject({ ordered_at: '2026-01-01T00:00:00.000000Z', refunds: '12' });
    expect(mapped(minimal(guest), record)).toMatchObject({ customer: { guest: true } });
    expect(mapped(minimal(guest), record.replace('null', '7'))).toMatchObject({
      customer: { id: '7', guest: false },
    });
  });

  test.each([
    ['status: {path: state, lookup: {paid: placed}}', 'state'],
    ['type: {path: state, lookup: {paid: purchase}}', 'state'],
    ['tax_included: {path: state, lookup: {paid: true}}', 'state'],
  ])('whose value the lookup does not hold is rejected: %s', (rule, field) => {
    const record = (state: string): string =>
      `{"id": 1, "at": "2026-01-03T10:00:00Z", "customer": 7, "currency": "EUR", "state": "${state}",
        "lines": [{"sku": "a", "n": 1, "price": 1}]}`;
    const source = minimal(rule);
    expect(judgeRecord(source, record('paid'), REFERENCES)).toMatchObject({ accepted: true });
    // A row's own name, which the lookup does not hold either.
    expect(judgeRecord(source, record('placed'), REFERENCES)).toEqual({
      ...{ accepted: false, reason: 'unknown_value', field },
      detail: 'the lookup has no such value: "placed"',
    });
  });

  test.each([
    ['[{"sku": "a", "n": 1, "price": "x"}]', 'invalid_amount', 'lines[0].price'],
    ['[{"sku": "a", "n": 1, "price": 1}, {"sku": "b", "n": 1}]', 'missing_field', 'lines[1].price'],
    ['[{"sku": "a", "price": 1}]', 'missing_field', 'lines[0].n'],
    [`[{"sku": "a", "n": 1, "price": 0.${'1'.repeat(70)}}]`, 'invalid_type', 'lines[0].price'],
    ['[7]', 'invalid_type', 'lines[0]'],
    ['[]', 'no_items', 'lines'],
    ['null', 'no_items', 'lines'],
    ['"x"', 'invalid_type', 'lines'],
  ])('whose subtotal cannot be computed is rejected for its line: %s', (lines, reason, field) => {
    const record = `{"id": 1, "at": "2026-01-03T10:00:00Z", "customer": 7, "currency": "EUR", "lines": ${lines}}`;
    expect(judgeRecord(minimal(''), record, REFERENCES)).toMatchObject({ reason, field });
  });

  test('is spoken of by its own paths', () => {
    const source = minimal("shipping: { sum: 'fees[].amount' }");
    const { pathOf, unknown } = mapRecord(
      source,
      parseJson('{"currency": "CHF", "fees": [{"amount": 1}, {"amount": "x"}], "lines": [{}]}'),
      REFERENCES,
    );
    expect(pathOf('order.shipping_amount')).toBe('fees[1].amount');
    expect(pathOf('items[0].unit_price')).toBe('lines[0].price');
    expect(unknown).toEqual(
      new Map([['order.currency', { text: 'CHF', reason: 'unknown_reference' }]]),
    );
  });
});
