import { Chalk, type ChalkInstance } from 'chalk';
import type { Environment } from '../../config.ts';

/** Whether to write colours to the stream: only to a terminal that has them, and never with NO_COLOR (no-color.org). */
export function wantsColor(stream: { readonly isTTY: boolean }, env: Environment): boolean {
  return stream.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** The sixteen colours that every theme has, or none. */
export function palette(color: boolean): ChalkInstance {
  return new Chalk({ level: color ? 1 : 0 });
}
