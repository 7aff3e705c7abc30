import { isUtf8 } from 'node:buffer';

/** Whether PostgreSQL can hold the bytes as text. */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}
