import { CURRENCIES, ORDER_STATUSES, PAYMENT_METHODS } from './purchase.ts';
import { dimensionOf, type References } from '../../src/event/references.ts';

/** The rows that a new warehouse's dimensions have. */
export const REFERENCES: References = {
  statuses: dimensionOf(ORDER_STATUSES),
  paymentMethods: dimensionOf(PAYMENT_METHODS),
  currencies: dimensionOf(CURRENCIES),
};

export type Member = 'customer' | 'order' | 'item' | 'details';

/** The members of a good event as JSON text, so that a test can say exactly what is on the wire. */
export const GOOD: Record<Member, Record<string, string>> = {
  details: {
    transaction_id: '"txn_1"',
    event_type: '"purchase"',
    event_version: '"1.0"',
    event_timestamp: '"2026-01-03T22:12:43"',
  },
  customer: { id: '"cust_19"', type: '"returning"', country: '"DE"', city: '"Berlin"' },
  order: {
    status: '5',
    payment_method: '3',
    currency: '1',
    subtotal: '742.28',
    tax_amount: '74.23',
    shipping_amount: '14.85',
    discount_amount: '74.23',
    total_amount: '757.13',
  },
  item: {
    id: '"prod_17"',
    category: '"sports"',
    unit_price: '90.32',
    quantity: '4',
    discount: '9.03',
    cost: '27.09',
  },
};

export function objectOf(members: Record<string, string>): string {
  return `{${Object.entries(members)
    .map(([name, json]) => `"${name}":${json}`)
    .join()}}`;
}

function eventOf(details: Record<string, string>): string {
  return `{"data":{"transaction_details":${objectOf(details)}}}`;
}

export type Changes = Partial<Record<Member, Record<string, string | undefined>>>;

function changed(member: Member, changes: Changes): Record<string, string> {
  const members: Record<string, string> = {};
  for (const [name, json] of Object.entries({ ...GOOD[member], ...changes[member] })) {
    if (json !== undefined) {
      members[name] = json;
    }
  }
  return members;
}

/** The good event with some members set to other JSON text, or left out (undefined). */
export function event(changes: Changes = {}): string {
  const nested = {
    customer: objectOf(changed('customer', changes)),
    order: objectOf(changed('order', changes)),
    items: `[${objectOf(changed('item', changes))}]`,
  };
  const details = { ...GOOD.details, ...nested, ...changes.details };
  return eventOf(changed('details', { details }));
}
