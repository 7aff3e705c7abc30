import { rm } from 'node:fs/promises';
import { isS3 } from '../config/s3.ts';
import { PARTIAL } from '../engine/archive.ts';
import type { Client } from '../postgres/client.ts';
import type { StageContext } from '../progress.ts';
import { sqlFile } from '../sql-file.ts';

/** A file of the archive that holds no event that is anywhere else: it is being written, or another one has its events. */
export interface BegunFile {
  readonly file_id: string;
  readonly archive: string;
  readonly path: string;
  readonly topic: string;
  readonly partition: string;
  readonly from_offset: string;
  readonly to_offset: string;
  readonly warehouse: string;
  readonly is_there: string;
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
): Promise<BegunFile[]> {
  const { rows } = await client.query<BegunFile>(sqlFile('archive/begun_files'));
  const wanted: BegunFile[] = [];
  for (const row of rows) {
    const isOurs = row.warehouse === warehouse;
    if (isOurs && row.is_there === 'true' && isWanted(row)) {
      wanted.push(row);
      continue;
    }
    const place = `${row.archive}/${row.path}`;
    if (isOurs && isS3(place)) {
      context.emit({
        type: 'warning',
        message: `${place} is not needed any more`,
        hint: 'Remove it, if it is there.',
      });
    } else if (isOurs) {
      await rm(place, { force: true });
      await rm(`${place}${PARTIAL}`, { force: true });
    }
    await client.query('delete from medallion.archive_files where file_id = $1', [row.file_id]);
  }
  return wanted;
}
