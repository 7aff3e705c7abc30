/**
 * What a log is: an append-only sequence of records in numbered partitions of named topics. Kafka is one kind,
 * a landing directory or a file of NDJSON lines another, a table of the older pipeline a third; everything after the read
 * is the same code.
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
   * The offset that this batch goes on from: what the books must hold as the partition's next offset for the
   * batch to land. A partition that the books do not know yet takes any.
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

/** A partition's place in the warehouse's books. */
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
  land(batch: RecordBatch): Promise<boolean>;
  /**
   * Records expired before they were read: the gap is booked and the stored offset moves from `gap.from` to
   * `gap.to`. Nothing happens where it is no longer `gap.from`.
   */
  recordGap(gap: Gap, source: string): Promise<void>;
  /**
   * Books that the partition's log is another one than before (a recreated topic, a replaced file) and is read from
   * `place` on in place of `stored`, or that the same log has got a better name. Where a Kafka topic's offsets start over, bronze takes its events under the topic's next generation
   * ("sales#2"), so that nothing is overwritten; the reader goes on saying "sales".
   * `false`: the books no longer hold `stored`, another consumer has moved the partition on; ask `storedOffsets` again.
   */
  resetOffset(stored: StoredOffset, place: StoredOffset): Promise<boolean>;
  warn(message: string, hint?: string): void;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Keep reading as records arrive; else stop at the end each partition had when reading began. */
  readonly follow: boolean;
  /** With `follow`: stop after this many milliseconds without a record. */
  readonly idleTimeoutMs?: number;
  /** Stop after landing about this many records (never more). */
  readonly maxRecords?: number;
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
   * Reads every partition and lands its batches until the end that `options` ask for. An abort finishes the
   * batch in hand and resolves with 'interrupted'.
   * @throws MedallionError unreachable, denied, input, source_changed
   */
  read(sink: Sink, options: ReadOptions): Promise<ReadEnd>;
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
