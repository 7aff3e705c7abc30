import { describe, expect, test } from 'vitest';
import { dimensionOf } from '../../src/event/references.ts';
import { Eraser, NotErasable } from '../../src/source/erase.ts';
import { readSource } from '../../src/source/read.ts';
import { purchase } from '../support/orders.ts';

const NEW = 'forgotten_1';
const one = dimensionOf([{ id: 1, name: 'placed', code: 'EUR' }]);
const REFERENCES = { statuses: one, paymentMethods: one, currencies: one };
const eraser = (id: string, orders: string[] = []): Eraser =>
  new Eraser(id, NEW, REFERENCES, new Set(orders));
const at = '2026-01-03T10:00:00Z';

describe('a rejected record without a customer that can be read', () => {
  const erases = (id: string, text: string): boolean =>
    eraser(id).erase(undefined, text) !== undefined;

  test('is of a customer whose id it holds as a word', () => {
    expect(erases('cust_19', '{"who":"cust_19"')).toBe(true);
    expect(erases('cust_19', '{"note":"call cust_19, please"}')).toBe(true);
    expect(erases('cust_19', '{"who":"cust_190"}')).toBe(false);
    expect(erases('cust_19', '{"who":"Cust_19"}')).toBe(false);
    expect(erases('207119551', '{"id":207119551}')).toBe(true);
    expect(erases('a.b', '{"who":"axb"}')).toBe(false);
  });

  test('is not of a customer whose id is a quantity in it', () => {
    for (const text of ['{"quantity":25}', '{"price":"25"}', '{"quantity":25']) {
      expect(erases('25', text), text).toBe(false);
    }
    for (const text of [
      '{"customer_id":25}',
      '{"customer_id":"25"',
      '{"buyer": {"id": 25, "name": "Ada"}}',
      '{"userId":25}',
    ]) {
      expect(erases('25', text), text).toBe(true);
    }
    expect(erases('25', '{"customer_id":250}')).toBe(false);
  });
});

describe('a record', () => {
  const guest = { id: '', guest: true };

  test('of the same order that names no customer is of the customer, that of another one is not', () => {
    const erase = (event: string) => eraser('c1', ['t1']).erase(undefined, event);
    expect(erase(purchase({ id: 't1', at, customer: guest }))).toBeDefined();
    expect(erase(purchase({ id: 't2', at, customer: guest }))).toBeUndefined();
    expect(erase(purchase({ id: 't1', at, customer: { id: 'c2' } }))).toBeUndefined();
    const refund = { type: 'refund', details: { refunds: 't1' } };
    expect(erase(purchase({ id: 'r1', at, customer: guest, ...refund }))).toBeDefined();
  });

  test('says which order it is of, where it names the customer', () => {
    expect(
      eraser('c1').erase(undefined, purchase({ id: 't1', at, customer: { id: 'c1' } })),
    ).toMatchObject({ order: 't1' });
    expect(
      eraser('c1', ['t1']).erase(undefined, purchase({ id: 't1', at, customer: guest })),
    ).toMatchObject({ order: undefined });
  });

  test('keeps numbers as they were written', () => {
    const event = purchase({ id: 't1', at, customer: { id: 'c1' } }).replace(
      '"total_amount":11.2',
      '"total_amount":11.20000000000000000001e0',
    );
    expect(eraser('c1').erase(undefined, event)?.value).toContain('11.20000000000000000001e0');
  });

  test('whose customer id is another field of the event, too, cannot be erased', () => {
    const source = readSource(
      `version: 1
order:
  id: who
  version_at: at
  customer: { id: who }
  status: { value: placed }
  payment_method: { value: placed }
  currency: { value: EUR }
  subtotal: computed
  tax: { value: 0 }
  shipping: { value: 0 }
  discount: { value: 0 }
  total: computed
items: { from: lines, id: sku, category: { value: x }, unit_price: price, quantity: n }
`,
      'sources/shop.yaml',
      [],
    );
    const record = { who: 'c1', at, lines: [{ sku: 'A', price: '1.00', n: 1 }] };
    expect(() => eraser('c1').erase(source, JSON.stringify(record))).toThrow(NotErasable);
  });
});
