import type { RetryPolicy } from '../retry.ts';

/**
 * What a log is: an append-only sequence of records in numbered partitions of named topics. Kafka is one kind, the
 * landing directory another, and both are a `Log`; files, standard input and a table of the older pipeline are only read.
 * Everything after the read is the same code.
 *
 * Terminology: a record's *offset* is its place in its partition (not dense: offsets can be missing).
 * *next offset* is the first one not yet read. The *position* that counts is the one the warehouse stored.
 */

/** One record as the log holds it; nothing is decoded. */
export interface LogRecord {
  readonly offset: bigint;
  /** When the log took it in, Unix milliseconds (for a file: when it was read). */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** null is a tombstone: a record without a value. */
  readonly value: Buffer | null;
  /** The value's full length in bytes, where the reader kept only its beginning (see `maxValueBytes`). */
  readonly fullLength?: number;
  /** The values of each header, in their order where it occurs several times; null when there are none. */
  readonly headers: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>> | null;
}

/** Text, or bytes that are none (not UTF-8, or with a NUL, which PostgreSQL cannot hold); null is a header without a value. */
export type HeaderValue = string | { readonly base64: string } | null;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Consecutive records of one partition, in offset order. */
export interface RecordBatch extends TopicPartition {
  /**
   * The offset that this batch goes on from: what must be stored as the partition's next offset for the
   * batch to be written. A partition of which nothing is stored yet takes any.
   */
  readonly fromOffset: bigint;
  /** Empty where only offsets without a record (of transactions, of compaction) were passed. */
  readonly records: readonly LogRecord[];
  /** The offset to go on from after this batch: greater than every offset in it, holes included. */
  readonly nextOffset: bigint;
  /** Names the physical log ("kafka:<cluster id>/<topic id>", a file's fingerprint): a stored position holds for this source only. */
  readonly source: string;
  /** Bytes of the file's text (unzipped, if it is zipped), or rows of the table, up to `nextOffset`, where the log is one. */
  readonly position?: bigint;
  /** Digest of the text up to `position`, where the log is a file. */
  readonly digest?: string | undefined;
}

/** A partition's place as the warehouse stored it. */
export interface StoredOffset extends TopicPartition {
  readonly nextOffset: bigint;
  readonly source: string;
  readonly position: bigint | null;
  /** Of a file's text up to `position`. */
  readonly digest?: string | undefined;
}

/** Offsets from..to (exclusive) that the log no longer holds and nobody read. */
export interface Gap extends TopicPartition {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * What a reader needs from the stage that consumes it.
 * The stored offsets are the truth; whatever a broker believes about a group's offsets is not.
 */
export interface Sink {
  /**
   * Names the warehouse that this sink writes to: another warehouse, also a copy of this one, has another name.
   * @throws MedallionError unreachable, denied
   */
  identity(): Promise<string>;
  /** The stored offsets of these partitions, read afresh; a partition never read before is absent. */
  storedOffsets(partitions: readonly TopicPartition[]): Promise<StoredOffset[]>;
  /**
   * Commits the batch and its next offset in one transaction. `false`: the stored next offset is not
   * `batch.fromOffset` (another consumer has moved this partition on), nothing was written; the reader must go
   * on from `storedOffsets`. Safe to call at once for different partitions; one partition's calls never overlap.
   */
  write(batch: RecordBatch): Promise<boolean>;
  /**
   * Records expired before they were read: the gap is recorded and the stored offset moves from `gap.from` to
   * `gap.to`. Nothing happens where it is no longer `gap.from`.
   */
  recordGap(gap: Gap, source: string): Promise<void>;
  /**
   * Records that the partition's log is another one than before (a recreated topic, a replaced file) and is read from
   * `place` on in place of `stored`, or that the same log has got a better name. Where a Kafka topic's offsets start over, bronze takes its events under the topic's next generation
   * ("sales#2"), so that nothing is overwritten; the reader goes on calling it "sales".
   * `false`: `stored` is no longer what is stored, another consumer has moved the partition on; ask `storedOffsets` again.
   */
  resetOffset(stored: StoredOffset, place: StoredOffset): Promise<boolean>;
  warn(message: string, hint?: string): void;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Keep reading as records arrive; else stop at the end each partition had when reading began. */
  readonly follow: boolean;
  /** With `follow`: stop after this many milliseconds without a record. */
  readonly idleTimeoutMs?: number | undefined;
  /** Stop after writing about this many records (never more). */
  readonly maxRecords?: number | undefined;
  /** A longer value need not be held whole: its first bytes and its `fullLength` will do. */
  readonly maxValueBytes?: number;
  /** Take the topic as it now is where a stored offset does not fit it: it was recreated. */
  readonly resetOffsets?: boolean;
}

/** Why a read came to its end. */
export type ReadEnd = 'end' | 'idle' | 'max-records' | 'interrupted';

export interface LogReader {
  /** For people: "Kafka topic sales at localhost:9092", "/home/ana/sales.ndjson.gz". */
  readonly description: string;
  /**
   * Reads every partition and writes its batches to the sink until the end that `options` ask for. An abort finishes the
   * batch in hand and resolves with 'interrupted'.
   * @throws MedallionError unreachable, denied, input, source_changed
   */
  read(sink: Sink, options: ReadOptions): Promise<ReadEnd>;
}

export interface ReaderSettings {
  /** How long a broker that is away is waited for. */
  readonly retryPolicy?: RetryPolicy;
  /** How long a topic that is not there yet is waited for, milliseconds; not at all unless said otherwise. */
  readonly topicWaitMs?: number;
  /** How often a reader looks for new partitions, and whether the topic still is the same, milliseconds. */
  readonly metadataMaxAgeMs?: number;
}

/** How a producer may compress, by the names that Kafka's own tools take. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface WriterSettings {
  readonly retryPolicy?: RetryPolicy | undefined;
  /** A topic that is not there is made with so many. */
  readonly partitions?: number | undefined;
  readonly compression?: Compression | undefined;
}

