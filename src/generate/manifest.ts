import { writeWhole } from '../whole-file.ts';
import type { Catalogue } from './catalogue.ts';
import { PAYMENT_METHODS } from './order.ts';
import { amount, mean, sumOfFractions, whole } from './ratio.ts';
import { dayOf, SECONDS_OF_DAY } from './timeline.ts';
import { add, entry, NO_LINES, type Truth } from './truth.ts';

type Row = Readonly<Record<string, string | number>>;

/**
 * The answers that silver and gold must give for a run's events, in the names of their columns: whole numbers as
 * numbers, amounts and means as decimal text of the stored scale.
 */
export interface WarehouseTruth {
  readonly bronze: { readonly events: number; readonly quarantined: Row };
  readonly silver: Readonly<Record<SilverCount, number>> &
    Readonly<Record<'quarantined' | 'sums', Row>> &
    Readonly<Record<'dim_customers' | 'dim_products', readonly Row[]>>;
  readonly gold: Readonly<Record<Mart, readonly Row[]>>;
}

type SilverCount =
  ('transactions' | 'order_lines' | 'customers' | 'products') | ('duplicates' | 'superseded');
type Mart =
  | `${'sales' | 'item_category' | 'product'}_performance`
  | `${'geography' | 'payment' | 'customer'}_performance`;

/** Works the answers out. Rows are in the order of their keys. */
export function describeWarehouse(truth: Truth, catalogue: Catalogue): WarehouseTruth {
  const quarantined = (stage: keyof Truth['rejected']): Record<string, number> =>
    Object.fromEntries([...truth.rejected[stage]].sort(byText(([reason]) => reason)));
  const rejectedBySilver = [...truth.rejected.silver.values()].reduce(
    (sum, count) => sum + count,
    0,
  );
  const days = [...truth.days]
    .filter(([, { orders }]) => orders.orders > 0)
    .sort(([a], [b]) => a - b);
  const ofDay = ordersByDay(truth);

  const gold = {
    sales_performance: [] as Row[],
    item_category_performance: [] as Row[],
    product_performance: [] as Row[],
    geography_performance: [] as Row[],
    payment_performance: [] as Row[],
    customer_performance: customerRows(truth, catalogue),
  };
  const lines = { ...NO_LINES };
  for (const [key, day] of days) {
    const date_key = dayOf(key * SECONDS_OF_DAY);
    const customers = new Map<number, { orders: number; total: number }>();
    const places = new Map<number, { orders: number; total: number; customers: Set<number> }>();
    for (const order of ofDay.get(key) ?? []) {
      const { customer, city, total } = orderAt(truth, order);
      const buyer = entry(customers, customer, () => ({ orders: 0, total: 0 }));
      buyer.orders += 1;
      buyer.total += total;
      const place = entry(places, city, () => ({ orders: 0, total: 0, customers: new Set() }));
      place.orders += 1;
      place.total += total;
      place.customers.add(customer);
    }
    const { orders, subtotal, tax, discount, total } = day.orders;
    gold.sales_performance.push({
      date_key,
      total_orders: orders,
      total_customers: customers.size,
      order_subtotal_day: amount(subtotal),
      order_tax_amount_day: amount(tax),
      order_discount_amount_day: amount(discount),
      order_total_amount_day: amount(total),
      avg_ticket: meanOfCents(total, orders),
      avg_customer_ticket: meanCustomerTicket([...customers.values()]),
    });
    gold.geography_performance.push(
      ...[...places]
        .map(([city, place]) => ({
          date_key,
          country: catalogue.cities[city]?.country ?? '',
          city: catalogue.cities[city]?.name ?? '',
          orders: place.orders,
          customers: place.customers.size,
          revenue: amount(place.total),
        }))
        .sort(byText((row) => `${row.country}\0${row.city}`)),
    );
    gold.payment_performance.push(
      ...PAYMENT_METHODS.flatMap(({ id, name }) => {
        const payment = day.payments.get(id);
        return payment === undefined || payment.orders === 0
          ? []
          : {
              date_key,
              payment_method_id: id,
              payment_method: name,
              orders: payment.orders,
              revenue: amount(payment.revenue),
            };
      }),
    );

    const categories = new Map<string, typeof NO_LINES>();
    const products = [...day.products].filter(([, { lines }]) => lines > 0);
    for (const [index, sums] of products) {
      const { id = '', category = '' } = catalogue.products[index] ?? {};
      add(
        entry(categories, category, () => ({ ...NO_LINES })),
        sums,
      );
      add(lines, sums);
      gold.product_performance.push({
        date_key,
        item_id: id,
        units: sums.units,
        revenue: amount(sums.revenue),
        cost: amount(sums.cost),
        margin: amount(sums.revenue - sums.cost),
      });
    }
    gold.item_category_performance.push(
      ...[...categories].sort(byText(([name]) => name)).map(([category, sums]) => ({
        date_key,
        category,
        total_quantity: sums.units,
        order_lines: sums.lines,
        revenue: amount(sums.revenue),
        avg_unit_price: meanOfCents(sums.unitPrice, sums.lines),
        avg_quantity: mean(whole(sums.units), whole(sums.lines)),
        avg_discount: meanOfCents(sums.discount, sums.lines),
        avg_cost: meanOfCents(sums.unitCost, sums.lines),
      })),
    );
  }
  gold.product_performance.sort(
    byText((row) => `${String(row['date_key'])}${String(row['item_id'])}`),
  );

  return {
    bronze: { events: truth.accepted + rejectedBySilver, quarantined: quarantined('ingest') },
    silver: {
      transactions: truth.transactions,
      order_lines: lines.lines,
      customers: truth.customers.size,
      products: truth.products.size,
      duplicates: truth.duplicates,
      superseded: truth.superseded,
      quarantined: quarantined('silver'),
      sums: {
        order_subtotal: amount(truth.orders.subtotal),
        order_tax_amount: amount(truth.orders.tax),
        order_shipping_amount: amount(truth.orders.shipping),
        order_discount_amount: amount(truth.orders.discount),
        order_total_amount: amount(truth.orders.total),
        quantity: lines.units,
        unit_price_x_quantity: amount(lines.revenue),
        cost_x_quantity: amount(lines.cost),
        unit_price: amount(lines.unitPrice),
        discount: amount(lines.discount),
        cost: amount(lines.unitCost),
      },
      dim_customers: [...truth.customers]
        .map(([index, { type, city }]) => ({
          id: catalogue.customers[index]?.id ?? '',
          type,
          city: catalogue.cities[city]?.name ?? '',
          country: catalogue.cities[city]?.country ?? '',
        }))
        .sort(byText(({ id }) => id)),
      dim_products: [...truth.products]
        .map(([index, { unitPrice, cost }]) => ({
          id: catalogue.products[index]?.id ?? '',
          category: catalogue.products[index]?.category ?? '',
          unit_price: amount(unitPrice),
          cost: amount(cost),
        }))
        .sort(byText(({ id }) => id)),
    },
    gold,
  };
}

