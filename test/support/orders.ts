/** One line of an order; amounts as they stand on the wire. */
export interface Line {
  readonly id?: string;
  readonly category?: string;
  readonly unit_price?: number | string;
  readonly quantity?: number | string;
  readonly discount?: number | string;
  readonly cost?: number | string;
}

export interface Order {
  readonly id: string;
  readonly at: string;
  readonly customer?: {
    readonly id?: string;
    readonly guest?: boolean;
    readonly type?: string | null;
    readonly country?: string | null;
    readonly city?: string | null;
  };
  readonly order?: Readonly<Record<string, unknown>>;
  readonly items?: readonly Line[];
  readonly type?: string;
  readonly version?: string;
  /** Further members of transaction_details. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A purchase event as text: the order given, and what a producer would send for the rest. */
export function purchase({
  id,
  at,
  customer,
  order,
  items = [{}],
  type = 'purchase',
  version = '1.0',
  details,
}: Order): string {
  return JSON.stringify({
    data: {
      transaction_details: {
        transaction_id: id,
        event_type: type,
        event_version: version,
        event_timestamp: at,
        ...details,
        customer: { id: 'cust_1', type: 'new', country: 'DE', city: 'Berlin', ...customer },
        order: {
          status: 1,
          payment_method: 1,
          currency: 1,
          subtotal: 10,
          tax_amount: 1,
          shipping_amount: 0.2,
          discount_amount: 0,
          total_amount: 11.2,
          ...order,
        },
        items: items.map((line) => ({
          id: 'prod_1',
          category: 'books',
          unit_price: 10,
          quantity: 1,
          discount: 0,
          cost: 4,
          ...line,
        })),
      },
      processed_status: 'to_process',
    },
  });
}
