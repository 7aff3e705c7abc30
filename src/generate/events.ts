import type { OutgoingRecord } from '../log/log.ts';
import type { Catalogue } from './catalogue.ts';
import { MALFORMATIONS, type Malformation } from './malformed.ts';
import { OrderBook, type Order } from './order.ts';
import { Random } from './random.ts';
import { SECONDS_OF_DAY, type Timeline } from './timeline.ts';
import { JsonWire, type Wire } from './wire.ts';

/** What became of an event on its way: nothing (`purchase`), or one of the things that go wrong in real logs. */
export const EVENT_KINDS = ['purchase', 'late', 'duplicate', 'correction', 'malformed'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** An event ready for the log, with what the generator knows about it. */
export type GeneratedEvent = OutgoingRecord &
  (
    | { readonly kind: Exclude<EventKind, 'malformed'>; readonly order: Order }
    | { readonly kind: 'malformed'; readonly malformation: Malformation }
  );

type SoundEvent = Extract<GeneratedEvent, { order: Order }>;

/** Shares of all events, from 0 to 1, together at most 1. */
export interface FaultShares {
  readonly late: number;
  readonly duplicates: number;
  readonly malformed: number;
  readonly corrections: number;
}

export interface EventOptions {
  readonly catalogue: Catalogue;
  readonly timeline: Timeline;
  readonly seed: number;
  /** Events in all, faults included; Infinity for a stream without end. */
  readonly count: number;
  readonly faults: FaultShares;
  /** How events are written; as JSON unless said otherwise. */
  readonly wire?: ((catalogue: Catalogue) => Wire) | undefined;
}

/** How many of the latest transactions may still be sent again or corrected. */
const RECENT = 500;
/** Seconds by which events come late: at least a day, where the period has room for it, and at most ten. */
const LATE_FROM = SECONDS_OF_DAY;
const LATE_TO = 10 * SECONDS_OF_DAY;
/** A transaction is corrected this often at most. */
const MOST_VERSIONS = 8;

/** A transaction that was sent not long ago, as it was last and before. */
interface RecentTransaction {
  readonly latest: SoundEvent;
  readonly earlier: SoundEvent | undefined;
}

/** The events of a seed, one by one, in the order in which they go to the log. */
export function* generateEvents(options: EventOptions): Generator<GeneratedEvent, void, undefined> {
  const { catalogue, timeline, count, faults } = options;
  const random = new Random(options.seed, 2);
  const orders = new OrderBook(catalogue, timeline, random);
  const wire: Wire = options.wire?.(catalogue) ?? new JsonWire(catalogue);
  const recent: RecentTransaction[] = [];
  /** Purchases whose correction went first. */
  const held: { readonly transaction: RecentTransaction; readonly due: number }[] = [];
  let transactions = 0;
  let malformed = 0;

  const sound = (kind: SoundEvent['kind'], order: Order): SoundEvent => ({
    kind,
    order,
    key: catalogue.customers[order.customer]?.id ?? '',
    value: wire.encode(order),
  });
  const remember = (transaction: RecentTransaction): void => {
    if (recent.length < RECENT) {
      recent.push(transaction);
    } else {
      recent[random.below(RECENT)] = transaction;
    }
  };
  const purchase = (kind: 'purchase' | 'late', second: number): SoundEvent => {
    const event = sound(kind, orders.purchase(second, transactions));
    transactions += 1;
    remember({ latest: event, earlier: undefined });
    return event;
  };
  const corrected = (event: SoundEvent): SoundEvent | undefined => {
    const { order } = event;
    // One correction in four moves the transaction to another day.
    const later =
      random.below(4) === 0
        ? random.between(SECONDS_OF_DAY, 3 * SECONDS_OF_DAY)
        : random.between(60, 6 * 3600);
    const second = Math.min(order.second + later, timeline.latest());
    return second > order.second && order.version + 1 < MOST_VERSIONS
      ? sound('correction', orders.correction(order, second))
      : undefined;
  };

  for (let slot = 0; slot < count; slot += 1) {
    const now = timeline.at(slot);
    const [next] = held;
    if (next !== undefined && (next.due <= slot || held.length >= count - slot)) {
      held.shift();
      remember(next.transaction);
      yield next.transaction.earlier ?? next.transaction.latest;
      continue;
    }
    let share = random.unit();
    if ((share -= faults.malformed) < 0) {
      const order = orders.purchase(now, -1);
      const malformation = MALFORMATIONS[malformed % MALFORMATIONS.length];
      malformed += 1;
      if (malformation !== undefined && wire.spoil !== undefined) {
        yield {
          kind: 'malformed',
          malformation,
          key: catalogue.customers[order.customer]?.id ?? '',
          value: wire.spoil(order, malformation),
        };
      }
    } else if ((share -= faults.late) < 0) {
      yield purchase('late', lateTime(random, now, timeline.start));
    } else if ((share -= faults.duplicates) < 0 && recent.length > 0) {
      const { latest, earlier } = pick(random, recent);
      const again = earlier !== undefined && random.below(2) === 0 ? earlier : latest;
      yield { ...again, kind: 'duplicate' };
    } else if (share < 0 || (share -= faults.corrections) >= 0 || recent.length === 0) {
      yield purchase('purchase', now);
    } else if (random.below(3) === 0 && held.length + 2 <= count - slot) {
      // The log turns the order round: the correction comes first, what it corrects some events later.
      const first = sound('purchase', orders.purchase(now, transactions));
      transactions += 1;
      const second = corrected(first);
      if (second === undefined) {
        remember({ latest: first, earlier: undefined });
        yield first;
      } else {
        held.push({
          transaction: { latest: second, earlier: first },
          due: slot + random.between(2, 200),
        });
        yield second;
      }
    } else {
      const place = random.below(recent.length);
      const transaction = recent[place];
      const correction = transaction === undefined ? undefined : corrected(transaction.latest);
      if (transaction === undefined || correction === undefined) {
        yield purchase('purchase', now);
      } else {
        recent[place] = { latest: correction, earlier: transaction.latest };
        yield correction;
      }
    }
  }
}

function lateTime(random: Random, now: number, start: number): number {
  const room = Math.min(now - start, LATE_TO);
  return now - (room <= LATE_FROM ? random.between(0, room) : random.between(LATE_FROM, room));
}

function pick<T>(random: Random, list: readonly T[]): T {
  const found = list[random.below(list.length)];
  if (found === undefined) {
    throw new RangeError('nothing to choose from');
  }
  return found;
}
