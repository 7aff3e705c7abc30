import type { Client } from '../../postgres/client.ts';
import { fromHex, type Coordinates } from '../../postgres/quarantine.ts';
import { askRows } from '../ask.ts';

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
    const [row] = await askRows<{ piece: string | null }>(client, 'quarantine/raw', [
      ...[topic, partition, offset, from + 1, length],
    ]);
    const piece = row?.piece;
    if (piece === null || piece === undefined) {
      return null;
    }
    pieces.push(fromHex(piece));
    if ((pieces.at(-1)?.length ?? 0) < PIECE_BYTES || from + length >= maxBytes) {
      return Buffer.concat(pieces);
    }
  }
}
