import { describe, expect, it } from 'vitest';
import { judge, type Judgement } from '../../src/event/judge.ts';
import { dimensionOf } from '../../src/event/references.ts';
import {
  event,
  GOOD,
  objectOf,
  REFERENCES,
  type Changes,
  type Member,
} from '../support/wire-event.ts';

const CANONICAL =
  '{"data":{"transaction_details":{"transaction_id":"txn_1","event_type":"purchase","event_version":"1.0",' +
  '"event_timestamp":"2026-01-03T22:12:43.000000Z",' +
  '"customer":{"id":"cust_19","type":"returning","country":"DE","city":"Berlin"},' +
  '"order":{"status":5,"payment_method":3,"currency":1,"subtotal":742.28,"tax_amount":74.23,' +
  '"shipping_amount":14.85,"discount_amount":74.23,"total_amount":757.13},' +
  '"items":[{"id":"prod_17","category":"sports","unit_price":90.32,"quantity":4,"discount":9.03,"cost":27.09}]}}}';

function judgementOn(changes: Changes): Judgement {
  return judge(event(changes), REFERENCES);
}

function rejectedFor(judgement: Judgement): string {
  return judgement.accepted
    ? 'accepted'
    : `${judgement.reason} at ${judgement.field ?? 'the event'}`;
}

interface Read {
  readonly data: {
    readonly transaction_details: Record<string, unknown> & {
      readonly customer: Record<string, unknown>;
      readonly order: Record<string, unknown>;
      readonly items: Record<string, unknown>[];
    };
  };
}

/** What is accepted for one member, as the canonical event has it (JSON text). */
function accepted(member: Member, name: string, json: string | undefined): string | undefined {
  const judgement = judgementOn({ [member]: { [name]: json } });
  if (!judgement.accepted) {
    return rejectedFor(judgement);
  }
  const found = judgement.canonical.match(
    new RegExp(
      `${member === 'item' ? '"items":\\[\\{.*' : ''}${member === 'customer' ? '"customer":\\{.*?' : ''}"${name}":("(?:[^"\\\\]|\\\\.)*"|[^,}]*)`,
    ),
  );
  return found?.[1];
}

const AMOUNTS: [Member, string][] = [
  ['order', 'subtotal'],
  ['order', 'tax_amount'],
  ['order', 'shipping_amount'],
  ['order', 'discount_amount'],
  ['order', 'total_amount'],
  ['item', 'unit_price'],
  ['item', 'discount'],
  ['item', 'cost'],
];
/** What one unit costs has up to 4 decimals, what an order comes to 2. */
const OF_ORDER = AMOUNTS.filter(([member]) => member === 'order');
const OF_UNIT = AMOUNTS.filter(([member]) => member === 'item');
const REFERENCE_FIELDS = ['status', 'payment_method', 'currency'];
const TEXTS: [Member, string][] = [
  ['details', 'transaction_id'],
  ['details', 'event_type'],
  ['details', 'event_version'],
  ['details', 'event_timestamp'],
  ['customer', 'id'],
  ['customer', 'type'],
  ['customer', 'country'],
  ['customer', 'city'],
  ['item', 'id'],
  ['item', 'category'],
];
const OPTIONAL = new Set(['type', 'country', 'city', 'discount', 'cost']);

function pathOf(member: Member, name: string): string {
  return {
    details: name,
    customer: `customer.${name}`,
    order: `order.${name}`,
    item: `items[0].${name}`,
  }[member];
}

