import { isText } from '../../event/text.ts';
import { visible } from './text.ts';

const LINE_BYTES = 16;

/** Bytes for the terminal: as text where they are that, with what it would act on as escapes, else as a hex dump. */
export function bytesForPeople(bytes: Buffer): string {
  return isText(bytes) ? visible(bytes.toString('utf8'), { lines: true }) : hexDump(bytes);
}

/** Offset, sixteen bytes, and what of them is printable ASCII, on each line. */
function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += LINE_BYTES) {
    const line = bytes.subarray(offset, offset + LINE_BYTES);
    const digits = Array.from(line, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.toString('latin1').replaceAll(/[^ -~]/g, '.');
    lines.push(
      `${offset.toString(16).padStart(8, '0')}  ${digits.padEnd(LINE_BYTES * 3 - 1)}  ${text}`,
    );
  }
  return lines.join('\n');
}

/** The bytes up to where a character would be cut, if they are text that was cut at a byte. */
export function wholeCharacters(bytes: Buffer): Buffer {
  // A character has at most 4 bytes, of which all but the first are 10xxxxxx.
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) !== 0x80) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return needed > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}
