import { crc32c } from '@node-rs/crc32';

/**
 * The record batches of a fetch response, as bytes: kafkajs neither checks their checksums nor says where it was when
 * it could not read one.
 */

export interface PartitionBytes {
  readonly topic: string;
  readonly partition: number;
  /** Where the partition's batches begin and end in the response. */
  readonly start: number;
  readonly end: number;
}

export interface BatchBytes {
  readonly firstOffset: bigint;
  /** Where the batch begins in the response. */
  readonly start: number;
  readonly records: number;
  /** Why it cannot be read; undefined when nothing speaks against it. */
  readonly damage: string | undefined;
}

/** The first version of the response that can hold batches, and those that added fields. */
const BATCHES_SINCE = 4;
const LOG_START_SINCE = 5;
const SESSION_SINCE = 7;
const REPLICA_SINCE = 11;

/** Of a batch: its length is counted from here. */
const LENGTH_END = 12;
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CHECKSUM_AT = 17;
/** What the checksum covers begins here. */
const ATTRIBUTES_AT = 21;
const RECORDS_AT = 57;
export const BATCH_HEAD_BYTES = 61;
const BATCH_MAGIC = 2;
const CODEC_MASK = 7;
const LAST_CODEC = 4;
const LARGEST_LENGTH = 0x7fffffff;

/** The partitions of a response to a fetch request of this version. */
export function* partitionsOf(raw: Buffer, version: number): Generator<PartitionBytes> {
  if (version < BATCHES_SINCE) {
    return;
  }
  let at = version < SESSION_SINCE ? 4 : 10;
  const int32 = (): number => {
    at += 4;
    return raw.readInt32BE(at - 4);
  };
  for (let topics = int32(); topics > 0; topics -= 1) {
    const nameLength = raw.readInt16BE(at);
    const topic = raw.toString('utf8', at + 2, at + 2 + nameLength);
    at += 2 + nameLength;
    for (let partitions = int32(); partitions > 0; partitions -= 1) {
      const partition = int32();
      // Error, high watermark, last stable offset, log start.
      at += 2 + 8 + 8 + (version < LOG_START_SINCE ? 0 : 8);
      const aborted = int32();
      at += Math.max(aborted, 0) * 16 + (version < REPLICA_SINCE ? 0 : 4);
      const size = Math.max(int32(), 0);
      yield { topic, partition, start: at, end: at + size };
      at += size;
    }
  }
}

/** The whole batches of a partition. Message sets, which producers before Kafka 0.11 wrote, are not looked into. */
export function* batchesOf(raw: Buffer, { start, end }: PartitionBytes): Generator<BatchBytes> {
  for (let at = start; at + BATCH_HEAD_BYTES <= end;) {
    const next = at + LENGTH_END + raw.readInt32BE(at + LENGTH_AT);
    if (raw.readInt8(at + MAGIC_AT) !== BATCH_MAGIC || next > end || next <= at) {
      return;
    }
    yield {
      firstOffset: raw.readBigInt64BE(at),
      start: at,
      records: raw.readInt32BE(at + RECORDS_AT),
      damage: damageOf(raw, at, next),
    };
    at = next;
  }
}

/** Makes the response end before this batch for whoever reads on: a batch that is not whole is left for the next fetch. */
export function cutOff(raw: Buffer, { start }: BatchBytes): void {
  raw.writeInt32BE(LARGEST_LENGTH, start + LENGTH_AT);
}

function damageOf(raw: Buffer, start: number, end: number): string | undefined {
  const codec = raw.readInt16BE(start + ATTRIBUTES_AT) & CODEC_MASK;
  if (codec > LAST_CODEC) {
    return `is compressed by codec ${codec}, which is none of Kafka's`;
  }
  const checksum = crc32c(raw.subarray(start + ATTRIBUTES_AT, end));
  return checksum === raw.readUInt32BE(start + CHECKSUM_AT)
    ? undefined
    : 'is damaged: its checksum does not match';
}