describe('an event as producers send it', () => {
  it('is accepted and written in the canonical form', () => {
    expect(judge(event(), REFERENCES)).toEqual({ accepted: true, canonical: CANONICAL });
  });

  it('may carry extra fields, in any order', () => {
    const value =
      '{"processed_status":"to_process","data":{"x":[1,{"y":null}],"transaction_details":{"items":[{"cost":27.09,"colour":"red",' +
      '"discount":9.03,"quantity":4,"unit_price":90.32,"category":"sports","id":"prod_17"}],"note":{"items":[]},' +
      '"order":{"total_amount":757.13,"discount_amount":74.23,"shipping_amount":14.85,"tax_amount":74.23,"gift":true,' +
      '"subtotal":742.28,"currency":1,"payment_method":3,"status":5},"customer":{"city":"Berlin","country":"DE",' +
      '"vip":false,"type":"returning","id":"cust_19"},"event_timestamp":"2026-01-03T22:12:43","event_version":"1.0",' +
      '"event_type":"purchase","transaction_id":"txn_1"}}}';
    expect(judge(value, REFERENCES)).toEqual({ accepted: true, canonical: CANONICAL });
  });

  it('says nothing about totals', () => {
    expect(accepted('order', 'total_amount', '1')).toBe('1.00');
  });

  it('may be of any type', () => {
    expect(accepted('details', 'event_type', '"refund"')).toBe('"refund"');
  });

  it('takes the first of duplicate keys, as DuckDB does', () => {
    const judgement = judge(
      event().replace('"txn_1"', '"txn_1","transaction_id":"txn_2"'),
      REFERENCES,
    );
    expect(judgement).toEqual({ accepted: true, canonical: CANONICAL });
  });
});

describe('what is no event', () => {
  it.each([
    '',
    '  ',
    'x',
    '{',
    '{"data":{}} {}',
    '\ufeff{}',
    '[1,]',
    'NaN',
    '{"a":01}',
    `${event()},`,
  ])('%j is invalid_json', (value) => {
    expect(judge(value, REFERENCES)).toMatchObject({ reason: 'invalid_json', field: null });
  });

  it.each([
    'null',
    '1',
    '"data"',
    '[]',
    '{}',
    '{"data":null}',
    '{"data":[]}',
    '{"data":{}}',
    '{"data":{"transaction_details":null}}',
    '{"data":{"transaction_details":[]}}',
    '{"data":{"transaction_details":"{}"}}',
    '{"data":"x","transaction_details":{}}',
    '{"__proto__":{"data":{"transaction_details":{}}}}',
  ])('%s is not_an_event', (value) => {
    expect(judge(value, REFERENCES)).toMatchObject({ reason: 'not_an_event', field: null });
  });
});

describe('text', () => {
  const required = [...TEXTS.filter(([, name]) => !OPTIONAL.has(name))];

  it.each(required)('%s %s must be there, neither null nor blank', (member, name) => {
    for (const json of [
      undefined,
      'null',
      '""',
      '"   "',
      String.raw`"\t\n\u00a0\u2003\u3000\ufeff"`,
    ]) {
      expect(rejectedFor(judgementOn({ [member]: { [name]: json } }))).toBe(
        `missing_field at ${pathOf(member, name)}`,
      );
    }
  });

  it.each(['type', 'country', 'city'])(
    'customer %s may be missing, null or blank: unknown',
    (name) => {
      for (const json of [undefined, 'null', '""', '" "', String.raw`"\u00a0"`]) {
        expect(accepted('customer', name, json)).toBe('"unknown"');
      }
    },
  );

  it.each(TEXTS)('%s %s must be a JSON string', (member, name) => {
    for (const json of ['1', '1.0', 'true', 'false', '{}', '[]', '["a"]']) {
      expect(rejectedFor(judgementOn({ [member]: { [name]: json } }))).toBe(
        `invalid_type at ${pathOf(member, name)}`,
      );
    }
  });

  it.each(TEXTS)('%s %s with a NUL or half a surrogate pair is not_text', (member, name) => {
    for (const json of [String.raw`"a\u0000b"`, String.raw`"\ud83d"`, String.raw`"\ude00\ud83d"`]) {
      expect(rejectedFor(judgementOn({ [member]: { [name]: json } }))).toBe(
        `not_text at ${pathOf(member, name)}`,
      );
    }
  });

  it('does not matter in fields that are not the contract’s', () => {
    expect(judgementOn({ customer: { nickname: String.raw`"\u0000\ud83d"` } })).toEqual({
      accepted: true,
      canonical: CANONICAL,
    });
  });

  it('is trimmed in ids', () => {
    const padded = String.raw`" \t\u00a0id 7\u2003\n"`;
    expect(accepted('details', 'transaction_id', padded)).toBe('"id 7"');
    expect(accepted('customer', 'id', padded)).toBe('"id 7"');
    expect(accepted('item', 'id', padded)).toBe('"id 7"');
  });

  it('is kept as sent elsewhere, in any script', () => {
    expect(accepted('customer', 'city', '" Köln "')).toBe('" Köln "');
    expect(accepted('customer', 'city', '"東京 🗼 \u202eabc"')).toBe('"東京 🗼 \u202eabc"');
    expect(accepted('customer', 'city', String.raw`"S\u00e3o \ud83d\ude00"`)).toBe('"São 😀"');
    expect(accepted('item', 'category', String.raw`"a\"b\\c\nd"`)).toBe(String.raw`"a\"b\\c\nd"`);
    expect(accepted('details', 'event_type', '" purchase"')).toBe('" purchase"');
  });

  it.each(TEXTS.filter(([, name]) => !name.startsWith('event_v') && name !== 'event_timestamp'))(
    '%s %s has at most 200 characters, not code units',
    (member, name) => {
      const longest = '😀'.repeat(200);
      expect(accepted(member, name, `"${longest}"`)).toBe(`"${longest}"`);
      for (const text of [`${longest}x`, 'x'.repeat(201), 'x'.repeat(5000)]) {
        expect(rejectedFor(judgementOn({ [member]: { [name]: `"${text}"` } }))).toBe(
          `invalid_type at ${pathOf(member, name)}`,
        );
      }
    },
  );

  it('counts an id after trimming', () => {
    const id = 'x'.repeat(200);
    expect(accepted('details', 'transaction_id', `"  ${id}  "`)).toBe(`"${id}"`);
  });
});

