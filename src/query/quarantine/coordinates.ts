import { usageError } from '../../errors.ts';
import type { Coordinates } from '../../postgres/quarantine.ts';

/**
 * Coordinates as one word: topic/partition/offset, as in sales/0/123, landing/sales/0/123 or
 * file:/tmp/x.ndjson/0/123. Partition and offset are always the last two parts, whatever the topic looks like. What a
 * terminal would act on in a topic is written in percent, and so is a % that could be taken for such.
 */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]|%(?=[0-9A-Fa-f]{2})/gu;

export function formatCoordinates({ topic, partition, offset }: Coordinates): string {
  return `${topic.replaceAll(UNSAFE, encodeURIComponent)}/${String(partition)}/${String(offset)}`;
}

/** @throws MedallionError usage */
export function parseCoordinates(text: string): Coordinates {
  const [, topic, partition, offset] = /^(.+)\/(\d{1,9})\/(\d{1,18})$/s.exec(text) ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) {
    throw usageError(
      `"${text}" is not the coordinates of an event`,
      'Write topic/partition/offset, as medallion quarantine list prints them: sales/0/123, landing/sales/0/123.',
    );
  }
  return { topic: decode(topic), partition: Number(partition), offset: BigInt(offset) };
}

function decode(topic: string): string {
  return topic.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}
