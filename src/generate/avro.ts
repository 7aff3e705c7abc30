import type { Catalogue } from './catalogue.ts';
import type { Order } from './order.ts';
import type { Wire } from './wire.ts';

const AMOUNT = { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 };

type Fields = Readonly<Record<string, unknown>>;

function record(name: string, fields: Fields): object {
  const list = Object.entries(fields).map(([name, type]) => ({ name, type }));
  return { type: 'record', name, fields: list };
}

/** The contract's event, in the order in which `AvroWire` writes it. */
const TRANSACTION = record('Transaction', {
  ...{ transaction_id: 'string', event_type: 'string', event_version: 'string' },
  event_timestamp: { type: 'long', logicalType: 'timestamp-millis' },
  customer: record('Customer', {
    id: 'string',
    type: { type: 'enum', name: 'CustomerType', symbols: ['new', 'returning', 'vip'] },
    ...{ country: 'string', city: 'string' },
  }),
  order: record('Order', {
    ...{ status: 'int', payment_method: 'int', currency: 'int', subtotal: AMOUNT },
    ...{ tax_amount: AMOUNT, shipping_amount: AMOUNT, discount_amount: AMOUNT },
    total_amount: AMOUNT,
  }),
  items: {
    type: 'array',
    items: record('Item', {
      ...{ id: 'string', category: 'string', unit_price: AMOUNT, quantity: 'int' },
      ...{ discount: AMOUNT, cost: AMOUNT },
    }),
  },
});

/** The schema that the values of `AvroWire` are written by. */
export const AVRO_SCHEMA = JSON.stringify({
  ...record('Sale', {
    data: record('Data', { transaction_details: TRANSACTION, processed_status: 'string' }),
  }),
  namespace: 'medallion',
});

const CUSTOMER_TYPES = ['new', 'returning', 'vip'];
/** Room for an order of the generator, whose texts are short. */
const MOST_BYTES = 64 << 10;

/** Writes orders of one catalogue in Avro, behind a header. */
export class AvroWire implements Wire {
  readonly #catalogue: Catalogue;
  readonly #bytes = Buffer.alloc(MOST_BYTES);
  readonly #begin: number;
  #at = 0;

  constructor(catalogue: Catalogue, header: Buffer) {
    this.#catalogue = catalogue;
    this.#begin = header.copy(this.#bytes);
  }

  encode(order: Order): Buffer {
    const { customers, cities, products } = this.#catalogue;
    const city = cities[order.city];
    this.#at = this.#begin;
    this.#text(order.id);
    this.#text('purchase');
    this.#text('1.0');
    this.#long(order.second * 1000);
    this.#text(customers[order.customer]?.id ?? '');
    this.#long(CUSTOMER_TYPES.indexOf(order.type));
    this.#text(city?.country ?? '');
    this.#text(city?.name ?? '');
    this.#long(order.status);
    this.#long(order.paymentMethod);
    this.#long(order.currency);
    const { subtotal, tax, shipping, discount, total } = order;
    for (const cents of [subtotal, tax, shipping, discount, total]) {
      this.#decimal(cents);
    }
    this.#long(order.lines.length);
    for (const { offer, quantity } of order.lines) {
      const product = products[offer.product];
      this.#text(product?.id ?? '');
      this.#text(product?.category ?? '');
      this.#decimal(offer.unitPrice);
      this.#long(quantity);
      this.#decimal(offer.discount);
      this.#decimal(offer.cost);
    }
    // The list's end.
    this.#long(0);
    this.#text('to_process');
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #text(text: string): void {
    this.#long(Buffer.byteLength(text));
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** A whole number that is not negative. */
  #long(number: number): void {
    let zigzag = number * 2;
    while (zigzag >= 0x80) {
      this.#bytes[this.#at] = (zigzag % 0x80) | 0x80;
      this.#at += 1;
      zigzag = Math.floor(zigzag / 0x80);
    }
    this.#bytes[this.#at] = zigzag;
    this.#at += 1;
  }

  /** Cents in as few bytes of two's complement as hold them. */
  #decimal(cents: number): void {
    let size = 1;
    while (cents >= 2 ** (8 * size - 1)) {
      size += 1;
    }
    this.#long(size);
    this.#at = this.#bytes.writeIntBE(cents, this.#at, size);
  }
}
