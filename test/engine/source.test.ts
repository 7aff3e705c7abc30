import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge, type Judgement } from '../../src/event/judge.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, landEvents, promoteAll, rowsOf, useEngine } from '../support/promotion.ts';
import { event, GOOD, objectOf, REFERENCES, type Member } from '../support/wire-event.ts';

/**
 * DuckDB accepts what is valid beyond doubt, the judge decides the rest. Whether DuckDB is ever sure of something that
 * the judge would refuse, or reads another value, shows here: every event below goes through both.
 */
const ODD: readonly string[] = [
  ...[
    'null',
    'true',
    'false',
    '{}',
    '[]',
    '[1]',
    '{"id": "x"}',
    '""',
    '" "',
    '"\\u0020"',
    '"\\u00a0"',
    '"\u00a0"',
    '"\u3000"',
  ],
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '5',
    '5.0',
    '5.00000000000000001',
    '4.5',
    '1e0',
    '5e0',
    '50e-1',
    '2147483648',
    '9223372036854775808',
  ],
  ...[
    '0.005',
    '1.005',
    '-1.005',
    '0.0049',
    '0.00499999999999999999',
    '1.00005',
    '1.00004',
    '2.675',
    '123456789012.345',
  ],
  ...[
    '999999999999.99',
    '999999999999.994',
    '999999999999.995',
    '1000000000000',
    '1e12',
    '1e11',
    '1e400',
    '-1e400',
    '0.1e-400',
  ],
  ...[
    '"5"',
    '"5.0"',
    '"+5"',
    '"5."',
    '".5"',
    '"-.5"',
    '"1_000"',
    '"1,000"',
    '"0x10"',
    '"1e2"',
    '" 7 "',
    '"7\\t"',
    '"--5"',
    '"5-"',
  ],
  ...[
    '"1.005"',
    '"-0.001"',
    '"0.00001"',
    '"12.34567"',
    '"NaN"',
    '"inf"',
    '"nan"',
    'NaN',
    'Infinity',
    '-Infinity',
    '01',
    '1.',
    '.5',
    '+1',
  ],
  ...[
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\u0041"',
    '" lead"',
    '"trail "',
    '"tab\\t"',
    '"quote\\""',
    '"back\\\\"',
    '"\ufeffbom"',
  ],
  ...[
    '"é"',
    '"日本"',
    '"😀"',
    `"${'x'.repeat(200)}"`,
    `"${'x'.repeat(201)}"`,
    `"${'😀'.repeat(200)}"`,
    `"${'😀'.repeat(201)}"`,
  ],
  ...['"placed"', '" Cash "', '"usd"', '"EUR"', '"true"', 'nul', 'truth'],
  ...['"1"', '"1.0"', '"1.7.2"', '"1."', '"2.0"', '"10"', '"01"', '"v1"'],
  ...[
    '"2026-01-03"',
    '"2026-01-03T22:12"',
    '"2026-01-03T22:12:43"',
    '"2026-01-03 22:12:43"',
    '"2026-01-03T22:12Z"',
    '"2026-01-03 22:12 +01"',
    '"2026-01-03T22:12.5"',
    '"2026-01-03T24:00"',
    '"2026-01-03 22:12:43,5"',
    '"2026-01-03 22:12:43,1234567 +01:00"',
    '"2026-01-03 22:12:43 +01"',
    '"2026-01-03 22:12:43 -0130"',
    '"2026-01-03 22:12:43  Z"',
    '"2026-01-03 22:12:43 UTC"',
    '"2026-01-03T22:12:43.5"',
  ],
  ...[
    '"2026-01-03T22:12:43.1234567890123"',
    '"2026-01-03T22:12:43Z"',
    '"2026-01-03T22:12:43z"',
    '"2026-01-03T22:12:43+02"',
  ],
  ...[
    '"2026-01-03T22:12:43+0230"',
    '"2026-01-03T22:12:43-02:30"',
    '"2026-01-03T24:00:00"',
    '"2026-01-03T23:59:60"',
    '"2026-02-29T00:00:00"',
  ],
  ...[
    '"2024-02-29T00:00:00"',
    '"1899-12-31T23:59:59"',
    '"1900-01-01T00:00:00"',
    '"1900-01-01T00:00:00+01:00"',
    '"9999-12-31T23:59:59.999999"',
  ],
  ...[
    '"9999-12-31T23:59:59-01:00"',
    '"0000-01-01T00:00:00"',
    '"2026-01-03T22:12:43+16:00"',
    '"2026-01-03T22:12:43+15:59"',
    '"2026-01-03T22:12:43+24:00"',
  ],
  ...[
    '"infinity"',
    '"now"',
    '"2026-01-03T22:12:43 Europe/Berlin"',
    '"2026-1-3T22:12:43"',
    '"2026-01-03t22:12:43"',
    '"12026-01-03T22:12:43"',
  ],
  ...[
    '99999999999999',
    '999999999999999',
    '-99999999999999',
    '"99999999999999"',
    '"1.2.3"',
    '"-"',
    '"-01.5"',
    '1000000',
    '1000001',
    '1000000.0',
    '"1000000"',
    '12345678',
  ],
];

