import type { Column } from './engine.ts';

/** What the source step leaves for the models of silver. */

const text = (name: string): Column => ({ name, type: 'varchar' });
const integer = (name: string): Column => ({ name, type: 'integer' });
const amount = (name: string): Column => ({ name, type: 'decimal(18,2)' });
const unitAmount = (name: string): Column => ({ name, type: 'decimal(18,4)' });

const COORDINATES: readonly Column[] = [
  text('topic'),
  integer('partition'),
  { name: 'offset', type: 'bigint' },
  { name: 'produced_at', type: 'timestamptz' },
];

/** The columns of source.events. */
export const EVENT: readonly Column[] = [
  integer('event_no'),
  ...COORDINATES,
  ...['transaction_id', 'event_type', 'event_version'].map(text),
  { name: 'event_timestamp', type: 'timestamptz' },
  { name: 'ordered_at', type: 'timestamptz' },
  text('refunds'),
  ...['customer_id', 'customer_type', 'customer_country', 'customer_city'].map(text),
  ...['order_status_id', 'order_payment_method_id', 'order_currency_id'].map(integer),
  ...['order_subtotal', 'order_tax_amount', 'order_shipping_amount'].map(amount),
  ...['order_discount_amount', 'order_total_amount'].map(amount),
  { name: 'order_tax_included', type: 'boolean' },
  { name: 'order_exchange_rate', type: 'decimal(20,10)' },
  text('extra'),
  { name: 'date_key', type: 'date' },
  { name: 'ordered_hour', type: 'smallint' },
];

/** The columns of source.items. */
export const ITEM: readonly Column[] = [
  ...['event_no', 'line_number'].map(integer),
  ...['item_id', 'category'].map(text),
  ...[unitAmount('unit_price'), { name: 'quantity', type: 'decimal(12,3)' }],
  ...[unitAmount('discount'), unitAmount('cost')],
];

export const SOURCE_RELATIONS: Readonly<Record<string, readonly Column[]>> = {
  'source.run': [
    { name: 'run_id', type: 'bigint' },
    { name: 'first_key', type: 'bigint' },
    integer('reporting_currency_id'),
  ],
  'source.exchange_rates': [
    integer('currency_id'),
    { name: 'valid_from', type: 'date' },
    { name: 'rate', type: 'decimal(17,10)' },
  ],
  'source.events': EVENT,
  'source.transactions': EVENT,
  'source.items': ITEM,
  'source.dedup_results': [
    ...COORDINATES,
    text('transaction_id'),
    { name: 'event_timestamp', type: 'timestamptz' },
    { name: 'date_key', type: 'date' },
    ...['content_hash', 'outcome'].map(text),
  ],
};
