import type { Client } from '../../postgres/client.ts';
import { keyOf, type PartitionName } from '../../postgres/offsets.ts';
import { askRows } from '../ask.ts';

/** What the metadata says of a partition, and from which offset on it is compared. */
export interface RecordedPartition extends PartitionName {
  /** Undefined where ingest has no record of the partition. */
  readonly source: string | undefined;
  readonly position: bigint | undefined;
  /** Of a file's text up to `position`. */
  readonly digest: string | undefined;
  readonly nextOffset: bigint;
  readonly written: bigint;
  readonly quarantined: bigint;
  /** The watermark: the first offset that is not promoted. */
  readonly promotedTo: bigint;
  /** Offsets that expired unread: "2-6". */
  readonly gaps: readonly string[];
  readonly gapOffsets: bigint;
  readonly pruned: Pruned;
  /** 0 unless the comparison is narrowed. */
  readonly fromOffset: bigint;
}

/** What prune removed of a partition. */
export interface Pruned {
  readonly events: bigint;
  /** Those of them that silver still accounts for, and the sum of their offsets' hashes. */
  readonly inSilver: bigint;
  readonly checksum: bigint;
  /** First offset that was removed, and first one behind all that were. */
  readonly from: bigint | undefined;
  readonly to: bigint;
}

export const NOTHING_PRUNED: Pruned = {
  ...{ events: 0n, inSilver: 0n, checksum: 0n },
  ...{ from: undefined, to: 0n },
};

interface PartitionRow {
  readonly topic: string;
  readonly partition: string;
  readonly source: string | null;
  readonly position: string | null;
  readonly digest: string | null;
  readonly next_offset: string | null;
  readonly landed_events: string;
  readonly quarantined_events: string;
  readonly promoted_to: string;
  readonly gaps: string | null;
  readonly gap_offsets: string;
  readonly pruned_events: string;
  readonly pruned_in_silver: string;
  readonly pruned_checksum: string;
  readonly pruned_from: string | null;
  readonly pruned_to: string;
}

/**
 * Every partition that bronze or the metadata knows.
 * @param since only what was ingested since then is compared; a timestamp as PostgreSQL reads it
 */
export async function readRecorded(
  client: Client,
  since: string | undefined,
): Promise<RecordedPartition[]> {
  const rows = await askRows<PartitionRow>(client, 'reconcile/partitions');
  const writtenSince = since === undefined ? undefined : await readWrittenSince(client, since);
  return rows.map((row) => {
    const pruned = {
      events: BigInt(row.pruned_events),
      inSilver: BigInt(row.pruned_in_silver),
      checksum: BigInt(row.pruned_checksum),
      from: row.pruned_from === null ? undefined : BigInt(row.pruned_from),
      to: BigInt(row.pruned_to),
    };
    const name = { topic: row.topic, partition: Number(row.partition) };
    // What was pruned is recorded as a whole, so a narrowed comparison begins behind it.
    const from = writtenSince?.get(keyOf(name)) ?? 0n;
    const fromOffset = writtenSince === undefined || from > pruned.to ? from : pruned.to;
    return {
      ...name,
      source: row.source ?? undefined,
      position: row.position === null ? undefined : BigInt(row.position),
      digest: row.digest ?? undefined,
      nextOffset: BigInt(row.next_offset ?? 0),
      written: BigInt(row.landed_events),
      quarantined: BigInt(row.quarantined_events),
      promotedTo: BigInt(row.promoted_to),
      gaps: row.gaps === null ? [] : row.gaps.slice(1, -1).split(','),
      gapOffsets: BigInt(row.gap_offsets),
      pruned,
      fromOffset,
    };
  });
}

async function readWrittenSince(
  client: Client,
  since: string,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await askRows<{ topic: string; partition: string; from_offset: string }>(
    client,
    'reconcile/written_since',
    [since],
  );
  return new Map(rows.map((row) => [keyOf(row), BigInt(row.from_offset)]));
}

/** The first parameters of every query about some partitions: their names and where each is compared from. */
export function asked(
  partitions: readonly RecordedPartition[],
): [topics: string[], partitions: number[], from: bigint[]] {
  return [
    partitions.map(({ topic }) => topic),
    partitions.map(({ partition }) => partition),
    partitions.map(({ fromOffset }) => fromOffset),
  ];
}

/** A partition that the metadata does not know. */
export function unknownPartition(name: PartitionName): RecordedPartition {
  return {
    ...name,
    ...{ source: undefined, position: undefined, digest: undefined },
    ...{ nextOffset: 0n, written: 0n, quarantined: 0n },
    ...{ promotedTo: 0n, gaps: [], gapOffsets: 0n, pruned: NOTHING_PRUNED, fromOffset: 0n },
  };
}
