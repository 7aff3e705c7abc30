import { describe, expect, it } from 'vitest';
import { pad, truncate, visible, widthOf } from '../../../src/cli/render/text.ts';

describe('visible', () => {
  it.each([
    ['plain, Zoë, 東京, 👩‍👩‍👧, שלום', 'plain, Zoë, 東京, 👩‍👩‍👧, שלום'],
    ['\u001b[31mred\u0007', String.raw`\x1b[31mred\x07`],
    ['a\tb\nc\rd', String.raw`a\tb\nc\rd`],
    ['\u007f\u0085\u009b', String.raw`\x7f\x85\x9b`],
    ['\u202eabc\u2066\u2028', String.raw`\u202eabc\u2066\u2028`],
  ])('writes %j as %j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  it('keeps line ends where lines are wanted', () => {
    expect(visible('a\r\nb\nc\rd', { lines: true })).toBe('a\nb\nc\\rd');
  });
});

it('measures and pads by columns, not by characters', () => {
  expect(widthOf('東京')).toBe(4);
  expect(widthOf('e\u0301')).toBe(1);
  expect(pad('東京', 6, 'left')).toBe('東京  ');
  expect(pad('東京', 6, 'right')).toBe('  東京');
  expect(pad('\u001b[36m██\u001b[39m', 3, 'right')).toBe(' \u001b[36m██\u001b[39m');
  expect(pad('long', 2, 'left')).toBe('long');
});

it.each([
  ['Berlin', 6, 'Berlin'],
  ['Berlin', 5, 'Berl…'],
  ['Berlin', 1, '…'],
  ['東京都', 6, '東京都'],
  // Half of a wide character is none.
  ['東京都', 4, '東…'],
  ['ab👩‍👩‍👧cd', 4, 'ab…'],
  ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
])('cuts %s to %d columns', (text, width, expected) => {
  expect(truncate(text, width)).toBe(expected);
});
