import type { Catalogue } from './catalogue.ts';
import type { Malformation } from './malformed.ts';
import type { Order } from './order.ts';
import { amountText, isoTime } from './text.ts';

/** What writes orders of one catalogue as the values of events. */
export interface Wire {
  encode(order: Order): Buffer;
  /** The event spoiled; nothing where only good events can be written. */
  spoil?(order: Order, malformation: Malformation): Buffer;
}

/**
 * Writes orders as JSON, behind a header. Text is put together by hand from parts made once: JSON.stringify of an event
 * takes several times as long.
 */
export class JsonWire implements Wire {
  readonly #header: Buffer | undefined;
  readonly #customers: Catalogue['customers'];
  readonly #places: readonly string[];

  constructor({ customers, cities }: Catalogue, header?: Buffer) {
    this.#header = header;
    this.#customers = customers;
    this.#places = cities.map(
      ({ country, name }) => `", "country": "${country}", "city": ${JSON.stringify(name)}}`,
    );
  }

  encode(order: Order): Buffer {
    return this.#framed(Buffer.from(this.#text(order)));
  }

  spoil(order: Order, malformation: Malformation): Buffer {
    return this.#framed(malformation.spoil(this.#text(order)));
  }

  #framed(json: Buffer): Buffer {
    return this.#header === undefined ? json : Buffer.concat([this.#header, json]);
  }

  /** The event of an order: one line of JSON without its line end. */
  #text(order: Order): string {
    let items = '';
    for (const { offer, quantity } of order.lines) {
      items += `${items === '' ? '' : ', '}${offer.head}${String(quantity)}${offer.tail}`;
    }
    return (
      `{"data": {"transaction_details": {"transaction_id": "${order.id}", "event_type": "purchase", ` +
      `"event_version": "1.0", "event_timestamp": "${isoTime(order.second)}", ` +
      `"customer": {"id": "${this.#customers[order.customer]?.id ?? ''}", ` +
      `"type": "${order.type}${this.#places[order.city] ?? ''}, ` +
      `"order": {"status": ${String(order.status)}, "payment_method": ${String(order.paymentMethod)}, ` +
      `"currency": ${String(order.currency)}, "subtotal": ${amountText(order.subtotal)}, ` +
      `"tax_amount": ${amountText(order.tax)}, "shipping_amount": ${amountText(order.shipping)}, ` +
      `"discount_amount": ${amountText(order.discount)}, "total_amount": ${amountText(order.total)}}, ` +
      `"items": [${items}]}, "processed_status": "to_process"}}`
    );
  }
}
