import { describe, expect, it } from 'vitest';
import type { GeneratedEvent } from '../../src/generate/events.ts';
import { describeWarehouse, type WarehouseTruth } from '../../src/generate/manifest.ts';
import { Truth } from '../../src/generate/truth.ts';
import { readPlainly } from './reading.ts';
import { CATALOGUE, EVERY_FAULT, eventsOf, NO_FAULTS, PERIOD } from './shop-stream.ts';

function manifestOf(events: readonly GeneratedEvent[]): WarehouseTruth {
  const truth = new Truth();
  for (const event of events) {
    truth.record(event);
  }
  return describeWarehouse(truth, CATALOGUE);
}

function valuesOf(events: readonly GeneratedEvent[]): Buffer[] {
  return events.map(({ value }) => value);
}

/** Turns the stream over and deals it like cards, without randomness. */
function shuffled<T>(items: readonly T[]): T[] {
  return [0, 1, 2, 3, 4, 5, 6]
    .flatMap((pile) => items.filter((_, index) => (index * 5) % 7 === pile))
    .reverse();
}

describe('the manifest', () => {
  const events = eventsOf(6000, EVERY_FAULT);
  const manifest = manifestOf(events);

  it('says what a plain reading of the bytes says, to the cent and to the count', () => {
    expect(manifest).toEqual(readPlainly(valuesOf(events)));
  });

  it.each([1, 2, 3])('agrees for seed %i, over one day and over years', (seed) => {
    for (const period of [
      { since: '2026-02-28', until: '2026-02-28' },
      { since: '1998-12-01', until: '2003-01-31' },
      PERIOD,
    ]) {
      const some = eventsOf(700, { ...EVERY_FAULT, corrections: 0.4 }, seed, period);
      expect(manifestOf(some)).toEqual(readPlainly(valuesOf(some)));
    }
  });

  it('does not depend on the order of the events', () => {
    expect(manifestOf(shuffled(events))).toEqual(manifest);
    expect(readPlainly(valuesOf(shuffled(events)))).toEqual(manifest);
  });

  it('counts events that come twice as duplicates and changes nothing else', () => {
    const sound = events.filter(({ kind }) => kind !== 'malformed');
    const once = manifestOf(sound);
    const twice = manifestOf([...sound, ...sound]);
    expect(twice.silver.duplicates).toBe(once.silver.duplicates + sound.length);
    expect({ ...twice.silver, duplicates: 0 }).toEqual({ ...once.silver, duplicates: 0 });
    expect(twice.gold).toEqual(once.gold);
  });

  it('has every event somewhere', () => {
    const { bronze, silver } = manifest;
    const refused = Object.values(silver.quarantined).reduce<number>((a, b) => a + Number(b), 0);
    expect(bronze.events + Number(bronze.quarantined['not_text'])).toBe(events.length);
    expect(silver.transactions + silver.duplicates + silver.superseded + refused).toBe(
      bronze.events,
    );
  });

  it('is empty for no events', () => {
    expect(manifestOf([])).toEqual(readPlainly([]));
    expect(manifestOf(eventsOf(5, { ...NO_FAULTS, malformed: 1 })).silver.transactions).toBe(0);
  });
});
