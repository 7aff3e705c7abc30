import { priceIn, customerAt, type Catalogue, type CustomerType } from './catalogue.ts';
import { Clientele } from './clientele.ts';
import { skewed, WeightedChoice, type Random } from './random.ts';
import type { Timeline } from './timeline.ts';
import { amountText, compactTime, monthOf } from './text.ts';

/**
 * One version of a purchase. Amounts are whole cents, times whole Unix seconds, customers, products and cities their
 * index in the catalogue.
 */
export interface Order {
  /** Number of the transaction in this run, from 0; -1 when it never becomes one. */
  readonly transaction: number;
  /** 0 for the purchase itself, 1, 2.. for its corrections. */
  readonly version: number;
  /** The version that a correction corrects. */
  readonly corrects: Order | undefined;
  readonly id: string;
  readonly second: number;
  readonly customer: number;
  readonly type: CustomerType;
  readonly city: number;
  readonly status: number;
  readonly paymentMethod: number;
  readonly currency: number;
  readonly discounted: boolean;
  readonly lines: readonly OrderLine[];
  readonly subtotal: number;
  readonly tax: number;
  readonly shipping: number;
  readonly discount: number;
  readonly total: number;
}

export interface OrderLine {
  readonly offer: Offer;
  readonly quantity: number;
}

/** A product at the price of a month, with or without the discount; its text on the wire is made once. */
export interface Offer {
  readonly product: number;
  readonly unitPrice: number;
  readonly discount: number;
  readonly cost: number;
  /** What stands before and after the quantity. */
  readonly head: string;
  readonly tail: string;
}

interface MonthlyOffers {
  readonly full: (Offer | undefined)[];
  readonly reduced: (Offer | undefined)[];
}

/** Whose offers are held: late events and corrections reach no further than into the month beside. */
const MOST_MONTHS = 2;
const MOST_LINES = 10;
const MOST_OF_ONE = 10;
/** Out of a hundred. */
const DISCOUNTED = 60;
const STATUSES = [1, 2, 3, 4, 5];
const STATUS_SHARES = [6, 8, 12, 4, 70];
/** As silver's dimension has them. */
export const PAYMENT_METHODS = [
  { id: 1, name: 'credit card', share: 55 },
  { id: 2, name: 'paypal', share: 35 },
  { id: 3, name: 'cash', share: 10 },
];
const CURRENCIES = [1, 2];
const CURRENCY_SHARES = [92, 8];
const RETURNED = 4;

/** Draws orders and corrections of orders from a catalogue. */
export class OrderBook {
  readonly #catalogue: Catalogue;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #customers: Clientele;
  readonly #products: WeightedChoice;
  readonly #statuses = new WeightedChoice(STATUS_SHARES);
  readonly #payments = new WeightedChoice(PAYMENT_METHODS.map(({ share }) => share));
  readonly #currencies = new WeightedChoice(CURRENCY_SHARES);
  /** By month, then by product: at the full price and with the discount. */
  readonly #offers = new Map<number, MonthlyOffers>();

  constructor(catalogue: Catalogue, timeline: Timeline, random: Random) {
    this.#catalogue = catalogue;
    this.#timeline = timeline;
    this.#random = random;
    this.#customers = new Clientele(catalogue.customers.length);
    this.#products = new WeightedChoice(skewed(catalogue.products.length));
  }

  /** A new purchase at a time. */
  purchase(second: number, transaction: number): Order {
    const random = this.#random;
    const discounted = random.below(100) < DISCOUNTED;
    return this.#order({
      transaction,
      version: 0,
      corrects: undefined,
      id: `txn_${random.uuid()}_${compactTime(second)}`,
      second,
      customer: this.#customers.draw(random),
      status: STATUSES[this.#statuses.draw(random)] ?? 5,
      paymentMethod: PAYMENT_METHODS[this.#payments.draw(random)]?.id ?? 1,
      currency: CURRENCIES[this.#currencies.draw(random)] ?? 1,
      discounted,
      lines: this.#basket(second, discounted),
    });
  }

  /** The same transaction as it is known at a later time: another status, and other lines or quantities. */
  correction(order: Order, second: number): Order {
    const random = this.#random;
    const returned = random.below(4) === 0;
    const { discounted } = order;
    const kept =
      random.below(2) === 0
        ? this.#basket(second, discounted)
        : order.lines.map(({ offer, quantity }) => ({
            // Prices are those of the time that the event speaks of.
            offer: this.#offer(offer.product, second, discounted),
            quantity: (quantity % MOST_OF_ONE) + 1,
          }));
    return this.#order({
      ...order,
      version: order.version + 1,
      corrects: order,
      second,
      status: returned ? RETURNED : 5,
      lines: kept,
    });
  }

  #order(
    order: Omit<Order, 'type' | 'city' | 'subtotal' | 'tax' | 'shipping' | 'discount' | 'total'>,
  ): Order {
    const { customer, second, lines } = order;
    const { type, city } = customerAt(this.#catalogue, customer, second, this.#timeline);
    const subtotal = lines.reduce(
      (sum, { offer, quantity }) => sum + offer.unitPrice * quantity,
      0,
    );
    const tax = tenth(subtotal);
    const shipping = fiftieth(subtotal);
    const discount = order.discounted ? tax : 0;
    const total = subtotal + tax + shipping - discount;
    return { ...order, type, city, subtotal, tax, shipping, discount, total };
  }

  /** One to ten lines; the same product may stand on several. */
  #basket(second: number, discounted: boolean): OrderLine[] {
    const random = this.#random;
    const lines: OrderLine[] = [];
    for (let left = random.between(1, MOST_LINES); left > 0; left -= 1) {
      lines.push({
        offer: this.#offer(this.#products.draw(random), second, discounted),
        quantity: random.between(1, MOST_OF_ONE),
      });
    }
    return lines;
  }

  #offer(product: number, second: number, discounted: boolean): Offer {
    const month = monthOf(second);
    let offers = this.#offers.get(month);
    if (offers === undefined) {
      const { length } = this.#catalogue.products;
      // As long as they will be: an array that is filled from anywhere would become a slow dictionary.
      offers = { full: new Array<undefined>(length), reduced: new Array<undefined>(length) };
      this.#offers.set(month, offers);
      for (const old of this.#offers.keys()) {
        if (this.#offers.size > MOST_MONTHS) {
          this.#offers.delete(old);
        }
      }
    }
    const list = discounted ? offers.reduced : offers.full;
    return (list[product] ??= this.#makeOffer(product, month, discounted));
  }

  #makeOffer(index: number, month: number, discounted: boolean): Offer {
    const product = this.#catalogue.products[index];
    if (product === undefined) {
      throw new RangeError(`no product ${String(index)}`);
    }
    const unitPrice = priceIn(product, index, month);
    const discount = discounted ? tenth(unitPrice) : 0;
    return {
      product: index,
      unitPrice,
      discount,
      cost: product.cost,
      head: flat(
        `{"id": "${product.id}", "category": "${product.category}", "unit_price": ${amountText(unitPrice)}, "quantity": `,
      ),
      tail: flat(`, "discount": ${amountText(discount)}, "cost": ${amountText(product.cost)}}`),
    };
  }
}

/** 10 % of whole cents, half a cent rounded up. */
function tenth(cents: number): number {
  return Math.floor((cents + 5) / 10);
}

/** 2 % of whole cents, half a cent rounded up. */
function fiftieth(cents: number): number {
  return Math.floor((cents + 25) / 50);
}

/** The same text in one piece. V8 keeps joined text as a tree of its parts and would walk it in every event. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
