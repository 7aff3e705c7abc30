import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge, type Judgement } from '../../src/event/judge.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, landEvents, promoteAll, rowsOf, useEngine } from '../support/promotion.ts';
import { oddEvents } from '../support/odd-events.ts';
import { REFERENCES } from '../support/wire-event.ts';

/**
 * DuckDB accepts what is valid beyond doubt, the judge decides the rest. Whether DuckDB is ever sure of something that
 * the judge would refuse, or reads another value, shows here: every event below goes through both.
 */
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
