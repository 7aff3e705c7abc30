import { affectsRows, arraysOf } from './ask.ts';
import type { Client } from './client.ts';
import { sqlFile } from '../sql-file.ts';
import type { PartitionName } from './offsets.ts';

/** A file of the archive, which holds events with bronze's columns. */
export interface ArchiveFile extends PartitionName {
  /** A path of this machine, or s3://bucket/key. */
  readonly place: string;
  readonly events: number;
}

const PLACE = `archive || '/' || path as place`;

export async function readArchiveFiles(client: Client): Promise<ArchiveFile[]> {
  const { rows } = await client.query<Record<keyof ArchiveFile, string>>(
    `select ${PLACE}, topic, partition, events from medallion.archive_files
     where archived_at is not null order by topic, partition, from_offset`,
  );
  return rows.map(({ partition, events, ...row }) => ({
    ...{ ...row, partition: Number(partition), events: Number(events) },
  }));
}

/** Whether anything was ever archived: where nothing was, nobody need ask for files. */
export async function hasArchive(client: Client): Promise<boolean> {
  return affectsRows(client, 'select from medallion.archived_ranges limit 1');
}

/** Places of the files that hold events of some ranges of offsets. */
export async function placesOfRanges(
  client: Client,
  ranges: readonly (PartitionName & { readonly from: bigint; readonly to: bigint })[],
): Promise<string[]> {
  const { rows } = await client.query<{ place: string }>(
    `select ${PLACE} from medallion.archive_files
     where file_id in (${sqlFile('archive/files_of_ranges')}) order by place`,
    arraysOf(ranges, 'topic', 'partition', 'from', 'to'),
  );
  return rows.map(({ place }) => place);
}

/** Places of the files that hold some events. */
export async function placesOfEvents(
  client: Client,
  events: readonly (PartitionName & { readonly offset: bigint })[],
): Promise<string[]> {
  return placesOfRanges(
    client,
    events.map((event) => ({ ...event, from: event.offset, to: event.offset + 1n })),
  );
}
