/** How far the books are in a log: where a partition is read on. */
export interface ReadPlace {
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly source: string;
  /** Bytes of a file's text that were read. */
  readonly position: bigint | null;
  /** Digest of these bytes, where it is known. */
  readonly digest?: string | undefined;
  /** Unix milliseconds that no unread event is older than, so far as the books can tell. */
  readonly readUpTo: number;
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
