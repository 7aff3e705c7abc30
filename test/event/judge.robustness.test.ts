import { describe, expect, it } from 'vitest';
import { judge, type Judgement } from '../../src/event/judge.ts';
import { REASONS } from '../../src/event/reasons.ts';
import { event, REFERENCES } from '../support/wire-event.ts';

function rejectedFor(judgement: Judgement): string {
  return judgement.accepted
    ? 'accepted'
    : `${judgement.reason} at ${judgement.field ?? 'the event'}`;
}

describe('hostile events', () => {
  const DIGITS = 2_000_000;
  it.each([
    [
      'digits',
      event({ order: { subtotal: '1'.repeat(DIGITS) } }),
      'invalid_amount at order.subtotal',
    ],
    ['zeros', event({ order: { subtotal: `0.${'0'.repeat(DIGITS)}1` } }), 'accepted'],
    [
      'an exponent',
      event({ order: { subtotal: `1e${'9'.repeat(DIGITS)}` } }),
      'invalid_amount at order.subtotal',
    ],
    [
      'a text of digits',
      event({ item: { quantity: `"${'0'.repeat(DIGITS)}x"` } }),
      'invalid_quantity at items[0].quantity',
    ],
    [
      'a version',
      event({ details: { event_version: `"1${'.1'.repeat(DIGITS)}x"` } }),
      'invalid_type at event_version',
    ],
    [
      'blanks',
      event({ customer: { id: `"${' '.repeat(DIGITS)}x${' '.repeat(DIGITS)}y"` } }),
      'invalid_type at customer.id',
    ],
    [
      'depth',
      event({ order: { extra: `${'['.repeat(200_000)}${']'.repeat(200_000)}` } }),
      'accepted',
    ],
    ['open brackets', '['.repeat(DIGITS), 'invalid_json at the event'],
    [
      'duplicates of a large object',
      event({
        order: {
          extra: `{${Array.from({ length: 50_000 }, (_, i) => `"k${String(i)}":1`).join()}},${'"extra":{},'.repeat(50_000)}"z":1`,
        },
      }),
      'accepted',
    ],
  ])('%s without end are judged in time', { timeout: 20_000 }, (_, value, expected) => {
    const started = performance.now();
    expect(rejectedFor(judge(value, REFERENCES))).toBe(expected);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('events nobody thought of', () => {
  /** mulberry32: the same mutations in every run. */
  function randomFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
  }

  const SCRAPS = [
    'null',
    'true',
    '""',
    '" "',
    '0',
    '-1',
    '1e400',
    '"1e2"',
    '{}',
    '[]',
    '[[{}]]',
    '{"id":1}',
    String.raw`"\u0000"`,
    '"é😀"',
    '4.0',
    '"2026-01-01T00:00:00+01:00"',
  ];
  const CHARACTERS = '{}[]",:\\ \0\n019eE+-.aZé\ud83d\ufeff';
  const MEMBER = /"\w+":(?:"[^"]*"|[\d.]+)/g;

  function mutate(value: string, random: (below: number) => number): string {
    const at = random(value.length);
    const scrap = SCRAPS[random(SCRAPS.length)] ?? '';
    const members = [...value.matchAll(MEMBER)];
    const member = members[random(Math.max(members.length, 1))]?.[0] ?? '';
    const name = member.slice(0, member.indexOf(':') + 1);
    switch (random(7)) {
      case 0:
        return (
          value.slice(0, at) + (CHARACTERS[random(CHARACTERS.length)] ?? '') + value.slice(at + 1)
        );
      case 1:
        return value.slice(0, at) + value.slice(at + 1 + random(20));
      case 2:
        return value.replace(`${member},`, () => '').replace(`,${member}`, () => '');
      case 3:
      case 4:
        return value.replace(member, () => name + scrap);
      case 5:
        return value.replace(member, () => `${member},${name}${scrap}`);
      default:
        return value.replace(
          member,
          () => `${name}${'['.repeat(random(50))}${scrap}${']'.repeat(random(50))}`,
        );
    }
  }

  it('get a judgement that is well-formed, and is the same when the canonical event is judged', () => {
    const random = randomFrom(20260103);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 20_000; round += 1) {
      let value = event();
      for (let mutations = random(3) + 1; mutations > 0; mutations -= 1) {
        value = mutate(value, random);
      }
      const judgement = judge(value, REFERENCES);
      const outcome = judgement.accepted ? 'accepted' : judgement.reason;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (judgement.accepted) {
        expect(judge(judgement.canonical, REFERENCES), value).toEqual(judgement);
        expect(() => void JSON.parse(judgement.canonical)).not.toThrow();
      } else {
        expect(Object.keys(REASONS)).toContain(judgement.reason);
        expect(judgement.field ?? '').toMatch(/^(?:[a-z_]+(?:\[\d+\])?(?:\.[a-z_]+)?)?$/);
        expect(judgement.detail).not.toBe('');
        expect(judgement.reason === 'invalid_json').toBe(!isJson(value));
      }
    }
    // The mutations reach everything that an event can be refused for after ingest.
    expect([...outcomes.keys()].sort()).toEqual(
      [
        'accepted',
        ...Object.keys(REASONS).filter(
          (reason) =>
            !['empty_value', 'too_large', 'undecodable', 'split_order', 'unknown_value'].includes(
              reason,
            ),
        ),
      ].sort(),
    );
  });

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});
