import { to as copyTo } from 'pg-copy-streams';
import type { Client } from './client.ts';

/** A row's fields as PostgreSQL sends them in its binary format. */
export type BinaryRow = readonly (Buffer | null)[];

/** PGCOPY and its line ends, flags, and the length of an extension of the header. */
const HEADER_BYTES = 19;

/**
 * The rows of a select, as they arrive: in memory are the row in hand and what the connection has read ahead. Who stops
 * before the last row closes the connection: the server sends on until then.
 * @throws what the server says of the select
 */
export async function* copyOut(client: Client, select: string): AsyncGenerator<BinaryRow> {
  const stream = client.query(copyTo(`copy (${select}) to stdout with (format binary)`));
  let chunks: Buffer[] = [];
  let length = 0;
  let wanted = HEADER_BYTES;
  let hasHeader = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    // A long row comes in many chunks: they are put together once, when it is there.
    if (length < wanted) {
      continue;
    }
    const bytes = Buffer.concat(chunks, length);
    let position = hasHeader ? 0 : HEADER_BYTES + bytes.readInt32BE(HEADER_BYTES - 4);
    hasHeader = true;
    for (;;) {
      const row = readRow(bytes, position);
      if (typeof row === 'number') {
        wanted = row - position;
        break;
      }
      if (row === undefined) {
        break;
      }
      yield row.fields;
      position = row.end;
    }
    chunks = [bytes.subarray(position)];
    length = bytes.length - position;
  }
}

/** The row at a place; where it must reach for more to be known of it; undefined at the end of the data. */
function readRow(
  bytes: Buffer,
  start: number,
): { readonly fields: BinaryRow; readonly end: number } | number | undefined {
  let end = start + 2;
  if (bytes.length < end) {
    return end;
  }
  const count = bytes.readInt16BE(start);
  if (count === -1) {
    return undefined;
  }
  const fields: (Buffer | null)[] = [];
  for (let index = 0; index < count; index += 1) {
    if (bytes.length < end + 4) {
      return end + 4;
    }
    const size = bytes.readInt32BE(end);
    end += 4;
    if (size === -1) {
      fields.push(null);
      continue;
    }
    if (bytes.length < end + size) {
      return end + size;
    }
    fields.push(bytes.subarray(end, end + size));
    end += size;
  }
  return { fields, end };
}
