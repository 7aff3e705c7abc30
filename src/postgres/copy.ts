import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Client } from './client.ts';

/** Where rows go: names that the program itself wrote, never input. */
export interface CopyTarget {
  /** With its schema: bronze.events. */
  readonly table: string;
  readonly columns: readonly string[];
}

/** Bytes handed to the connection at a time: the server takes them in while the next are written. */
const BLOCK_SIZE = 256 * 1024;
/** PGCOPY, a byte with the high bit, line ends that a text transfer would spoil; no flags, no extension. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** A row of -1 fields ends the data. */
const TRAILER = Buffer.from([0xff, 0xff]);
/** 2000-01-01T00:00:00Z, PostgreSQL's epoch, in Unix milliseconds. */
const EPOCH_MS = 946_684_800_000;

/**
 * Copies rows into a table in PostgreSQL's binary format; `write` writes one row's fields in the order of the
 * target's columns.
 * @throws whatever the server says of the data; the caller's transaction is then to be rolled back
 */
export async function copyRows<Row>(
  client: Client,
  target: CopyTarget,
  rows: Iterable<Row>,
  write: (row: Row, fields: CopyFields) => void,
): Promise<void> {
  const columns = target.columns.join(', ');
  const stream = client.query(
    copyFrom(`copy ${target.table} (${columns}) from stdin with (format binary)`),
  );
  const blocks = encode(rows, target.columns.length, write);
  await pipeline(Readable.from(blocks, { highWaterMark: 2 }), stream);
}

function* encode<Row>(
  rows: Iterable<Row>,
  columns: number,
  write: (row: Row, fields: CopyFields) => void,
): Generator<Buffer> {
  const fields = new CopyFields();
  fields.raw(HEADER);
  for (const row of rows) {
    fields.count(columns);
    write(row, fields);
    if (fields.length >= BLOCK_SIZE) {
      yield fields.take();
    }
  }
  fields.raw(TRAILER);
  yield fields.take();
}

/** Fields of rows in the binary COPY format: each a 32-bit length and its bytes, null a length of -1. */
export class CopyFields {
  #buffer = Buffer.allocUnsafeSlow(BLOCK_SIZE + 16 * 1024);
  #length = 0;

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** What was written since the last `take`. */
  take(): Buffer {
    const block = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafeSlow(BLOCK_SIZE + 16 * 1024);
    this.#length = 0;
    return block;
  }

  /** Bytes as they are: fields that another instance has encoded. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The number of fields that a row begins with. */
  count(fields: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(fields, this.#length);
  }

  null(): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(-1, this.#length);
  }

  /** A bytea, or a text in UTF-8 without NUL. */
  bytes(value: Uint8Array | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(4 + value.length);
    this.#length = this.#buffer.writeInt32BE(value.length, this.#length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string | null): void {
    this.bytes(value === null ? null : Buffer.from(value));
  }

  integer(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#reserve(8);
    this.#length = this.#buffer.writeInt32BE(4, this.#length);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  bigint(value: bigint): void {
    this.#reserve(12);
    this.#length = this.#buffer.writeInt32BE(8, this.#length);
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length);
  }

  /** A timestamptz from Unix milliseconds (whole ones, years 1 to 9999). */
  timestamp(unixMs: number): void {
    this.bigint(BigInt(unixMs - EPOCH_MS) * 1000n);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) {
      return;
    }
    const larger = Buffer.allocUnsafeSlow(
      Math.max(this.#length + bytes + BLOCK_SIZE, this.#buffer.length * 2),
    );
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
