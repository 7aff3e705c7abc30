import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  CURRENCIES,
  ORDER_STATUSES,
  PAYMENT_METHODS,
  type PurchaseEvent,
} from '../support/purchase.ts';
import type { GeneratedEvent } from '../../src/generate/events.ts';
import { EVERY_FAULT, eventsOf, PERIOD } from './shop-stream.ts';

/** Sent by an existing producer. */
const SAMPLE = new URL('../../fixtures/producer-2k.ndjson.gz', import.meta.url);
const AMOUNT = String.raw`\d+\.(\d|\d[1-9])`;
const ITEM = String.raw`\{"id": "prod_\d+", "category": "[a-z]+", "unit_price": ${AMOUNT}, "quantity": \d+, "discount": ${AMOUNT}, "cost": ${AMOUNT}\}`;
/** What samples of existing producers look like, to the space. */
const EVENT = new RegExp(
  [
    String.raw`^\{"data": \{"transaction_details": \{"transaction_id": `,
    String.raw`"txn_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_\d{14}", `,
    String.raw`"event_type": "purchase", "event_version": "1\.0", `,
    String.raw`"event_timestamp": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", `,
    String.raw`"customer": \{"id": "cust_\d+", "type": "[a-z]+", "country": "[A-Z]{2}", "city": "[^"]+"\}, `,
    String.raw`"order": \{"status": [1-5], "payment_method": [1-3], "currency": [12], `,
    `"subtotal": ${AMOUNT}, "tax_amount": ${AMOUNT}, "shipping_amount": ${AMOUNT}, `,
    String.raw`"discount_amount": ${AMOUNT}, "total_amount": ${AMOUNT}\}, `,
    String.raw`"items": \[${ITEM}(, ${ITEM})*\]\}, "processed_status": "to_process"\}\}$`,
  ].join(''),
);

function detailsOf(event: GeneratedEvent): PurchaseEvent['data']['transaction_details'] {
  return (JSON.parse(event.value.toString()) as PurchaseEvent).data.transaction_details;
}

/** Cents of an amount on the wire. A double of two decimals is never as far off as half a cent. */
function cents(amount: number | string | null | undefined): number {
  return Math.round(Number(amount) * 100);
}

/** Cents and tenths of a cent to cents, half a cent away from zero. */
function rounded(tenths: number): number {
  return Math.trunc((tenths + 5) / 10);
}

function digest(events: readonly GeneratedEvent[]): string {
  const hash = createHash('sha256');
  for (const { key, value } of events) {
    hash.update(key).update(value).update('\n');
  }
  return hash.digest('hex');
}

function sound(events: readonly GeneratedEvent[]): GeneratedEvent[] {
  return events.filter(({ kind }) => kind !== 'malformed');
}

describe('the stream of a seed', () => {
  it('is the same, byte for byte, every time', () => {
    expect(digest(eventsOf(3000, EVERY_FAULT))).toBe(digest(eventsOf(3000, EVERY_FAULT)));
  });

  it('is another one for another seed', () => {
    const [one, other] = [eventsOf(1000), eventsOf(1000, undefined, 8)];
    expect(digest(one)).not.toBe(digest(other));
    const ids = new Set(one.map((event) => detailsOf(event).transaction_id));
    expect(other.filter((event) => ids.has(detailsOf(event).transaction_id))).toEqual([]);
  });

  it('holds as many events as were asked for, faults included', () => {
    for (const count of [1, 2, 3, 10, 777]) {
      expect(eventsOf(count, EVERY_FAULT)).toHaveLength(count);
    }
  });

  it('holds corrections only when they are all that is asked for, and something to correct', () => {
    const kinds = eventsOf(500, { late: 0, duplicates: 0, malformed: 0, corrections: 1 }).map(
      ({ kind }) => kind,
    );
    expect(kinds).toContain('purchase');
    expect(kinds).toContain('correction');
  });
});