describe('event_version', () => {
  it.each(['1', '1.0', '1.7', '1.10.3'])('%s is supported', (version) => {
    expect(accepted('details', 'event_version', `"${version}"`)).toBe(`"${version}"`);
  });

  it.each([
    '2',
    '2.0',
    '0.9',
    '10',
    '11.0',
    '1.',
    '1.x',
    'v1',
    '1,0',
    ' 1.0',
    '01',
    '-1',
    '1.0-beta',
    'one',
  ])('%s is not', (version) => {
    expect(rejectedFor(judgementOn({ details: { event_version: `"${version}"` } }))).toBe(
      'unsupported_version at event_version',
    );
  });
});

describe('event_timestamp', () => {
  it('is written in UTC', () => {
    expect(accepted('details', 'event_timestamp', '"2026-01-01 00:30:00.1234567+01:00"')).toBe(
      '"2025-12-31T23:30:00.123456Z"',
    );
  });

  it.each([
    '2026-02-30T00:00:00',
    '2026-01-01',
    '1899-12-31T23:59:59',
    'soon',
    ' 2026-01-03T22:12:43',
    '12345',
  ])('%s is invalid_timestamp', (text) => {
    expect(rejectedFor(judgementOn({ details: { event_timestamp: `"${text}"` } }))).toBe(
      'invalid_timestamp at event_timestamp',
    );
  });

  it('that is no time is told the forms that are read', () => {
    expect(judgementOn({ details: { event_timestamp: '"03.01.2026 22:12"' } })).toMatchObject({
      detail:
        'not a time of the years 1900 to 9999 as YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh|+hhmm|+hh:mm]: "03.01.2026 22:12"',
    });
  });

  it('may have a fraction of any length', () => {
    expect(accepted('details', 'event_timestamp', `"2026-01-01T00:00:00.${'9'.repeat(500)}"`)).toBe(
      '"2026-01-01T00:00:00.999999Z"',
    );
  });
});

