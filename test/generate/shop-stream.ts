import { createCatalogue } from '../../src/generate/shop.ts';
import {
  generateEvents,
  type EventOptions,
  type FaultShares,
  type GeneratedEvent,
} from '../../src/generate/events.ts';
import { historicalTimeline, type Period } from '../../src/generate/timeline.ts';

export const PERIOD: Period = { since: '2026-01-15', until: '2026-02-14' };
export const NO_FAULTS: FaultShares = { late: 0, duplicates: 0, malformed: 0, corrections: 0 };
export const EVERY_FAULT: FaultShares = {
  late: 0.05,
  duplicates: 0.06,
  malformed: 0.03,
  corrections: 0.07,
};
/** Few of each, so that customers order often and products stand twice in an order. */
export const CATALOGUE = createCatalogue({ customers: 40, products: 25, cities: 12 });

export function eventsOf(
  count: number,
  faults: FaultShares = NO_FAULTS,
  seed = 7,
  period = PERIOD,
  wire?: EventOptions['wire'],
): GeneratedEvent[] {
  const timeline = historicalTimeline(period, count, seed);
  return [...generateEvents({ catalogue: CATALOGUE, timeline, seed, count, faults, wire })];
}