/** Members that not every event has. */
const SOMETIMES: Record<Member, readonly string[]> = {
  details: ['ordered_at', 'refunds'],
  customer: ['guest'],
  order: ['tax_included', 'exchange_rate'],
  item: [],
};

/** Every field with every odd value, and a few shapes of the whole event. */
function oddEvents(): string[] {
  const members: Member[] = ['details', 'customer', 'order', 'item'];
  const fields = members.flatMap((member) =>
    [...Object.keys(GOOD[member]), ...SOMETIMES[member]].flatMap((name) =>
      [...ODD, undefined].map((value) => event({ [member]: { [name]: value } })),
    ),
  );
  const good = event({});
  const shapes = [
    good.replace('"items":[', '"items":[null,'),
    good.replace('"items":[', '"items":[5,'),
    good.replace('"items":[', '"items":[{},'),
    good.replace(/"items":\[.*\]/, '"items":[]'),
    good.replace(/"items":\[.*\]/, '"items":{}'),
    good.replace(/"items":\[.*\]/, '"items":null'),
    good.replace(/"customer":\{[^}]*\}/, '"customer":"cust_1"'),
    good.replace(/"customer":\{[^}]*\}/, '"customer":null'),
    good.replace(/"order":\{[^}]*\}/, '"order":[]'),
    good.replace(/\}\]/, '},]'),
    `${good}x`,
    `\ufeff${good}`,
    ` \t${good}\r`,
    good.replaceAll('":', '" : '),
    good.replace('"transaction_id":', '"transaction_\\u0069d":'),
    good.replace('"data":', '"data":{},"data":'),
    good.replace('"quantity":', '"quantity":9,"quantity":'),
    good.replace(
      '{"data"',
      '{"id":5,"type":{},"cost":"no","note":"a: 1.23456789012345678, NaN ,]","data"',
    ),
    `[${good}]`,
    '{"data":{"transaction_details":[]}}',
    '{"data":{"transaction_details":{}}}',
    '{"data":null}',
    '{}',
    '5',
    '"text"',
    `{"data":{"transaction_details":${objectOf(GOOD.details)}}}`,
  ];
  return [...fields, ...shapes];
}