describe('amounts', () => {
  it.each(OF_ORDER)('%s %s is a number or a numeric string, read exactly', (member, name) => {
    const cases: [string, string][] = [
      ['1.005', '1.01'],
      ['"1.005"', '1.01'],
      ['0.00499999999999999999', '0.00'],
      ['"12.30"', '12.30'],
      ['" 12 "', '12.00'],
      [String.raw`"\u00a012.5\n"`, '12.50'],
      ['1e-7', '0.00'],
      ['1.5E+3', '1500.00'],
      ['"1e2"', '100.00'],
      ['-0', '0.00'],
      ['-0.00', '0.00'],
      ['999999999999.994', '999999999999.99'],
    ];
    for (const [json, amount] of cases) {
      expect(accepted(member, name, json), json).toBe(amount);
    }
  });

  it.each(OF_UNIT)('%s %s is read exactly to 4 decimals, in quotes beyond 2', (member, name) => {
    const cases: [string, string][] = [
      ['"12.30"', '12.30'],
      ['12.3000', '12.30'],
      ['1.005', '"1.0050"'],
      ['"0.00005"', '"0.0001"'],
      ['0.00004999999999999999', '0.00'],
      ['1e-7', '0.00'],
      ['999999999999.99994', '"999999999999.9999"'],
    ];
    for (const [json, amount] of cases) {
      expect(accepted(member, name, json), json).toBe(amount);
    }
  });

  it.each(AMOUNTS)('%s %s stays below 10^12 and is a number', (member, name) => {
    for (const json of [
      '1e12',
      member === 'order' ? '999999999999.995' : '999999999999.99995',
      '-1e12',
      '1e999999999',
      '"1e999999999"',
      '"twelve"',
      '"1,5"',
      '"+1"',
      '".5"',
      '"1."',
      '"0x10"',
      '"NaN"',
      '"1 000"',
      '"$5"',
      '"١٢"',
    ]) {
      expect(rejectedFor(judgementOn({ [member]: { [name]: json } })), json).toBe(
        `invalid_amount at ${pathOf(member, name)}`,
      );
    }
  });

  it.each(AMOUNTS)('%s %s of another JSON type is invalid_type', (member, name) => {
    for (const json of ['true', 'false', '{}', '[]', '[1]', '{"value":1}']) {
      expect(rejectedFor(judgementOn({ [member]: { [name]: json } })), json).toBe(
        `invalid_type at ${pathOf(member, name)}`,
      );
    }
  });

  it('of a string with an escaped NUL are not_text', () => {
    expect(rejectedFor(judgementOn({ order: { subtotal: String.raw`"12\u0000"` } }))).toBe(
      'not_text at order.subtotal',
    );
  });

  it.each(AMOUNTS.filter(([, name]) => !OPTIONAL.has(name)))(
    '%s %s is required',
    (member, name) => {
      for (const json of [undefined, 'null', '""', '"  "']) {
        expect(rejectedFor(judgementOn({ [member]: { [name]: json } }))).toBe(
          `missing_field at ${pathOf(member, name)}`,
        );
      }
    },
  );

  it.each(['discount', 'cost'])('an item’s %s may be missing, null or blank: 0', (name) => {
    for (const json of [undefined, 'null', '""', '"  "']) {
      expect(accepted('item', name, json)).toBe('0.00');
    }
  });

  it.each(['unit_price', 'cost'])('an item’s %s is not negative, however little', (name) => {
    for (const json of ['-1', '-0.01', '-0.001', '"-0.001"', '-1e-999999999']) {
      expect(rejectedFor(judgementOn({ item: { [name]: json } })), json).toBe(
        `invalid_amount at items[0].${name}`,
      );
    }
  });

  it.each(OF_ORDER)('%s %s may be negative, and rounds away from zero', (member, name) => {
    expect(accepted(member, name, '-1.005')).toBe('-1.01');
    expect(accepted(member, name, '-0.001')).toBe('0.00');
  });

  it('an item’s discount may be negative, and rounds away from zero', () => {
    expect(accepted('item', 'discount', '-1.00005')).toBe('"-1.0001"');
    expect(accepted('item', 'discount', '-0.00001')).toBe('0.00');
  });
});

