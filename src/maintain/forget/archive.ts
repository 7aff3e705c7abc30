import { randomBytes } from 'node:crypto';
import { isS3 } from '../../config/s3.ts';
import { withArchiveRewriter, type ArchiveRewriter } from '../../engine/duckdb/archive-rewrite.ts';
import { MedallionError, throwIfInterrupted } from '../../errors.ts';
import { hasArchive } from '../../postgres/archive.ts';
import { readRows } from '../../postgres/rows.ts';
import { changeOf, count, note, rehash, type Change, type Work } from './work.ts';

/** A file of the archive. */
interface ArchiveFile {
  readonly fileId: bigint;
  readonly archive: string;
  readonly path: string;
  readonly topic: string;
  readonly partition: number;
  readonly events: bigint;
  readonly warehouse: string;
}

type RewriteFile = (
  rewriter: ArchiveRewriter,
  file: ArchiveFile,
  changes: readonly Change[],
) => Promise<void>;

/** Goes through the files of the archive. */
export async function eraseArchive(
  work: Work,
  rewrite: RewriteFile = () => Promise.resolve(),
): Promise<void> {
  const { client, options, context } = work;
  if (!(await hasArchive(client))) {
    return;
  }
  const files = await readRows<ArchiveFile>(client, 'forget/archive_files');
  await withArchiveRewriter(options.duckdb, context, async (rewriter) => {
    for (const file of files) {
      throwIfInterrupted(context.signal);
      const { topic, partition } = file;
      const changes: Change[] = [];
      const place = `${file.archive}/${file.path}`;
      const versions = work.versions
        .filter((version) => version.topic === topic && version.partition === partition)
        .map(({ offset }) => offset);
      const events = rewriter.eventsWith(options.customer, versions, place);
      for await (const { offset, value, ...beside } of events) {
        const change = changeOf(work, { topic, partition, offset }, value, beside);
        if (change !== undefined) {
          changes.push(change);
        }
      }
      note(work, 'archive', changes);
      if (changes.length > 0) {
        await rewrite(rewriter, file, changes);
      }
    }
  });
}

/**
 * Writes a file of the archive again, beside the old one.
 * @returns what puts the new one in the place of the old one, in a transaction
 */
export async function rewriteFile(
  work: Work,
  rewriter: ArchiveRewriter,
  file: ArchiveFile,
  changes: readonly Change[],
  { warehouse, runId }: { readonly warehouse: string; readonly runId: bigint },
): Promise<() => Promise<void>> {
  const { client } = work;
  const { archive, path, topic, partition, fileId } = file;
  const name = path.replace(/(?:-[0-9a-f]{8})?\.parquet$/, '');
  const to = `${name}-${randomBytes(4).toString('hex')}.parquet`;
  const begin = async (unneeded: string): Promise<bigint | undefined> => {
    const values = [archive, unneeded, topic, partition, 0, 0, 0, 0, warehouse, runId];
    const [row] = await readRows<{ readonly fileId: bigint }>(client, 'archive/begin_file', values);
    return row?.fileId;
  };
  const begun = await begin(to);
  const written = await rewriter.rewrite(`${archive}/${path}`, changes, `${archive}/${to}`);
  if (written.events !== file.events) {
    throw new MedallionError(
      'storage',
      `${archive}/${path} does not have the events that were archived there`,
      {
        hint: 'Nothing was changed. Somebody changed the file: restore it from a copy.',
      },
    );
  }
  return async () => {
    await client.query('delete from medallion.archive_files where file_id = $1', [begun]);
    await client.query(
      `update medallion.archive_files set path = $2, bytes = $3, file_bytes = $4, warehouse = $5
       where file_id = $1`,
      [fileId, to, written.bytes, written.fileBytes ?? null, warehouse],
    );
    // What another warehouse wrote, of which this one is a copy, is not removed: that one reads it still.
    const isOurs = file.warehouse === warehouse;
    if (isOurs) {
      await begin(path);
    }
    if (!isOurs || isS3(archive)) {
      count(work.places, { place: `${archive}/${path}`, rows: changes.length, isChanged: false });
    }
    await rehash(work, changes);
  };
}
