import type { ReferenceRow } from '../../src/event/references.ts';

/**
 * The purchase event as producers put it on the wire, and the reference data its numbers point to.
 * Terminology: an *event* is one message of the log; a *transaction* is what events with one transaction_id speak of,
 * the latest of them being its truth; an *order line* is one element of `items`.
 */
export interface PurchaseEvent {
  readonly data: {
    readonly transaction_details: TransactionDetails;
    readonly processed_status: string;
  };
}

export interface TransactionDetails {
  /** `txn_<uuid>_<yyyymmddHHMMSS>`, but any text of at most 200 characters is taken. */
  readonly transaction_id: string;
  readonly event_type: string;
  readonly event_version: string;
  /** ISO 8601; UTC when it names no zone. */
  readonly event_timestamp: string;
  /** When the order was made, in the same forms; the event's time when it is missing. */
  readonly ordered_at?: string | null;
  /** Of a refund: the transaction id of the order that it takes back. */
  readonly refunds?: string | null;
  readonly customer: CustomerDetails;
  readonly order: OrderDetails;
  readonly items: readonly ItemDetails[];
}

export interface CustomerDetails {
  /** Nobody's customer: the order counts, and no id is needed. */
  readonly guest?: boolean | null;
  readonly id?: string | null;
  readonly type?: string | null;
  readonly country?: string | null;
  readonly city?: string | null;
}

export interface OrderDetails {
  /** A row of ORDER_STATUSES, by its id or name. */
  readonly status: number | string;
  /** A row of PAYMENT_METHODS, by its id or name. */
  readonly payment_method: number | string;
  /** A row of CURRENCIES, by its id, name or code. */
  readonly currency: number | string;
  readonly subtotal: WireAmount;
  readonly tax_amount: WireAmount;
  readonly shipping_amount: WireAmount;
  readonly discount_amount: WireAmount;
  readonly total_amount: WireAmount;
  /** Whether the prices have the tax inside, so that it adds nothing to the total. */
  readonly tax_included?: boolean | null;
  /** What one unit of the currency is worth in the currency of the reports. */
  readonly exchange_rate?: WireAmount | null;
}

export interface ItemDetails {
  readonly id: string;
  readonly category: string;
  readonly unit_price: WireAmount;
  readonly quantity: number | string;
  /** Per unit. */
  readonly discount?: WireAmount | null;
  /** Per unit. */
  readonly cost?: WireAmount | null;
}

/** Decimal text, as a JSON number or a string. To be read digit by digit, never through a binary double. */
export type WireAmount = number | string;

export const ORDER_STATUSES: readonly ReferenceRow[] = [
  { id: 1, name: 'placed' },
  { id: 2, name: 'to_ship' },
  { id: 3, name: 'shipped' },
  { id: 4, name: 'returned' },
  { id: 5, name: 'completed' },
  { id: 6, name: 'cancelled' },
];

export const PAYMENT_METHODS: readonly ReferenceRow[] = [
  { id: 1, name: 'credit card' },
  { id: 2, name: 'paypal' },
  { id: 3, name: 'cash' },
];

export const CURRENCIES: readonly ReferenceRow[] = [
  { id: 1, name: 'EUR', code: 'EUR' },
  { id: 2, name: 'US-DOLLAR', code: 'USD' },
];