/** Where a partition is read on, as it is recorded. */
export interface ReadPlace {
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly source: string;
  /** Bytes of a file's text that were read. */
  readonly position: bigint | null;
  /** Digest of these bytes, where it is known. */
  readonly digest?: string | undefined;
  /** Unix milliseconds that no unread event is older than, so far as the records tell. */
  readonly readUpTo: number;
  /** When this record last changed, Unix milliseconds. */
  readonly updatedAt: number;
}

/** What of a partition is not read yet. */
export interface PartitionLag {
  readonly partition: number;
  /** The first offset that the log does not hold yet; undefined for a file, whose lines nobody has counted. */
  readonly end: bigint | undefined;
  /** Events that wait, at most; undefined when the log is another one than was read. */
  readonly events: number | undefined;
  /** Unix milliseconds since when the first of them waits, or earlier; undefined when none does. */
  readonly since: number | undefined;
  /** What is odd about the partition. */
  readonly note?: string;
}

/** What a partition holds. */
export interface PartitionExtent {
  readonly partition: number;
  /** Names the log: see `RecordBatch.source`. */
  readonly source: string;
  /** From `low` up to, not including, `high`; undefined for a file, whose lines nobody has counted. */
  readonly offsets: { readonly low: bigint; readonly high: bigint } | undefined;
}

/** A log that generate writes to and ingest reads from. Whoever holds it does not ask which kind it is. */
export interface Log {
  /** For people: "Kafka topic sales at localhost:9092". */
  readonly name: string;
  /** What bronze calls the topic, before it was ever recreated. */
  readonly topic: string;
  /** What to do where it holds nothing new, if there is something to say. */
  readonly whenEmpty: string | undefined;
  /** The consumer group that the readers of a warehouse share; undefined where partitions are not shared out. */
  group(warehouse: string): string | undefined;
  /** @throws MedallionError unreachable, denied, config */
  read(settings?: ReaderSettings): Promise<LogReader>;
  /** @throws MedallionError unreachable, denied, config, storage, usage where a setting is none of this log's */
  write(settings?: WriterSettings): Promise<LogWriter>;
  /**
   * How far reading is behind the end of each partition.
   * @throws MedallionError unreachable, denied, config, input
   */
  lag(recorded: readonly ReadPlace[]): Promise<PartitionLag[]>;
  /**
   * What each partition holds; none where the topic is not there.
   * @throws MedallionError unreachable, denied, input
   */
  extent(): Promise<PartitionExtent[]>;
}

/** One event to append, already encoded. */
export interface OutgoingRecord {
  /** Chooses the partition; one customer's events keep their order. */
  readonly key: string;
  readonly value: Buffer;
}

/** Offsets from..to (exclusive) of one partition. */
export interface WrittenOffsets {
  readonly from: bigint;
  readonly to: bigint;
}

export interface LogWriter {
  readonly description: string;
  /** Appends in order and resolves when the log has taken them all (acknowledged, or handed to the file system). */
  append(records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
  /** Instead of `close` after a failure, where what was written can be withdrawn as a whole. */
  discard?(): Promise<void>;
  /** Events appended so far to each partition, where the writer itself chooses among them. */
  readonly appended?: ReadonlyMap<number, number>;
  /** Where in each partition they lie, where the log says so; others may have appended in between. */
  readonly written?: ReadonlyMap<number, WrittenOffsets>;
}
