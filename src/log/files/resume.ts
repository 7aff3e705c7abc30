import { isBlank } from './lines.ts';
import { fingerprint, readBytes, readText, type FileState } from './text.ts';

/** Where to go on in a text that was read up to a byte. */
export type Resumption =
  /** A line begins at `position`: the byte that was stored, or the one after the end of the line before. */
  | { readonly kind: 'new lines'; readonly position: number }
  /** Nothing has come since, or nothing that can be taken yet. */
  | { readonly kind: 'nothing new' }
  /** The last line was taken before it was whole. It begins at `position`. */
  | { readonly kind: 'line has grown'; readonly position: number }
  /** The text has fewer bytes than were read. */
  | { readonly kind: 'shorter' };

const NEWLINE = 0x0a;

/**
 * Where to go on after byte `position` of the file's text.
 * @param grows the text may go on: a line that has grown is taken only when it has its newline
 */
export async function resume(
  state: FileState,
  position: number,
  grows: boolean,
): Promise<Resumption> {
  const first = await fingerprint(state);
  if (position <= (first?.start ?? 0)) {
    return { kind: 'new lines', position };
  }
  const [before, next] = await readBytes(state, position - 1, 2);
  if (before === undefined) {
    return { kind: 'shorter' };
  }
  if (next === undefined) {
    return { kind: 'nothing new' };
  }
  if (before === NEWLINE) {
    return { kind: 'new lines', position };
  }
  const rest = await restOfLine(state, position);
  if (rest.isBlank) {
    return rest.hasEnd
      ? { kind: 'new lines', position: position + rest.length }
      : { kind: 'nothing new' };
  }
  return grows && !rest.hasEnd
    ? { kind: 'nothing new' }
    : { kind: 'line has grown', position: await lineStart(state, position) };
}

/** The line from `position` to its newline, which counts in its length. */
async function restOfLine(
  state: FileState,
  position: number,
): Promise<{ isBlank: boolean; hasEnd: boolean; length: number }> {
  const rest = { isBlank: true, hasEnd: false, length: 0 };
  for await (const chunk of readText(state, position)) {
    const newline = chunk.indexOf(NEWLINE);
    rest.hasEnd = newline !== -1;
    rest.isBlank &&= isBlank(rest.hasEnd ? chunk.subarray(0, newline) : chunk);
    rest.length += rest.hasEnd ? newline + 1 : chunk.length;
    if (rest.hasEnd) {
      break;
    }
  }
  return rest;
}

/** Where the line begins that byte `position` belongs to. */
async function lineStart(state: FileState, position: number): Promise<number> {
  let start = 0;
  let read = 0;
  for await (const chunk of readText(state, 0, position)) {
    const newline = chunk.lastIndexOf(NEWLINE);
    start = newline === -1 ? start : read + newline + 1;
    read += chunk.length;
  }
  return start;
}
