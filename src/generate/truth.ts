import type { Reason } from '../event/reasons.ts';
import type { GeneratedEvent } from './events.ts';
import type { Order } from './order.ts';
import { SECONDS_OF_DAY } from './timeline.ts';

const NO_ORDERS = { orders: 0, subtotal: 0, tax: 0, shipping: 0, discount: 0, total: 0 };
/** Sums over order lines; `unitPrice`, `discount` and `unitCost` are plain sums over lines, for their means. */
export const NO_LINES = {
  ...{ lines: 0, units: 0, unitPrice: 0, discount: 0, unitCost: 0, revenue: 0, cost: 0 },
};

/** Sums over the orders of a UTC day. */
interface DayTruth {
  readonly orders: typeof NO_ORDERS;
  readonly payments: Map<number, { orders: number; revenue: number }>;
  readonly products: Map<number, typeof NO_LINES>;
}

/**
 * What the warehouse must know after the events recorded so far, whatever order they came in. Amounts are whole cents.
 * What stays in memory is five numbers a transaction, and sums by day.
 */
export class Truth {
  accepted = 0;
  duplicates = 0;
  transactions = 0;
  readonly rejected = {
    ingest: new Map<Reason, number>(),
    silver: new Map<Reason, number>(),
  };
  /** Columns over the transactions, by their number: the version that counts. */
  readonly columns = {
    second: [] as number[],
    customer: [] as number[],
    city: [] as number[],
    total: [] as number[],
    /** A bit for each version seen. */
    seen: [] as number[],
  };
  readonly days = new Map<number, DayTruth>();
  /** Sums over all days. */
  readonly orders = { ...NO_ORDERS };
  /** By customer and by product: what their latest event says of them. */
  readonly customers = new Map<number, { second: number; type: string; city: number }>();
  readonly products = new Map<number, { second: number; unitPrice: number; cost: number }>();

  record(event: GeneratedEvent): void {
    if (event.kind === 'malformed') {
      const { reason, stage } = event.malformation;
      this.rejected[stage].set(reason, (this.rejected[stage].get(reason) ?? 0) + 1);
      return;
    }
    const { order } = event;
    const { columns } = this;
    this.accepted += 1;
    const bit = 1 << order.version;
    const seen = columns.seen[order.transaction] ?? 0;
    if ((seen & bit) !== 0) {
      this.duplicates += 1;
      return;
    }
    columns.seen[order.transaction] = seen | bit;
    this.#describe(order);
    const known = columns.second[order.transaction];
    if (known !== undefined && known > order.second) {
      return;
    }
    if (known === undefined) {
      this.transactions += 1;
    } else {
      this.#count(versionOf(order, known), -1);
    }
    this.#count(order, 1);
    columns.second[order.transaction] = order.second;
    columns.customer[order.transaction] = order.customer;
    columns.city[order.transaction] = order.city;
    columns.total[order.transaction] = order.total;
  }

  /** Versions that another version of the same transaction outdates. */
  get superseded(): number {
    return this.accepted - this.duplicates - this.transactions;
  }

  #describe(order: Order): void {
    const customer = this.customers.get(order.customer);
    if (customer === undefined || customer.second <= order.second) {
      const { second, type, city } = order;
      this.customers.set(order.customer, { second, type, city });
    }
    for (const { offer } of order.lines) {
      const product = this.products.get(offer.product);
      if (product === undefined || product.second <= order.second) {
        const { unitPrice, cost } = offer;
        this.products.set(offer.product, { second: order.second, unitPrice, cost });
      }
    }
  }

  /** @param sign 1 to count an order, -1 to take it out again */
  #count(order: Order, sign: 1 | -1): void {
    const key = Math.floor(order.second / SECONDS_OF_DAY);
    const day = entry(this.days, key, (): DayTruth => {
      return { orders: { ...NO_ORDERS }, payments: new Map(), products: new Map() };
    });
    const { subtotal, tax, shipping, discount, total, lines } = order;
    for (const sums of [day.orders, this.orders]) {
      add(sums, { orders: 1, subtotal, tax, shipping, discount, total }, sign);
    }
    const payment = entry(day.payments, order.paymentMethod, () => ({ orders: 0, revenue: 0 }));
    add(payment, { orders: 1, revenue: total }, sign);
    for (const { offer, quantity } of lines) {
      const { product, unitPrice, discount, cost: unitCost } = offer;
      const [revenue, cost] = [unitPrice * quantity, unitCost * quantity];
      const sums = entry(day.products, product, () => ({ ...NO_LINES }));
      add(sums, { lines: 1, units: quantity, unitPrice, discount, unitCost, revenue, cost }, sign);
    }
  }
}

/** Adds the figures of `more` to sums; takes them out again with a sign of -1. */
export function add<Sums extends Record<keyof Sums, number>>(
  sums: Sums,
  more: Sums,
  sign: 1 | -1 = 1,
): void {
  for (const figure in more) {
    (sums as Record<string, number>)[figure] = sums[figure] + sign * more[figure];
  }
}

export function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** The earlier version of an order that happened at this time; no two versions share one. */
function versionOf(order: Order, second: number): Order {
  let version: Order | undefined = order.corrects;
  while (version !== undefined && version.second !== second) {
    version = version.corrects;
  }
  if (version === undefined) {
    throw new RangeError(`transaction ${order.id} has no version of that time`);
  }
  return version;
}
