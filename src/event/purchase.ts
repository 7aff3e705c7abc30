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
  readonly customer: CustomerDetails;
  readonly order: OrderDetails;
  readonly items: readonly ItemDetails[];
}

export interface CustomerDetails {
  readonly id: string;
  readonly type?: string | null;
  readonly country?: string | null;
  readonly city?: string | null;
}

export interface OrderDetails {
  /** A row of ORDER_STATUSES. */
  readonly status: number;
  /** A row of PAYMENT_METHODS. */
  readonly payment_method: number;
  /** A row of CURRENCIES. */
  readonly currency: number;
  readonly subtotal: WireAmount;
  readonly tax_amount: WireAmount;
  readonly shipping_amount: WireAmount;
  readonly discount_amount: WireAmount;
  readonly total_amount: WireAmount;
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

/** One row of a small dimension that events point to by number. */
export interface Reference {
  readonly id: number;
  readonly name: string;
}

export const ORDER_STATUSES: readonly Reference[] = [
  { id: 1, name: 'placed' },
  { id: 2, name: 'to_ship' },
  { id: 3, name: 'shipped' },
  { id: 4, name: 'returned' },
  { id: 5, name: 'completed' },
];

export const PAYMENT_METHODS: readonly Reference[] = [
  { id: 1, name: 'credit card' },
  { id: 2, name: 'paypal' },
  { id: 3, name: 'cash' },
];

export const CURRENCIES: readonly Reference[] = [
  { id: 1, name: 'EUR' },
  { id: 2, name: 'US-DOLLAR' },
];
