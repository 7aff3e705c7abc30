import { isUtf8 } from 'node:buffer';
import { Undecodable } from './undecodable.ts';

/** Reads one value at the cursor and writes it as JSON. */
export type Read = (cursor: Cursor) => string;

/** A place in the bytes of a value. */
export class Cursor {
  readonly bytes: Buffer;
  readonly maxBytes: number;
  at: number;

  constructor(bytes: Buffer, at: number, maxBytes: number) {
    this.bytes = bytes;
    this.at = at;
    this.maxBytes = maxBytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Passes so many bytes, and says where they begin. */
  pass(count: number): number {
    const { at } = this;
    if (count > this.bytes.length - at) {
      throw new Undecodable('the value ends too early');
    }
    this.at = at + count;
    return at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) {
      throw new Undecodable('the value ends too early');
    }
    this.at += 1;
    return byte;
  }

  /** A zigzag number of up to 64 bits; a bigint only where it may not be exact otherwise. */
  long(): number | bigint {
    let sum = 0;
    let factor = 1;
    for (let count = 0; count < 7; count += 1) {
      const byte = this.byte();
      sum += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
      }
      factor *= 0x80;
    }
    let long = BigInt(sum);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      long |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (long >> 64n === 0n) {
          return (long >> 1n) ^ -(long & 1n);
        }
        break;
      }
    }
    throw new Undecodable('a number of more than 64 bits');
  }

  /** How many bytes or items follow. */
  size(): number {
    const size = this.long();
    if (typeof size === 'bigint' || size < 0) {
      throw new Undecodable(`a length of ${String(size)}`);
    }
    return size;
  }

  text(): string {
    const size = this.size();
    const from = this.pass(size);
    const text = this.bytes.toString('utf8', from, from + size);
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(from, from + size))) {
      throw new Undecodable('bytes that are not UTF-8');
    }
    return text;
  }

  base64(size: number): string {
    const from = this.pass(size);
    return `"${this.bytes.toString('base64', from, from + size)}"`;
  }
}
