import { judge } from '../../src/event/judge.ts';
import type { CustomerDetails, PurchaseEvent, TransactionDetails } from '../support/purchase.ts';
import { REFERENCES } from '../support/wire-event.ts';

/**
 * What silver and gold must say of some lines, read plainly from the bytes: no knowledge of how they were generated,
 * every sum a BigInt of cents, every mean one exact quotient.
 */
export function readPlainly(values: readonly Buffer[]): Record<string, unknown> {
  const quarantined = { ingest: {} as Counts, silver: {} as Counts };
  const accepted: TransactionDetails[] = [];
  for (const value of values) {
    const text = value.toString();
    if (value.includes(0) || !Buffer.from(text).equals(value)) {
      count(quarantined.ingest, 'not_text');
      continue;
    }
    const judgement = judge(text, REFERENCES);
    if (!judgement.accepted) {
      count(quarantined.silver, judgement.reason);
      continue;
    }
    accepted.push((JSON.parse(text) as PurchaseEvent).data.transaction_details);
  }

  const contents = new Map<string, Set<string>>();
  const truth = new Map<string, TransactionDetails>();
  const customers = new Map<string, TransactionDetails>();
  const products = new Map<string, { at: string; row: Row }>();
  for (const event of accepted) {
    const { transaction_id: id, event_timestamp: at, customer, items } = event;
    contents.set(id, (contents.get(id) ?? new Set()).add(JSON.stringify(event)));
    if (!(at < (truth.get(id)?.event_timestamp ?? ''))) {
      truth.set(id, event);
    }
    if (!(at < (customers.get(idOf(customer))?.event_timestamp ?? ''))) {
      customers.set(idOf(customer), event);
    }
    for (const { id: product, category, unit_price, cost } of items) {
      if (!(at < (products.get(product)?.at ?? ''))) {
        const row = {
          id: product,
          category,
          unit_price: money(cents(unit_price)),
          cost: money(cents(cost)),
        };
        products.set(product, { at, row });
      }
    }
  }
  const distinct = [...contents.values()].reduce((sum, versions) => sum + versions.size, 0);
  const orders = [...truth.values()];
  const lines = orders.flatMap((order) => order.items.map((item) => ({ order, item })));
  const dayOf = (order: TransactionDetails): string => order.event_timestamp.slice(0, 10);
  const total = (order: TransactionDetails): bigint => cents(order.order.total_amount);

  const byDay = group(orders, dayOf);
  return {
    bronze: {
      events: values.length - sum(Object.values(quarantined.ingest).map(BigInt), Number),
      quarantined: quarantined.ingest,
    },
    silver: {
      transactions: orders.length,
      order_lines: lines.length,
      customers: customers.size,
      products: products.size,
      duplicates: accepted.length - distinct,
      superseded: distinct - orders.length,
      quarantined: quarantined.silver,
      sums: {
        order_subtotal: sumOf(orders, ({ order }) => cents(order.subtotal)),
        order_tax_amount: sumOf(orders, ({ order }) => cents(order.tax_amount)),
        order_shipping_amount: sumOf(orders, ({ order }) => cents(order.shipping_amount)),
        order_discount_amount: sumOf(orders, ({ order }) => cents(order.discount_amount)),
        order_total_amount: sumOf(orders, total),
        quantity: sum(
          lines.map(({ item }) => BigInt(item.quantity)),
          Number,
        ),
        unit_price_x_quantity: sumOf(lines, ({ item }) => revenueOf(item)),
        cost_x_quantity: sumOf(lines, ({ item }) => costOf(item)),
        unit_price: sumOf(lines, ({ item }) => cents(item.unit_price)),
        discount: sumOf(lines, ({ item }) => cents(item.discount)),
        cost: sumOf(lines, ({ item }) => cents(item.cost)),
      },
      dim_customers: sorted(
        [...customers.values()].map(({ customer: { id, type, city, country } }) => ({
          id,
          type,
          city,
          country,
        })),
      ),
      dim_products: sorted([...products.values()].map(({ row }) => row)),
    },
    gold: {
      sales_performance: sorted(
        byDay.map(([date_key, day]) => {
          const buyers = group(day, ({ customer }) => idOf(customer));
          return {
            date_key,
            total_orders: day.length,
            total_customers: buyers.length,
            order_subtotal_day: sumOf(day, ({ order }) => cents(order.subtotal)),
            order_tax_amount_day: sumOf(day, ({ order }) => cents(order.tax_amount)),
            order_discount_amount_day: sumOf(day, ({ order }) => cents(order.discount_amount)),
            order_total_amount_day: sumOf(day, total),
            avg_ticket: quotient(sum(day.map(total)), 100n * BigInt(day.length)),
            avg_customer_ticket: meanOfMeans(buyers.map(([, theirs]) => theirs.map(total))),
          };
        }),
      ),
      item_category_performance: sorted(
        group(lines, ({ order, item }) => `${dayOf(order)}|${item.category}`).map(([key, some]) => {
          const [date_key, category] = key.split('|');
          const mean = (amounts: bigint[]): string =>
            quotient(sum(amounts), 100n * BigInt(some.length));
          const units = sum(some.map(({ item }) => BigInt(item.quantity)));
          return {
            date_key,
            category,
            total_quantity: Number(units),
            order_lines: some.length,
            revenue: sumOf(some, ({ item }) => revenueOf(item)),
            avg_unit_price: mean(some.map(({ item }) => cents(item.unit_price))),
            avg_quantity: quotient(units, BigInt(some.length)),
            avg_discount: mean(some.map(({ item }) => cents(item.discount))),
            avg_cost: mean(some.map(({ item }) => cents(item.cost))),
          };
        }),
      ),
      product_performance: sorted(
        group(lines, ({ order, item }) => `${dayOf(order)}|${item.id}`).map(([key, some]) => {
          const [date_key, item_id] = key.split('|');
          return {
            date_key,
            item_id,
            units: sum(
              some.map(({ item }) => BigInt(item.quantity)),
              Number,
            ),
            revenue: sumOf(some, ({ item }) => revenueOf(item)),
            cost: sumOf(some, ({ item }) => costOf(item)),
            margin: sumOf(some, ({ item }) => revenueOf(item) - costOf(item)),
          };
        }),
      ),
      geography_performance: sorted(
        group(
          orders,
          (order) => `${dayOf(order)}|${order.customer.country ?? ''}|${order.customer.city ?? ''}`,
        ).map(([key, some]) => {
          const [date_key, country, city] = key.split('|');
          return {
            date_key,
            country,
            city,
            orders: some.length,
            customers: new Set(some.map(({ customer }) => customer.id)).size,
            revenue: sumOf(some, total),
          };
        }),
      ),
      payment_performance: sorted(
        group(orders, (order) => `${dayOf(order)}|${String(order.order.payment_method)}`).map(
          ([key, some]) => {
            const [date_key, method] = key.split('|');
            return {
              date_key,
              payment_method_id: Number(method),
              payment_method: ['', 'credit card', 'paypal', 'cash'][Number(method)],
              orders: some.length,
              revenue: sumOf(some, total),
            };
          },
        ),
      ),
      customer_performance: sorted(
        group(orders, ({ customer }) => idOf(customer)).map(([customer_id, theirs]) => {
          const times = theirs.map((order) => `${order.event_timestamp}Z`).sort();
          return {
            customer_id,
            orders: theirs.length,
            revenue: sumOf(theirs, total),
            first_order_at: times[0],
            last_order_at: times.at(-1),
          };
        }),
      ),
    },
  };
}

