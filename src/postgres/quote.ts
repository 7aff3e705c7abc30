import { pg } from './driver.ts';

/** A name as SQL quotes it. */
export const ident = (name: string): string => pg.escapeIdentifier(name);
/** A text as SQL quotes it. */
export const literal = (text: string): string => pg.escapeLiteral(text);

/** Names of columns, quoted. */
export function columnList(columns: readonly string[]): string {
  return columns.map(ident).join(', ');
}
