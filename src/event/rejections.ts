import { grouped } from '../number.ts';
import { formatOf, HEAD_BYTES } from './foreign-format.ts';
import type { Reason } from './reasons.ts';

/** What a run rejected of a topic. */
export interface Rejections {
  /** As bronze names it. */
  readonly topic: string;
  /** Events of the run, the rejected ones included. */
  readonly events: number;
  readonly rejected: number;
  /** The commonest. */
  readonly reason: Reason;
  /** The first of them, as lines. */
  readonly sample: Buffer;
}

/** Fewer are odd events, whatever their share. */
export const FEWEST_REJECTED = 3;

/** A warning where most of a topic was rejected: then it is the text that is odd, not an event. */
export function mostlyRejected(
  rejections: Rejections,
): { readonly message: string; readonly hint: string } | undefined {
  const { topic, events, rejected, reason } = rejections;
  if (rejected < FEWEST_REJECTED || rejected * 2 <= events) {
    return undefined;
  }
  return {
    message: `most events of ${topic} were rejected: ${grouped(rejected)} of ${grouped(events)}, mostly as ${reason}`,
    hint: `To see why: medallion quarantine list --summary. ${looksOf(rejections)}`,
  };
}

function looksOf({ topic, reason, sample }: Rejections): string {
  const format = formatOf(sample.subarray(0, HEAD_BYTES), true);
  // Of a Kafka topic there is no file to convert.
  const isFile = /^(?:file:|landing\/|\(stdin\))/.test(topic);
  if (format !== undefined && format !== 'events') {
    const advice = isFile
      ? format.advice
      : 'medallion reads one event, a JSON object, from each message.';
    return `They look like ${format.name}. ${advice}`;
  }
  if (reason === 'split_order') {
    return 'Sort the rows by the group_by column into a file with another name, and ingest that file.';
  }
  if (reason === 'undecodable') {
    return isFile
      ? 'Their rows do not match the format of their source.'
      : 'Their values do not match kafka.format.';
  }
  if (reason === 'not_text' && sample[0] === 0 && !isFile) {
    return 'They look like frames of a schema registry: set kafka.format to avro or json_schema.';
  }
  if (reason === 'not_text') {
    const advice = isFile
      ? ' Text in another encoding: iconv -f latin1 -t utf-8 FILE | medallion ingest --from -'
      : '';
    return `Their bytes are not UTF-8.${advice}`;
  }
  return 'medallion reads one event, a JSON object, from each line or message.';
}
