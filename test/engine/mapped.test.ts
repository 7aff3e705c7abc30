import type { DuckDBConnection } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DuckDBInstance } from '../../src/engine/duckdb/driver.ts';
import { readPlain, readSourceSql } from '../../src/engine/duckdb/source.ts';
import { Random } from '../../src/generate/random.ts';
import { judge } from '../../src/event/judge.ts';
import { judgeRecord } from '../../src/source/judge.ts';
import type { Source } from '../../src/source/mapping.ts';
import { readSource } from '../../src/source/read.ts';
import { oddEvents } from '../support/odd-events.ts';
import { REFERENCES } from '../support/wire-event.ts';

/**
 * DuckDB maps a record where it is sure of it, the judge maps the rest. Whether DuckDB is ever sure of something that the
 * judge rejects, or reads as something else, shows here: every record goes through both.
 */
const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/sources.md', 'utf8'))?.[1] ?? '';

function sourceOf(text: string): Source {
  const problems: string[] = [];
  const source = readSource(text, 'sources/shop.yaml', problems);
  expect(problems).toEqual([]);
  return source as Source;
}

let connection: DuckDBConnection;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  await connection.run("set global timezone = 'UTC'");
  await connection.run('create schema source');
  await connection.run('create schema silver');
  for (const [name, rows] of Object.entries({
    dim_order_status: REFERENCES.statuses,
    dim_payment_method: REFERENCES.paymentMethods,
    dim_currency: REFERENCES.currencies,
  })) {
    await connection.run(`create table silver.${name} (id integer, name varchar, code varchar)`);
    for (const [key, id] of rows.byName) {
      await connection.run(`insert into silver.${name} values ($1, $2, $2)`, [id, key]);
    }
  }
  await connection.run(readSourceSql('macros'));
  await connection.run(readSourceSql('mapping'));
  await connection.run(
    `create table unread (event_no integer, topic varchar, partition integer, "offset" bigint,
       produced_at timestamptz, value varchar, judged boolean)`,
  );
});
afterAll(() => {
  connection.closeSync();
});

/** What DuckDB reads of some texts, by their number: rows of events with their lines; those that are doubtful are not there. */
async function read(
  texts: readonly (string | undefined)[],
  source: Source | undefined,
  isJudged = source === undefined,
): Promise<Map<number, string>> {
  await connection.run('delete from unread');
  for (const [index, text] of texts.entries()) {
    if (text !== undefined) {
      await connection.run("insert into unread values ($1, 't', 0, $1, now(), $2, $3)", [
        ...[index, text, isJudged],
      ]);
    }
  }
  await connection.run('create or replace view source.unread as select * from main.unread');
  await connection.run('create or replace macro is_json(value) as json_valid(value)');
  await readPlain(connection, source);
  const reader = await connection.runAndReadAll(
    `select event_no, to_json(events)::varchar || coalesce(lines, '')
     from (select * exclude (items, value, produced_at) from source.events) as events
     left join (select event_no, to_json(list(items order by line_number))::varchar as lines
                from source.items as items group by event_no) using (event_no)
     where event_no not in (select event_no from source.doubtful)`,
  );
  return new Map(reader.getRows().map(([number, row]) => [Number(number), String(row)]));
}

/** Holds that DuckDB reads what the judge does, or nothing. @returns how many of the records it reads, and the judge accepts */
async function compare(
  source: Source,
  records: readonly string[],
): Promise<{ sure: number; accepted: number }> {
  const canonical = records.map((record) => {
    const judgement = judgeRecord(source, record, REFERENCES);
    return judgement !== 'skipped' && judgement.accepted ? judgement.canonical : undefined;
  });
  const sure = await read(records, source);
  const judged = await read(canonical, undefined);
  for (const [index, row] of sure) {
    expect({ record: records[index], row }).toEqual({
      record: records[index],
      row: judged.get(index),
    });
  }
  return { sure: sure.size, accepted: judged.size };
}