function ordersByDay({ columns }: Truth): Map<number, number[]> {
  const days = new Map<number, number[]>();
  columns.second.forEach((second, order) => {
    entry(days, Math.floor(second / SECONDS_OF_DAY), () => [] as number[]).push(order);
  });
  return days;
}

function orderAt(
  { columns }: Truth,
  order: number,
): { customer: number; city: number; total: number } {
  return {
    customer: columns.customer[order] ?? 0,
    city: columns.city[order] ?? 0,
    total: columns.total[order] ?? 0,
  };
}

function customerRows(truth: Truth, catalogue: Catalogue): Row[] {
  const customers = new Map<
    number,
    { orders: number; revenue: number; first: number; last: number }
  >();
  truth.columns.second.forEach((second, order) => {
    const { customer, total } = orderAt(truth, order);
    const row = entry(customers, customer, () => ({
      orders: 0,
      revenue: 0,
      first: second,
      last: second,
    }));
    row.orders += 1;
    row.revenue += total;
    row.first = Math.min(row.first, second);
    row.last = Math.max(row.last, second);
  });
  return [...customers]
    .map(([index, row]) => ({
      customer_id: catalogue.customers[index]?.id ?? '',
      orders: row.orders,
      revenue: amount(row.revenue),
      first_order_at: instant(row.first),
      last_order_at: instant(row.last),
    }))
    .sort(byText(({ customer_id }) => customer_id));
}

function meanOfCents(cents: number, count: number): string {
  return mean(whole(cents), 100n * whole(count));
}

/** The mean, over customers, of each one's mean order total: totals over the same number of orders share a fraction. */
function meanCustomerTicket(customers: readonly { orders: number; total: number }[]): string {
  const totals = new Map<number, number>();
  for (const { orders, total } of customers) {
    totals.set(orders, (totals.get(orders) ?? 0) + total);
  }
  const [cents, parts] = sumOfFractions(
    [...totals].map(([orders, total]) => [whole(total), whole(orders)] as const),
  );
  return mean(cents, 100n * parts * whole(customers.length));
}

function instant(second: number): string {
  return new Date(second * 1000).toISOString().replace('.000Z', 'Z');
}

/** Sorts as `order by .. collate "C"` does; no name here goes beyond the basic plane, where code units stop doing so. */
function byText<T>(textOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [textOf(a), textOf(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

/**
 * Writes a manifest as JSON, whole or not at all.
 * @throws MedallionError storage
 */
export async function writeManifest(file: string, manifest: object): Promise<void> {
  await writeWhole(file, `${render(manifest)}\n`);
}

/** JSON to look at: a line for each row of a table, other values indented. */
function render(value: unknown, indent = ''): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const rows = value.map((row) => `${deeper}${JSON.stringify(row)}`);
    return rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${deeper}${JSON.stringify(name)}: ${render(member, deeper)}`);
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}
