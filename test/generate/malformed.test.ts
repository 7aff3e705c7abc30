import { describe, expect, it } from 'vitest';
import { judge } from '../../src/event/judge.ts';
import { REASONS } from '../../src/event/reasons.ts';
import { MALFORMATIONS } from '../../src/generate/malformed.ts';
import { REFERENCES } from '../support/wire-event.ts';
import { eventsOf } from './shop-stream.ts';

const GOOD = eventsOf(50).map(({ value }) => value.toString());

describe('malformed events', () => {
  it('break the contract in every way that a line of a file can', () => {
    const reasons = new Set<string>(MALFORMATIONS.map(({ reason }) => reason));
    const others = Object.keys(REASONS).filter((reason) => !reasons.has(reason));
    expect(others).toEqual([
      'empty_value',
      'too_large',
      'undecodable',
      'split_order',
      'unknown_value',
    ]);
  });

  it('come from events that are good', () => {
    expect(GOOD.every((text) => judge(text, REFERENCES).accepted)).toBe(true);
  });

  it.each(MALFORMATIONS.map((malformation, index) => ({ index, ...malformation })))(
    '$index: are refused as $reason at $stage',
    ({ reason, stage, spoil }) => {
      for (const text of GOOD) {
        const bytes = spoil(text);
        expect(bytes.includes('\n')).toBe(false);
        expect(bytes.toString().trim()).not.toBe('');
        const isText = !bytes.includes(0) && Buffer.from(bytes.toString()).equals(bytes);
        expect(isText).toBe(stage === 'silver');
        if (isText) {
          expect(judge(bytes.toString(), REFERENCES)).toMatchObject({ accepted: false, reason });
        }
      }
    },
  );
});
