import { arraysOf } from '../../postgres/ask.ts';
import type { Client } from '../../postgres/client.ts';
import type { PartitionName } from '../../postgres/offsets.ts';
import { readRows } from '../../postgres/rows.ts';

/** What the metadata says of a partition, and from which offset on it is compared. */
export interface RecordedPartition extends PartitionName {
  /** Undefined where ingest has no record of the partition. */
  readonly source?: string | undefined;
  readonly position?: bigint | undefined;
  /** Of a file's text up to `position`. */
  readonly digest?: string | undefined;
  readonly nextOffset: bigint;
  readonly written: bigint;
  readonly quarantined: bigint;
  /** The watermark: the first offset that is not promoted. */
  readonly promotedTo: bigint;
  /** Offsets that expired unread: "2-6". */
  readonly gaps: readonly string[];
  readonly gapOffsets: bigint;
  /** What prune removed: events, those that silver still accounts for, and the sum of the hashes of their offsets. */
  readonly prunedEvents: bigint;
  readonly prunedInSilver: bigint;
  readonly prunedChecksum: bigint;
  /** First offset that was removed, and first one behind all that were. */
  readonly prunedFrom?: bigint | undefined;
  readonly prunedTo: bigint;
  /** 0 unless the comparison is narrowed. */
  readonly fromOffset: bigint;
}

/**
 * Every partition that bronze or the metadata knows.
 * @param since only what was ingested since then is compared; a timestamp as PostgreSQL reads it
 */
export async function readRecorded(
  client: Client,
  since: string | undefined,
): Promise<RecordedPartition[]> {
  return readRows(client, 'query/reconcile/partitions', [since ?? null]);
}

/** The first parameters of every query about some partitions: their names and where each is compared from. */
export function asked(partitions: readonly RecordedPartition[]): unknown[][] {
  return arraysOf(partitions, 'topic', 'partition', 'fromOffset');
}

/** A partition that the metadata does not know. */
export function unknownPartition(name: PartitionName): RecordedPartition {
  return {
    ...name,
    ...{ nextOffset: 0n, written: 0n, quarantined: 0n, promotedTo: 0n, gaps: [], gapOffsets: 0n },
    ...{ prunedEvents: 0n, prunedInSilver: 0n, prunedChecksum: 0n, prunedTo: 0n, fromOffset: 0n },
  };
}