describe('quantity', () => {
  it.each([
    ['1', '1'],
    ['4.0', '4'],
    ['4e0', '4'],
    ['"4"', '4'],
    ['" 4.00 "', '4'],
    ['1000000', '1000000'],
    ['1e6', '1000000'],
  ])('%s is %s', (json, quantity) => {
    expect(accepted('item', 'quantity', json)).toBe(quantity);
  });

  it.each([
    '0',
    '-1',
    '-0',
    '4.5',
    '0.9999999999999999999999',
    '1000001',
    '1000000.1',
    '1e999999999',
    '"four"',
    '"4x"',
  ])('%s is invalid_quantity', (json) => {
    expect(rejectedFor(judgementOn({ item: { quantity: json } }))).toBe(
      'invalid_quantity at items[0].quantity',
    );
  });

  it.each(['true', '{}', '[4]'])('%s is invalid_type', (json) => {
    expect(rejectedFor(judgementOn({ item: { quantity: json } }))).toBe(
      'invalid_type at items[0].quantity',
    );
  });

  it.each([undefined, 'null', '""', '" "'])('%s is missing', (json) => {
    expect(rejectedFor(judgementOn({ item: { quantity: json } }))).toBe(
      'missing_field at items[0].quantity',
    );
  });
});

describe('status, payment_method and currency', () => {
  it.each(REFERENCE_FIELDS)('%s is a JSON number, whole and a row of its dimension', (name) => {
    expect(accepted('order', name, '2')).toBe('2');
    expect(accepted('order', name, '2.0')).toBe('2');
    expect(accepted('order', name, '0.2e1')).toBe('2');
  });

  it.each(REFERENCE_FIELDS)('%s that is no row is unknown_reference', (name) => {
    for (const json of ['0', '9', '-1', '1.5', '1e30', '1e999999999']) {
      expect(rejectedFor(judgementOn({ order: { [name]: json } })), json).toBe(
        `unknown_reference at order.${name}`,
      );
    }
  });

  it.each(REFERENCE_FIELDS)('%s of another JSON type is invalid_type', (name) => {
    for (const json of ['"1"', '" 1.0 "', 'true', '{}', '[1]']) {
      expect(rejectedFor(judgementOn({ order: { [name]: json } })), json).toBe(
        `invalid_type at order.${name}`,
      );
    }
  });

  it.each([
    ['status', '"completed"', '5'],
    ['status', '" To_Ship "', '2'],
    ['status', '"CANCELLED"', '6'],
    ['payment_method', '"Credit Card"', '1'],
    ['currency', '"eur"', '1'],
    ['currency', '"us-dollar"', '2'],
    ['currency', '"USD"', '2'],
  ])('%s is also read by its name or code: %s', (name, json, id) => {
    expect(accepted('order', name, json)).toBe(id);
  });

  it.each(REFERENCE_FIELDS)('%s by a name that is no row is unknown_reference', (name) => {
    for (const json of ['"lost"', '"GBP"']) {
      expect(rejectedFor(judgementOn({ order: { [name]: json } })), json).toBe(
        `unknown_reference at order.${name}`,
      );
    }
  });

  it.each(REFERENCE_FIELDS)('%s is required', (name) => {
    for (const json of [undefined, 'null', '""', '" "']) {
      expect(rejectedFor(judgementOn({ order: { [name]: json } }))).toBe(
        `missing_field at order.${name}`,
      );
    }
  });

  it('follow the dimensions they are given', () => {
    const value = event({ order: { status: '7' } });
    expect(rejectedFor(judge(value, REFERENCES))).toBe('unknown_reference at order.status');
    const statuses = dimensionOf([{ id: 7, name: 'lost' }]);
    expect(judge(value, { ...REFERENCES, statuses }).accepted).toBe(true);
  });
});