describe.each(ENGINES)('the source step of %s and the judge', (engine) => {
  useEngine(engine);
  const events = oddEvents();
  const judgements: Judgement[] = events.map((value) => judge(value, REFERENCES));
  let db: TestDatabase;

  beforeAll(async () => {
    db = await createTestDatabase();
    await landEvents(db.settings, events);
    await promoteAll(db.settings, { gold: false, chunkRows: 1000 });
  });

  afterAll(async () => {
    await db.drop();
  });

  test('refuse the same events for the same reasons', async () => {
    const rows = await rowsOf(db.settings, 'select "offset", reason, field from bronze.quarantine');
    const found = new Map(
      rows.map(({ offset, reason, field }) => [
        Number(offset),
        `${String(reason)} ${String(field)}`,
      ]),
    );
    const differences = judgements.flatMap((judgement, offset) => {
      const judged = judgement.accepted
        ? 'accepted'
        : `${judgement.reason} ${String(judgement.field)}`;
      const read = found.get(offset) ?? 'accepted';
      return judged === read ? [] : [{ judged, read, event: events[offset] }];
    });
    const refused = judgements.filter(({ accepted }) => !accepted);
    expect(differences).toEqual([]);
    expect(refused.length).toBeGreaterThan(1000);
  });

  test('account for every event', async () => {
    const [row] = await rowsOf(
      db.settings,
      `select (select count(*) from silver.fact_transactions) + (select count(*) from silver.discarded_events)
            + (select count(*) from bronze.quarantine) as events`,
    );
    expect(row).toEqual({ events: String(events.length) });
  });

  test('read the same values', async () => {
    // Most events share a transaction, so each accepted one is read again under an id of its own.
    const accepted = judgements.flatMap((judgement, index) =>
      judgement.accepted ? [{ canonical: judgement.canonical, event: events[index] ?? '' }] : [],
    );
    const own = (text: string, index: number): string =>
      text.replace(
        /"transaction_id" ?: ?"(?:[^"\\]|\\.)*"/,
        `"transaction_id":"own_${String(index)}"`,
      );
    const other = await createTestDatabase();
    await landEvents(
      other.settings,
      accepted.map(({ event }, index) => own(event, index)),
    );
    await promoteAll(other.settings, { gold: false });
    const rows = await rowsOf(
      other.settings,
      `select t."offset", to_char(t.event_timestamp, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, t.event_type, t.customer_id,
              t.customer_type, t.customer_country, t.customer_city, t.order_status_id, t.order_subtotal, t.order_tax_amount,
              t.order_shipping_amount, t.order_discount_amount, t.order_total_amount,
              to_char(t.ordered_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ordered_at, t.refunds,
              case when t.order_tax_included then 'true' end as tax_included, t.order_exchange_rate,
              i.item_id, i.category, medallion.unit_amount_text(i.unit_price) as unit_price,
              trim_scale(i.quantity) as quantity, medallion.unit_amount_text(i.discount) as discount,
              medallion.unit_amount_text(i.cost) as cost
       from silver.fact_transactions t join silver.fact_transaction_items i on i.transaction_key = t.transaction_key
       order by t."offset", i.line_number`,
    );
    const expected = accepted.map(({ canonical }, offset) => ({
      offset: String(offset),
      ...valuesOf(canonical),
    }));
    expect(rows).toEqual(expected);
    await other.drop();
  });
});

/** The values of a canonical event with one item; amounts are read as text from the JSON itself. */
function valuesOf(canonical: string): Record<string, string | null> {
  // Numbers and true as text, with every digit; strings stay as they are.
  const text = canonical.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  const { data } = JSON.parse(text) as {
    data: {
      transaction_details: {
        event_timestamp: string;
        ordered_at?: string;
        refunds?: string;
        event_type: string;
        customer: Record<string, string>;
        order: Record<string, string>;
        items: Record<string, string>[];
      };
    };
  };
  const { event_timestamp, ordered_at, refunds, event_type, customer, order, items } =
    data.transaction_details;
  const [item = {}] = items;
  const of = (object: Record<string, string>, name: string): string => object[name] ?? '';
  return {
    at: event_timestamp,
    event_type,
    ordered_at: ordered_at ?? event_timestamp,
    refunds: refunds ?? null,
    tax_included: order['tax_included'] ?? null,
    order_exchange_rate: order['exchange_rate'] ?? null,
    customer_id: customer['guest'] === 'true' ? null : of(customer, 'id'),
    customer_type: of(customer, 'type'),
    customer_country: of(customer, 'country'),
    customer_city: of(customer, 'city'),
    order_status_id: of(order, 'status'),
    order_subtotal: of(order, 'subtotal'),
    order_tax_amount: of(order, 'tax_amount'),
    order_shipping_amount: of(order, 'shipping_amount'),
    order_discount_amount: of(order, 'discount_amount'),
    order_total_amount: of(order, 'total_amount'),
    item_id: of(item, 'id'),
    category: of(item, 'category'),
    unit_price: of(item, 'unit_price'),
    quantity: of(item, 'quantity'),
    discount: of(item, 'discount'),
    cost: of(item, 'cost'),
  };
}
