import type { DuckDBConnection } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DuckDBInstance } from '../../src/engine/duckdb/driver.ts';
import { readPlain, readSourceSql } from '../../src/engine/duckdb/source.ts';
import { Random } from '../../src/generate/random.ts';
import { judgeRecord } from '../../src/source/judge.ts';
import type { Source } from '../../src/source/mapping.ts';
import { readSource } from '../../src/source/read.ts';
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
): Promise<Map<number, string>> {
  await connection.run('delete from unread');
  for (const [index, text] of texts.entries()) {
    if (text !== undefined) {
      await connection.run("insert into unread values ($1, 't', 0, $1, now(), $2, $3)", [
        ...[index, text, source === undefined],
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

/** A record with one value replaced by an odd one, at a random depth. */
function mutated(random: Random): string {
  const places = [...GOOD.matchAll(/:(?:"[^"]*"|-?[0-9.]+|true|false)(?=[,}])/g)];
  const place = places[random.below(places.length)];
  const odd = ODD[random.below(ODD.length)] ?? '';
  const at = place?.index ?? 0;
  return `${GOOD.slice(0, at)}:${odd}${GOOD.slice(at + (place?.[0].length ?? 0))}`;
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