const ODD = [
  ...['null', 'true', 'false', '{}', '[]', '[1]', '{"id": "x"}', '""', '" "', '"\\u00a0"', '"　"'],
  ...['0', '-0', '-0.0', '1', '-1', '4.0', '4.5', '1.50', '1e0', '1E2', '12345678901234567890123'],
  ...['0.005', '-0.001', '1.00005', '2.675', '1.123456789012345678', '999999999999.995', '1e400'],
  ...['"5"', '"5.0"', '"+5"', '"5."', '".5"', '"1_000"', '"1,000"', '"1e2"', '" 7 "', '"7\\t"'],
  ...['"1.005"', '"12.34567"', '"12.500000"', '"NaN"', '"inf"', 'NaN', '01', '"0x1"', '"-0.00"'],
  ...[
    '"a\\u0000b"',
    '"a\\u000b"',
    '"\\u0041"',
    '" lead"',
    '"trail "',
    '"\ufeffbom"',
    '"é"',
    '"日本"',
  ],
  ...[
    '"paid"',
    '"Paid"',
    '"placed"',
    '"usd"',
    '"JPY"',
    '"2"',
    '"7"',
    '"007"',
    '"stripe"',
    '"true"',
  ],
  ...['"2026-01-03T22:12:43Z"', '"2026-01-03 22:12"', '"2026-02-30T00:00:00Z"', '"12/1/2010 8:26"'],
  ...[
    '1767225600',
    '1767225600123',
    '-1',
    '99999999999999999999',
    '"1767225600"',
    '"x\\"y"',
    '"{a"',
  ],
  ...[`"${'x'.repeat(201)}"`, '1000000', '1000001', '"\'; drop"'],
];

const GOOD = JSON.stringify({
  ...{ id: 820982911946154508, updated_at: '2026-01-03T11:00:00-05:00', kind: 'sale' },
  ...{ customer: { id: 207, email: 'a@b.c' }, made: 1767225600, rate: '0.925', tested: false },
  ...{ shipping_address: { country_code: 'DE', city: 'Köln am Rhein' }, financial_status: 'paid' },
  ...{ payment_gateway_names: ['stripe'], currency: 'EUR', total_line_items_price: '50.00' },
  ...{ total_tax: '5.00', shipping_lines: [{ price: '2.50' }, { price: 1 }] },
  ...{ total_discounts: 3.25, taxed: true, day: '12/1/2010 8:26', parent: 9, cents: 1234 },
  line_items: [
    { sku: 'A', price: '20.00', quantity: 2, discount_allocations: [{ amount: '3.00' }] },
    { sku: '', product_id: 77, price: '10.00', quantity: 3, product_type: 'books', cost: 0.1 },
  ],
});

/** Mappings that together use each word of the grammar. */
const MAPPINGS: (readonly [name: string, text: string])[] = [
  ['of the documentation', EXAMPLE],
  [
    'with minor units and computed amounts',
    EXAMPLE.replace('subtotal: total_line_items_price', 'subtotal: computed')
      .replace('tax: total_tax', 'tax: { path: cents, unit: minor, default: 1.50 }')
      .replace(
        'unit_price: price',
        'unit_price: { path: price, per: line }\n  cost: { path: cost, default: 0.25 }',
      ),
  ],
  [
    'with times, a guest, names and what is optional',
    EXAMPLE.replace(
      'version_at: updated_at',
      'version_at: { path: day, format: "%m/%d/%Y %H:%M" }\n  ordered_at: { path: made, format: epoch_s }\n  refunds: parent\n  type: { path: kind, lookup: { sale: purchase } }',
    )
      .replace(
        '  status:',
        '    guest: { path: customer.id, lookup: {}, else: false, default: true }\n  status:',
      )
      .replace(
        'discount: total_discounts',
        'discount: total_discounts\n  tax_included: taxed\n  exchange_rate: rate',
      ),
  ],
  [
    'with minor units of a currency by a lookup, and defaults of lines',
    EXAMPLE.replace(
      'currency: currency',
      'currency: { path: [presented, currency], lookup: { EUR: EUR, yen: USD }, default: EUR }',
    )
      .replace('subtotal: total_line_items_price', 'subtotal: computed')
      .replace(
        'unit_price: price',
        'unit_price: { path: price, per: line, unit: minor, default: 5 }',
      )
      .replace('quantity: quantity', 'quantity: { path: quantity, decimals: 3, default: 2.5 }'),
  ],
  [
    'of some records, with paths that cross',
    EXAMPLE.replace(
      'order:',
      'where: { tested: [false], kind: { not_like: "ret*" } }\norder:',
    ).replace('[customer.id, email]', '[customer.email, customer]'),
  ],
];