type Counts = Record<string, number>;
type Row = Record<string, unknown>;
type Item = TransactionDetails['items'][number];

function count(counts: Counts, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

function cents(amount: number | string | null | undefined): bigint {
  return BigInt(Number(amount).toFixed(2).replace('.', ''));
}

function revenueOf(item: Item): bigint {
  return cents(item.unit_price) * BigInt(item.quantity);
}

function costOf(item: Item): bigint {
  return cents(item.cost) * BigInt(item.quantity);
}

function sum(numbers: readonly bigint[]): bigint;
function sum<T>(numbers: readonly bigint[], as: (sum: bigint) => T): T;
function sum<T>(numbers: readonly bigint[], as?: (sum: bigint) => T): T | bigint {
  const result = numbers.reduce((a, b) => a + b, 0n);
  return as === undefined ? result : as(result);
}

function sumOf<T>(items: readonly T[], amountOf: (item: T) => bigint): string {
  return money(sum(items.map(amountOf)));
}

function money(amount: bigint): string {
  return `${String(amount / 100n)}.${String(amount % 100n).padStart(2, '0')}`;
}

/** To four decimals, half up; nothing here is negative. */
function quotient(above: bigint, below: bigint): string {
  const units = (above * 100_000n) / below;
  const rounded = (units + 5n) / 10n;
  return `${String(rounded / 10_000n)}.${String(rounded % 10_000n).padStart(4, '0')}`;
}

function meanOfMeans(groups: readonly (readonly bigint[])[]): string {
  const denominator = groups.reduce((product, { length }) => product * BigInt(length), 1n);
  const numerator = sum(groups.map((group) => (sum(group) * denominator) / BigInt(group.length)));
  return quotient(numerator, 100n * denominator * BigInt(groups.length));
}

function group<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const members = groups.get(key);
    if (members === undefined) {
      groups.set(key, [item]);
    } else {
      members.push(item);
    }
  }
  return [...groups];
}

/** Rows in the order of their first three values, which hold the key. */
function sorted<T extends Row>(rows: T[]): T[] {
  const keyOf = (row: T): string => Object.values(row).slice(0, 3).map(String).join('\0');
  return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** No guests are generated. */
function idOf({ id }: CustomerDetails): string {
  return id ?? '';
}