describe('what not every order has', () => {
  it('is no part of the canonical form where it is missing or null', () => {
    const changes = {
      details: { ordered_at: 'null', refunds: '" "' },
      customer: { guest: 'false' },
      order: { tax_included: 'false', exchange_rate: 'null' },
    };
    expect(judgementOn(changes)).toEqual({ accepted: true, canonical: CANONICAL });
  });

  it('ordered_at is a time as event_timestamp is', () => {
    expect(accepted('details', 'ordered_at', '"2026-01-01 00:30 +01"')).toBe(
      '"2025-12-31T23:30:00.000000Z"',
    );
    for (const json of ['"soon"', '"2026-01-01"', '"1899-12-31T23:59:59"']) {
      expect(rejectedFor(judgementOn({ details: { ordered_at: json } }))).toBe(
        'invalid_timestamp at ordered_at',
      );
    }
    expect(rejectedFor(judgementOn({ details: { ordered_at: '1767478363' } }))).toBe(
      'invalid_type at ordered_at',
    );
  });

  it('refunds is an id, trimmed', () => {
    expect(accepted('details', 'refunds', '" txn_7 "')).toBe('"txn_7"');
    expect(rejectedFor(judgementOn({ details: { refunds: `"${'x'.repeat(201)}"` } }))).toBe(
      'invalid_type at refunds',
    );
  });

  it('a guest has no customer id, whatever the event says', () => {
    for (const id of [undefined, 'null', '"cust_19"', '5']) {
      expect(judgementOn({ customer: { guest: 'true', id } })).toEqual({
        accepted: true,
        canonical: CANONICAL.replace('"id":"cust_19"', '"guest":true'),
      });
    }
    expect(rejectedFor(judgementOn({ customer: { guest: 'false', id: undefined } }))).toBe(
      'missing_field at customer.id',
    );
    expect(rejectedFor(judgementOn({ customer: { guest: '"yes"' } }))).toBe(
      'invalid_type at customer.guest',
    );
  });

  it('tax_included is true or false', () => {
    expect(accepted('order', 'tax_included', 'true')).toBe('true');
    for (const json of ['1', '"true"', '{}']) {
      expect(rejectedFor(judgementOn({ order: { tax_included: json } }))).toBe(
        'invalid_type at order.tax_included',
      );
    }
  });

  it('exchange_rate is above 0 and below 10^9, kept to 10 decimals as text', () => {
    expect(accepted('order', 'exchange_rate', '1.1')).toBe('"1.1000000000"');
    expect(accepted('order', 'exchange_rate', '"0.00003712345678"')).toBe('"0.0000371235"');
    expect(accepted('order', 'exchange_rate', '999999999.99999999994')).toBe(
      '"999999999.9999999999"',
    );
    for (const json of ['0', '-1', '1e9', '0.00000000001', '"one"']) {
      expect(rejectedFor(judgementOn({ order: { exchange_rate: json } })), json).toBe(
        'invalid_amount at order.exchange_rate',
      );
    }
  });
});

describe('customer, order and items', () => {
  it.each([
    ['customer', undefined, 'missing_field at customer.id'],
    ['customer', 'null', 'missing_field at customer.id'],
    ['customer', '{}', 'missing_field at customer.id'],
    ['customer', '"cust_19"', 'invalid_type at customer'],
    ['customer', '[]', 'invalid_type at customer'],
    ['order', undefined, 'missing_field at order.status'],
    ['order', 'null', 'missing_field at order.status'],
    ['order', '7', 'invalid_type at order'],
    ['items', undefined, 'no_items at items'],
    ['items', 'null', 'no_items at items'],
    ['items', '[]', 'no_items at items'],
    ['items', '{}', 'invalid_type at items'],
    ['items', '"[]"', 'invalid_type at items'],
    ['items', '[null]', 'invalid_type at items[0]'],
    ['items', '["prod_17"]', 'invalid_type at items[0]'],
    ['items', '[[]]', 'invalid_type at items[0]'],
    ['items', '[{}]', 'missing_field at items[0].id'],
  ])('%s as %s: %s', (name, json, expected) => {
    expect(rejectedFor(judgementOn({ details: { [name]: json } }))).toBe(expected);
  });

  it('name the item that broke a rule, and keep the same product on several lines', () => {
    const line = objectOf(GOOD.item);
    const bad = objectOf({ ...GOOD.item, unit_price: '-1' });
    expect(rejectedFor(judgementOn({ details: { items: `[${line},${line},${bad},7]` } }))).toBe(
      'invalid_amount at items[2].unit_price',
    );
    const judgement = judgementOn({ details: { items: `[${line},${line}]` } });
    const read = JSON.parse(judgement.accepted ? judgement.canonical : '') as Read;
    expect(read.data.transaction_details.items).toHaveLength(2);
  });
});

