import type { Reason } from '../event/reasons.ts';
import type { GeneratedEvent } from './events.ts';
import type { Order } from './order.ts';
import { SECONDS_OF_DAY } from './timeline.ts';

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
  readonly totals = { lines: 0, shipping: 0 };
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
    let day = this.days.get(key);
    if (day === undefined) {
      day = new DayTruth();
      this.days.set(key, day);
    }
    day.orders += sign;
    day.subtotal += sign * order.subtotal;
    day.tax += sign * order.tax;
    day.discount += sign * order.discount;
    day.total += sign * order.total;
    const payment = entry(day.payments, order.paymentMethod, () => ({ orders: 0, revenue: 0 }));
    payment.orders += sign;
    payment.revenue += sign * order.total;
    this.totals.shipping += sign * order.shipping;
    this.totals.lines += sign * order.lines.length;
    for (const { offer, quantity } of order.lines) {
      const sums = entry(day.products, offer.product, () => new LineSums());
      sums.lines += sign;
      sums.units += sign * quantity;
      sums.unitPrice += sign * offer.unitPrice;
      sums.discount += sign * offer.discount;
      sums.unitCost += sign * offer.cost;
      sums.revenue += sign * offer.unitPrice * quantity;
      sums.cost += sign * offer.cost * quantity;
    }
  }
}

/** Sums over the orders of a UTC day. */
export class DayTruth {
  orders = 0;
  subtotal = 0;
  tax = 0;
  discount = 0;
  total = 0;
  readonly payments = new Map<number, { orders: number; revenue: number }>();
  readonly products = new Map<number, LineSums>();
}

/** Sums over order lines; `unitPrice`, `discount` and `unitCost` are plain sums over lines, for their means. */
export class LineSums {
  lines = 0;
  units = 0;
  unitPrice = 0;
  discount = 0;
  unitCost = 0;
  revenue = 0;
  cost = 0;

  add(other: LineSums): void {
    this.lines += other.lines;
    this.units += other.units;
    this.unitPrice += other.unitPrice;
    this.discount += other.discount;
    this.unitCost += other.unitCost;
    this.revenue += other.revenue;
    this.cost += other.cost;
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
