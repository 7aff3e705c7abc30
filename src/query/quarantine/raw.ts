import type { Client } from '../../postgres/client.ts';
import type { Coordinates } from '../../postgres/quarantine.ts';
import { readRows } from '../../postgres/rows.ts';

/** What one answer of the server carries at most: it comes as hexadecimal text, twice as long. */
const PIECE_BYTES = 16 << 20;

/** The bytes of an event as they were received; null when it had no value, or is not in the quarantine. */
export async function readRaw(
  client: Client,
  { topic, partition, offset }: Coordinates,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  for (let from = 0; ; from += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, maxBytes - from);
    const [row] = await readRows<{ piece?: Buffer }>(client, 'query/quarantine/raw', [
      ...[topic, partition, offset, from + 1, length],
    ]);
    if (row?.piece === undefined) {
      return null;
    }
    pieces.push(row.piece);
    if (row.piece.length < PIECE_BYTES || from + length >= maxBytes) {
      return Buffer.concat(pieces);
    }
  }
}