MAPPINGS.push([
  'that adds new members',
  EXAMPLE.replace('    else: cash\n    default: cash\n', '    default: 3\n    new: add\n').replace(
    'currency: currency',
    'currency: { path: [presented, currency], lookup: { EUR: EUR, yen: new }, new: add }',
  ),
]);
MAPPINGS.push([
  'that keeps more than the contract has',
  `${EXAMPLE}extra:
  channel: { path: [kind, day], lookup: { sale: shop }, else: web }
  parent: parent
  town: { path: [shipping_address.city, email], default: "no \\"town\\"" }
  first: { path: 'line_items[0].sku', lookup: { A: a, B: "b'\\"" } }
`,
]);

/** A record with some values replaced by odd ones, at random depths. */
function mutated(random: Random, values = 1): string {
  let record = GOOD;
  for (let left = values; left > 0; left -= 1) {
    const places = [...record.matchAll(/:(?:"[^"]*"|-?[0-9.]+|true|false)(?=[,}])/g)];
    const place = places[random.below(places.length)];
    const odd = ODD[random.below(ODD.length)] ?? '';
    const at = place?.index ?? 0;
    record = `${record.slice(0, at)}:${odd}${record.slice(at + (place?.[0].length ?? 0))}`;
  }
  return record;
}

describe.each(MAPPINGS)('a mapping %s', (_, text) => {
  test('is sure of a plain record', async () => {
    const { sure, accepted } = await compare(sourceOf(text), [GOOD]);
    expect({ sure, accepted }).toEqual({ sure: 1, accepted: 1 });
  });

  test('reads odd values as the judge does, or not at all', async () => {
    const random = new Random(17, 1);
    const records = Array.from({ length: 400 }, () => mutated(random));
    const { sure } = await compare(sourceOf(text), records);
    expect(sure).toBeGreaterThan(50);
  });
});

/** A mapping whose fields are, now and then, other than the plain ones of GOOD. */
class RandomMapping {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  text(): string {
    const optional = (line: string): string[] => (this.#random.below(3) === 0 ? [line] : []);
    const customer = [
      `id: ${this.#rule('id', ['customer.id', 'email', 'id'])}`,
      ...optional(`guest: ${this.#rule('flag', ['tested', 'customer.id', 'taxed'])}`),
      ...optional(`type: ${this.#rule('text', ['kind', 'financial_status'])}`),
      ...optional(`country: ${this.#rule('text', ['shipping_address.country_code', 'currency'])}`),
      ...optional(`city: ${this.#rule('text', ['shipping_address.city', 'email'])}`),
    ];
    const amounts = ['total_tax', 'total_line_items_price', 'total_discounts', 'cents', 'rate'];
    const order = [
      `id: ${this.#rule('id', ['id', 'parent', 'email'])}`,
      ...optional(`type: ${this.#rule('text', ['kind'])}`),
      `version_at: ${this.#rule('time', ['updated_at', 'made', 'day'])}`,
      ...optional(`ordered_at: ${this.#rule('time', ['made', 'updated_at', 'day'])}`),
      ...optional(`refunds: ${this.#rule('id', ['parent'])}`),
      `customer: { ${customer.join(', ')} }`,
      `status: ${this.#rule('reference', ['financial_status', 'kind'])}`,
      `payment_method: ${this.#rule('reference', ['payment_gateway_names[0]', 'kind'])}`,
      `currency: ${this.#rule('reference', ['currency', 'presented'])}`,
      `subtotal: ${this.#either('computed', this.#rule('amount', amounts))}`,
      `tax: ${this.#rule('amount', amounts)}`,
      `shipping: ${this.#rule('amount', amounts)}`,
      `discount: ${this.#rule('amount', amounts)}`,
      `total: ${this.#either('computed', this.#rule('amount', amounts))}`,
      ...optional(`tax_included: ${this.#rule('flag', ['taxed', 'tested'])}`),
      ...optional(`exchange_rate: ${this.#rule('rate', ['rate', 'total_tax'])}`),
    ];
    const items = [
      'from: line_items',
      `id: ${this.#rule('id', ['sku', 'product_id'])}`,
      `category: ${this.#rule('text', ['product_type', 'sku'])}`,
      `unit_price: ${this.#rule('line', ['price', 'cost'])}`,
      `quantity: ${this.#rule('quantity', ['quantity', 'product_id'])}`,
      ...optional(`discount: ${this.#rule('line', ['cost', 'price'])}`),
      ...optional(`cost: ${this.#rule('line', ['cost'])}`),
    ];
    const extra = ['a', 'b_2'].flatMap((name) =>
      optional(`${name}: ${this.#rule('text', ['kind', 'email', 'shipping_address.city'])}`),
    );
    return [
      ...['version: 1', 'order:', ...order.map((line) => `  ${line}`)],
      ...['items:', ...items.map((line) => `  ${line}`)],
      ...(extra.length === 0 ? [] : ['extra:', ...extra.map((line) => `  ${line}`)]),
      ...optional(
        `where: { ${this.#one(['tested: [false]', 'kind: { not_like: "r*t" }', 'currency: { not: ["", JPY] }'])} }`,
      ),
    ].join('\n');
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T;
  }

  #either(one: string, other: string): string {
    return this.#random.below(2) === 0 ? one : other;
  }

  /** A rule in the flow style of YAML: the plain one, or any of the words that fit its kind. */
  #rule(kind: string, paths: readonly string[]): string {
    const [plain = ''] = paths;
    return this.#random.below(6) > 0 ? (PLAIN[plain] ?? plain) : this.#odd(kind, paths);
  }

  #odd(kind: string, paths: readonly string[]): string {
    const words: string[] = [];
    const isAmount = kind === 'amount' || kind === 'line';
    const some = (share: number, word: () => string): void => {
      if (this.#random.below(share) === 0) {
        words.push(word());
      }
    };
    const value = (): string => JSON.stringify(this.#one(VALUES));
    const origin = this.#random.below(10);
    if (origin === 0) {
      words.push(`value: ${value()}`);
    } else if (origin < 3 && isAmount) {
      const list = kind === 'line' ? 'discount_allocations[].amount' : 'shipping_lines[].price';
      words.push(`sum: ${JSON.stringify(list)}`);
    } else {
      const first = this.#one(paths);
      const all = this.#random.below(3) === 0 ? [first, this.#one(paths)] : [first];
      words.push(`path: [${all.map((path) => JSON.stringify(path)).join(', ')}]`);
    }
    some(3, () => `default: ${value()}`);
    if (['text', 'flag', 'reference'].includes(kind) && this.#random.below(3) === 0) {
      const meanings = [0, 1, 2].map(() => `${value()}: ${value()}`);
      words.push(
        `lookup: { ${[...new Map(meanings.map((pair) => [pair.split(':')[0], pair])).values()].join(', ')} }`,
      );
      some(2, () => `else: ${value()}`);
    }
    if (kind === 'reference') {
      some(4, () => 'new: add');
    }
    if (isAmount) {
      some(3, () => 'unit: minor');
    }
    if (kind === 'line') {
      some(3, () => 'per: line');
    }
    if (kind === 'quantity') {
      some(2, () => 'decimals: 3');
    }
    if (kind === 'time') {
      some(
        2,
        () =>
          `format: "${this.#one(['epoch_s', 'epoch_ms', 'epoch_ns', '%m/%d/%Y %H:%M', '%Y-%m-%dT%H:%M:%SZ'])}"`,
      );
      some(4, () => `zone: ${this.#one(['Europe/London', 'America/New_York', 'UTC'])}`);
    }
    return `{ ${words.join(', ')} }`;
  }
}

/** The rules of fields that are more than a path. */
const PLAIN: Readonly<Record<string, string>> = {
  day: '{ path: day, format: "%m/%d/%Y %H:%M" }',
  made: '{ path: made, format: epoch_s }',
  kind: '{ path: kind, lookup: { sale: purchase } }',
  financial_status: '{ path: financial_status, lookup: { paid: placed } }',
  'payment_gateway_names[0]': '{ path: "payment_gateway_names[0]", lookup: { stripe: cash } }',
  product_type: '{ path: product_type, default: unknown }',
  cents: '{ path: cents, unit: minor }',
  sku: '[sku, product_id]',
};

const VALUES = [
  ...[
    'paid',
    'placed',
    'EUR',
    'usd',
    'JPY',
    'true',
    'false',
    '1',
    '2',
    '7',
    '0',
    '12.50',
    '-1',
    ' ',
  ],
  ...[
    'sale',
    'A',
    '2026-01-03T10:00:00Z',
    '1767225600',
    '12/1/2010 8:26',
    'it\'s \\"',
    'é',
    '0.1234567',
  ],
];

test('random mappings read random odd records as the judge does, or not at all', async () => {
  const seed = Number(process.env['MAPPING_SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed, 1);
  const mapping = new RandomMapping(random);
  let sure = 0;
  const rounds = Number(process.env['MAPPING_ROUNDS'] ?? 60);
  for (let round = 0; round < rounds; round += 1) {
    const text = mapping.text();
    const records = [
      GOOD,
      ...Array.from({ length: 60 }, () => mutated(random, 1 + random.below(2))),
    ];
    try {
      sure += (await compare(sourceOf(text), records)).sure;
    } catch (error) {
      throw new Error(`MAPPING_SEED=${String(seed)}, round ${String(round)}:\n${text}`, {
        cause: error,
      });
    }
  }
  expect({ seed, isSure: sure > rounds }).toEqual({ seed, isSure: true });
}, 120_000);

describe('the own shape as a source', () => {
  const OWN = sourceOf(readFileSync('sources/medallion.yaml', 'utf8'));
  const events = oddEvents();

  test('is judged alike: what is accepted has the same values, what is rejected the same reason and field', () => {
    const lenient = new Set<string>();
    for (const text of events) {
      const own = judge(text, REFERENCES);
      const mapped = judgeRecord(OWN, text, REFERENCES);
      if (own.accepted || mapped === 'skipped') {
        expect({ text, mapped }).toEqual({ text, mapped: own });
      } else if (mapped.accepted) {
        lenient.add(`${own.reason} ${own.field ?? ''}`);
      } else if (own.reason !== 'not_an_event') {
        const field = mapped.field?.replace('data.transaction_details.', '') ?? null;
        // A record is read by its texts, and field by field: what is of the wrong type is wrong in another way then.
        const place = own.field ?? '';
        const expected =
          own.reason === 'invalid_type' && (field === place || field?.startsWith(`${place}.`))
            ? { text, reason: mapped.reason, field }
            : { text, reason: own.reason, field: own.field };
        expect({ text, reason: mapped.reason, field }).toEqual(expected);
      }
    }
    // Numbers are taken for texts, and texts for the numbers of rows.
    expect(
      [...lenient].filter((what) => !/^(invalid_type|unknown_reference order)/.test(what)),
    ).toEqual([]);
  });

  test('is read alike by DuckDB, as fast events and as records', async () => {
    const { sure } = await compare(OWN, events);
    const fast = await read(events, undefined, false);
    const mapped = await read(events, OWN);
    let both = 0;
    for (const [index, row] of fast) {
      const found = mapped.get(index);
      if (found !== undefined) {
        both += 1;
        expect({ event: events[index], row: found }).toEqual({ event: events[index], row });
      }
    }
    expect(both).toBeGreaterThan(500);
    expect(sure).toBeGreaterThanOrEqual(both);
  });
});
