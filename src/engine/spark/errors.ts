import { firstLine, MedallionError } from '../../errors.ts';
import { StatementError } from './connect.ts';

const STORAGE_HINT =
  'Nothing half-done was kept. Set spark.staging to a folder, or s3://bucket/prefix, that this machine and the workers share, and spark.staging_remote to its name on the workers.';

/** Words of Spark, Hadoop, Sail and the system for a place that cannot be read or written. */
const STORAGE =
  /no such file|FileNotFound|PATH_NOT_FOUND|does not exist: file|permission denied|AccessDenied|no space left|disk quota|file too large|read-only file system|Mkdirs failed|UNSUPPORTED_FILESYSTEM|No FileSystem for scheme|unable to infer schema|Generic S3 error|NoSuchBucket|S3Exception|S3AFileSystem|Unable to load (?:AWS )?credentials/i;

/** The failure of a statement that reads or writes staged files, where it is about these; any other passes. */
export function stagingError(error: unknown): unknown {
  return error instanceof StatementError && STORAGE.test(error.message)
    ? stagingFailure(error)
    : error;
}

export function stagingFailure(error: StatementError): MedallionError {
  return new MedallionError(
    'storage',
    `Spark cannot use the staging folder: ${firstLine(error.message)}`,
    { hint: STORAGE_HINT, cause: error },
  );
}