describe('where several rules are broken', () => {
  /** Each field in the order of the event with something that breaks a rule, and what that is called. */
  const BREACHES: [Member, string, string, string][] = [
    ['details', 'transaction_id', '1', 'invalid_type'],
    ['details', 'event_type', 'null', 'missing_field'],
    ['details', 'event_version', '"2.0"', 'unsupported_version'],
    ['details', 'event_timestamp', '"soon"', 'invalid_timestamp'],
    ['customer', 'id', '""', 'missing_field'],
    ['customer', 'type', '7', 'invalid_type'],
    ['customer', 'country', String.raw`"\u0000"`, 'not_text'],
    ['customer', 'city', '[]', 'invalid_type'],
    ['order', 'status', '99', 'unknown_reference'],
    ['order', 'payment_method', '"3"', 'invalid_type'],
    ['order', 'currency', '1.5', 'unknown_reference'],
    ['order', 'subtotal', '1e12', 'invalid_amount'],
    ['order', 'tax_amount', 'null', 'missing_field'],
    ['order', 'shipping_amount', 'true', 'invalid_type'],
    ['order', 'discount_amount', '"x"', 'invalid_amount'],
    ['order', 'total_amount', '""', 'missing_field'],
    ['item', 'id', '7', 'invalid_type'],
    ['item', 'category', '" "', 'missing_field'],
    ['item', 'unit_price', '-1', 'invalid_amount'],
    ['item', 'quantity', '0', 'invalid_quantity'],
    ['item', 'discount', '"x"', 'invalid_amount'],
    ['item', 'cost', '{}', 'invalid_type'],
  ];

  it('the first in the order of the event decides, whatever the order of the keys', () => {
    const changes: Changes = { details: {}, customer: {}, order: {}, item: {} };
    for (const [member, name, json, reason] of BREACHES.toReversed()) {
      // Put first, so that the keys stand in the order opposite to the rules'.
      changes[member] = { [name]: json, ...changes[member] };
      expect(rejectedFor(judgementOn(changes))).toBe(`${reason} at ${pathOf(member, name)}`);
    }
  });
});

describe('a detail', () => {
  it('is one short line that drives no terminal', () => {
    const nasty = [
      String.raw`"a\nb\r\u001b[31m\u009b\u2028\u202e\u200b"`,
      `"${'x'.repeat(100_000)}"`,
      '"\u202e\u0085\u2029"',
      `"${'😀'.repeat(300)}"`,
    ];
    for (const json of nasty) {
      for (const judgement of [
        judgementOn({ details: { event_timestamp: json } }),
        judgementOn({ order: { subtotal: json } }),
        judgementOn({ item: { quantity: json } }),
        judge(`${json}}`, REFERENCES),
        judge(`{"a":\u001b${json}`, REFERENCES),
      ]) {
        expect(judgement.accepted).toBe(false);
        const { detail } = judgement as Extract<Judgement, { accepted: false }>;
        expect(detail).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);
        expect(detail.length).toBeLessThan(500);
      }
    }
  });

  it('shows the value that was found', () => {
    expect(judgementOn({ order: { subtotal: '"twelve"' } })).toEqual({
      accepted: false,
      reason: 'invalid_amount',
      field: 'order.subtotal',
      detail: 'not a number: "twelve"',
    });
    expect(judgementOn({ order: { status: '1e999999999' } })).toMatchObject({
      detail: 'no such row: 1e999999999',
    });
    expect(judgementOn({ customer: { city: '[]' } })).toMatchObject({
      detail: 'expected text, found an array',
    });
  });
});
