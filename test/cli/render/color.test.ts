import { expect, it } from 'vitest';
import { palette, wantsColor } from '../../../src/cli/render/color.ts';

it.each([
  [true, {}, true],
  [true, { NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
  [false, { FORCE_COLOR: '1' }, false],
])('on a terminal: %s, with %j: %s', (isTTY, env, expected) => {
  expect(wantsColor({ isTTY }, env)).toBe(expected);
});

it('paints only when colour is wanted', () => {
  expect(palette(true).green('x')).toBe('\u001b[32mx\u001b[39m');
  expect(palette(false).green('x')).toBe('x');
});
