import { rm } from 'node:fs/promises';
import { isS3 } from '../config/s3.ts';
import { PARTIAL } from '../engine/archive.ts';
import type { Client } from '../postgres/client.ts';
import type { PartitionName } from '../postgres/offsets.ts';
import { readRows } from '../postgres/rows.ts';
import type { StageContext } from '../progress.ts';

/** A file to write: offsets `from` up to `to` (exclusive), all that bronze has of them. */
export interface FileToWrite extends PartitionName {
  readonly fileId: bigint;
  /** Below the archive. */
  readonly path: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** A file of the archive that holds no event that is anywhere else: it is being written, or another one has its events. */
interface BegunFile extends FileToWrite {
  readonly archive: string;
  readonly warehouse: string;
  /** Whether bronze still has events of it. */
  readonly isThere: boolean;
}

/**
 * The files of this warehouse that were begun, whose events bronze still has, and that are wanted. All others are removed:
 * a killed run has left them.
 */
export async function sortOutBegun(
  client: Client,
  warehouse: string,
  isWanted: (file: BegunFile) => boolean,
  context: StageContext,
): Promise<FileToWrite[]> {
  const wanted: BegunFile[] = [];
  for (const row of await readRows<BegunFile>(client, 'archive/begun_files')) {
    const isOurs = row.warehouse === warehouse;
    if (isOurs && row.isThere && isWanted(row)) {
      wanted.push(row);
      continue;
    }
    const place = `${row.archive}/${row.path}`;
    if (isOurs && isS3(place)) {
      context.emit({
        type: 'warning',
        message: `cannot remove ${place}, which is not needed any more`,
        hint: 'Remove it yourself, if it exists.',
      });
    } else if (isOurs) {
      await rm(place, { force: true });
      await rm(`${place}${PARTIAL}`, { force: true });
    }
    await client.query('delete from medallion.archive_files where file_id = $1', [row.fileId]);
  }
  return wanted;
}
