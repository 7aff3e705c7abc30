import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

type Members = Readonly<Record<string, unknown>>;

/** An event of the contract, as `generate` writes it. */
interface Event {
  readonly data: {
    readonly transaction_details: {
      readonly transaction_id: string;
      readonly event_timestamp: string;
      readonly customer: { readonly id: string; readonly country: string; readonly city: string };
      readonly order: Readonly<Record<string, number>>;
      readonly items: readonly Readonly<{
        id: string;
        category: string;
        unit_price: number;
        quantity: number;
        discount: number;
      }>[];
    };
  };
}

/** A webhook's order with one line, all fields that Shopify sends; amounts and addresses are filled in. */
const ORDER = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'shopify-order.json'), 'utf8'),
) as Members & {
  readonly customer: Members;
  readonly line_items: readonly [Members];
  readonly shipping_address: Members;
};

/** What a program that passes on what matters sends of an order. */
const SHORT = [
  ...['id', 'name', 'number', 'email', 'note', 'tags', 'test', 'source_name', 'customer_locale'],
  ...['created_at', 'updated_at', 'processed_at', 'cancelled_at', 'cancel_reason', 'confirmed'],
  ...['currency', 'presentment_currency', 'financial_status', 'fulfillment_status', 'refunds'],
  ...['payment_gateway_names', 'subtotal_price', 'total_discounts', 'total_line_items_price'],
  ...['total_price', 'total_tax', 'taxes_included', 'customer', 'shipping_address'],
  ...['first_name', 'last_name', 'address1', 'zip', 'city', 'country', 'country_code', 'phone'],
  ...['line_items', 'sku', 'product_id', 'title', 'product_type', 'price', 'quantity', 'grams'],
  ...['discount_allocations', 'amount', 'shipping_lines', 'code'],
];

const PAYMENTS = ['', 'stripe', 'paypal', 'cash'];

/**
 * Writes the events of a file as orders of Shopify, each a line: whole as a webhook has them (13 KB), or short (3 KB).
 * @returns how many bytes that is
 */
export async function writeShopifyOrders(
  events: string,
  file: string,
  isWhole: boolean,
): Promise<number> {
  const output = createWriteStream(file);
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(events) })) {
    number += 1;
    const order = orderOf(JSON.parse(line) as Event, number);
    const text = JSON.stringify(order, isWhole ? undefined : SHORT);
    if (!output.write(`${text}\n`)) {
      await once(output, 'drain');
    }
  }
  output.end();
  await once(output, 'finish');
  return output.bytesWritten;
}

function orderOf({ data: { transaction_details: details } }: Event, number: number): object {
  const { customer, order, items } = details;
  const currency = order['currency'] === 1 ? 'EUR' : 'USD';
  const at = `${details.event_timestamp}+00:00`;
  const fill = (part: Members, amounts: Readonly<Record<string, number>>): Members =>
    withAmounts(part, amounts, currency);
  const {
    subtotal = 0,
    tax_amount: tax = 0,
    shipping_amount: shipping = 0,
    discount_amount: discount = 0,
    total_amount: total = 0,
  } = order;
  const address = {
    ...ORDER.shipping_address,
    ...{ city: customer.city, country: customer.country, country_code: customer.country },
  };
  return {
    ...fill(ORDER, {
      ...{ subtotal_price: subtotal - discount, current_subtotal_price: subtotal - discount },
      ...{ total_discounts: discount, current_total_discounts: discount },
      ...{ total_price: total, current_total_price: total, total_line_items_price: subtotal },
      ...{ total_tax: tax, current_total_tax: tax, total_shipping_price: shipping },
    }),
    ...{ id: details.transaction_id, number, order_number: 1000 + number },
    ...{ created_at: at, processed_at: at, updated_at: at },
    ...{ currency, presentment_currency: currency },
    payment_gateway_names: [PAYMENTS[order['payment_method'] ?? 0]],
    customer: { ...ORDER.customer, id: customer.id, currency, default_address: address },
    ...{ billing_address: address, shipping_address: address },
    tax_lines: each(ORDER['tax_lines'], (line) => fill(line, { price: tax })),
    shipping_lines: each(ORDER['shipping_lines'], (line) =>
      fill(line, { price: shipping, discounted_price: shipping }),
    ),
    line_items: items.map(({ id, category, unit_price: price, quantity, discount: off }, index) => {
      const [line] = ORDER.line_items;
      return {
        ...fill(line, { price, total_discount: 0 }),
        ...{ id: number * 100 + index, sku: id, product_type: category, quantity },
        tax_lines: each(line['tax_lines'], (part) => fill(part, { price: price * 0.1 })),
        discount_allocations: each(line['discount_allocations'], (part) =>
          fill(part, { amount: off * quantity }),
        ),
      };
    }),
  };
}

function each(list: unknown, change: (part: Members) => Members): Members[] {
  return (list as readonly Members[]).map(change);
}

/** Fills amounts in, and beside each what it is for shop and customer, where the part has that. */
function withAmounts(
  part: Members,
  amounts: Readonly<Record<string, number>>,
  currency_code: string,
): Members {
  const filled: Record<string, unknown> = { ...part };
  for (const [name, value] of Object.entries(amounts)) {
    const money = { amount: value.toFixed(2), currency_code };
    if (name in part) {
      filled[name] = money.amount;
    }
    if (`${name}_set` in part) {
      filled[`${name}_set`] = { shop_money: money, presentment_money: money };
    }
  }
  return filled;
}