describe('an event', () => {
  const events = eventsOf(2000);

  it('is one line of JSON in the shape that existing producers send', async () => {
    const sample = gunzipSync(await readFile(SAMPLE))
      .toString()
      .trimEnd()
      .split('\n');
    expect(sample.filter((line) => !EVENT.test(line))).toEqual([]);
    for (const { value } of events) {
      const text = value.toString();
      expect(text).not.toMatch(/[\r\n]/);
      expect(text).toMatch(EVENT);
    }
  });

  it('adds up: subtotal, 10 % tax, 2 % shipping, 10 % discount or none, total', () => {
    for (const event of events) {
      const { order, items } = detailsOf(event);
      const subtotal = items.reduce(
        (sum, item) => sum + cents(item.unit_price) * Number(item.quantity),
        0,
      );
      expect(cents(order.subtotal)).toBe(subtotal);
      expect(cents(order.tax_amount)).toBe(rounded(subtotal));
      expect(cents(order.shipping_amount)).toBe(rounded(subtotal / 5));
      expect([0, rounded(subtotal)]).toContain(cents(order.discount_amount));
      expect(cents(order.total_amount)).toBe(
        subtotal +
          cents(order.tax_amount) +
          cents(order.shipping_amount) -
          cents(order.discount_amount),
      );
    }
  });

  it('has one to ten lines, some with the same product twice, and references that exist', () => {
    const lengths = new Set<number>();
    let repeated = 0;
    const known = [ORDER_STATUSES, PAYMENT_METHODS, CURRENCIES].map((rows) =>
      rows.map(({ id }) => id),
    );
    for (const event of events) {
      const { order, items } = detailsOf(event);
      lengths.add(items.length);
      repeated += new Set(items.map(({ id }) => id)).size < items.length ? 1 : 0;
      expect(known[0]).toContain(order.status);
      expect(known[1]).toContain(order.payment_method);
      expect(known[2]).toContain(order.currency);
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(repeated).toBeGreaterThan(100);
  });

  it('is about 1.1 KB on average', () => {
    const bytes = events.reduce((sum, { value }) => sum + value.length, 0) / events.length;
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(1250);
  });

  it('has its customer as key, and some come from cities beyond ASCII', () => {
    expect(events.every((event) => event.key === detailsOf(event).customer.id)).toBe(true);
    expect(events.some((event) => /[^ -~]/.test(detailsOf(event).customer.city ?? ''))).toBe(true);
  });

  it('comes in order of time, within the period', () => {
    const times = events.map((event) => detailsOf(event).event_timestamp);
    expect(times).toEqual([...times].sort());
    expect(times[0]?.slice(0, 10)).toBe(PERIOD.since);
    expect(times.at(-1)?.slice(0, 10)).toBe(PERIOD.until);
  });

  it('prefers a few customers and products, without leaving the others out', () => {
    const orders = new Map<string, number>();
    for (const { key } of events) {
      orders.set(key, (orders.get(key) ?? 0) + 1);
    }
    const counts = [...orders.values()].sort((a, b) => b - a);
    expect(counts).toHaveLength(40);
    expect(counts[0]).toBeGreaterThan(3 * (counts.at(-1) ?? 0));
  });
});

describe('faults', () => {
  const events = eventsOf(20_000, EVERY_FAULT);

  it('come in the shares asked for', () => {
    const share = (kind: string): number =>
      events.filter((event) => event.kind === kind).length / events.length;
    // Five standard deviations of a share of 7 % of 20,000 are less than one percent.
    expect(Math.abs(share('late') - EVERY_FAULT.late)).toBeLessThan(0.01);
    expect(Math.abs(share('duplicate') - EVERY_FAULT.duplicates)).toBeLessThan(0.01);
    expect(Math.abs(share('malformed') - EVERY_FAULT.malformed)).toBeLessThan(0.01);
    expect(Math.abs(share('correction') - EVERY_FAULT.corrections)).toBeLessThan(0.01);
  });

  it('are none where none is asked for', () => {
    expect(new Set(eventsOf(2000).map(({ kind }) => kind))).toEqual(new Set(['purchase']));
  });

  it('a late event is a day or more older than the one before it, once there is room for that', () => {
    let newest = '';
    let late = 0;
    for (const event of sound(events)) {
      const time = detailsOf(event).event_timestamp;
      if (event.kind === 'late' && newest > '2026-01-17') {
        late += 1;
        const days = (Date.parse(`${newest}Z`) - Date.parse(`${time}Z`)) / 86_400_000;
        expect(days).toBeGreaterThan(0.9);
        expect(days).toBeLessThan(11);
      } else if (event.kind === 'purchase' && time > newest) {
        newest = time;
      }
    }
    expect(late).toBeGreaterThan(800);
  });

  it('a duplicate has the bytes and the key of an event before it', () => {
    const seen = new Set<string>();
    for (const event of sound(events)) {
      const content = `${event.key} ${event.value.toString('latin1')}`;
      expect(seen.has(content)).toBe(event.kind === 'duplicate');
      seen.add(content);
    }
  });

  it('a correction has its transaction, its key and a time of its own, and other content', () => {
    const byId = new Map<string, GeneratedEvent[]>();
    for (const event of sound(events).filter(({ kind }) => kind !== 'duplicate')) {
      const id = detailsOf(event).transaction_id;
      byId.set(id, [...(byId.get(id) ?? []), event]);
    }
    let corrected = 0;
    let turnedRound = 0;
    let moved = 0;
    for (const versions of byId.values()) {
      const times = versions.map((event) => detailsOf(event).event_timestamp);
      // No two versions of a transaction share a time: what wins never depends on the log.
      expect(new Set(times).size).toBe(times.length);
      expect(new Set(versions.map(({ key }) => key)).size).toBe(1);
      expect(versions.filter(({ kind }) => kind === 'correction')).toHaveLength(times.length - 1);
      corrected += times.length > 1 ? 1 : 0;
      turnedRound += times.join() === [...times].sort().join() ? 0 : 1;
      moved += new Set(times.map((time) => time.slice(0, 10))).size > 1 ? 1 : 0;
    }
    expect(corrected).toBeGreaterThan(1000);
    expect(turnedRound).toBeGreaterThan(300);
    expect(moved).toBeGreaterThan(300);
  });

  it('no event of one moment contradicts another about a customer or a product', () => {
    const facts = new Map<string, string>();
    for (const event of sound(events)) {
      const { event_timestamp: time, customer, items } = detailsOf(event);
      for (const [key, fact] of [
        [customer.id, `${customer.type ?? ''} ${customer.city ?? ''}`] as const,
        ...items.map(
          (item) => [item.id, `${String(item.unit_price)} ${String(item.cost)}`] as const,
        ),
      ]) {
        expect(facts.get(`${time} ${key}`) ?? fact).toBe(fact);
        facts.set(`${time} ${key}`, fact);
      }
    }
  });
});
