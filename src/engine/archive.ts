/** What a file of the archive is called while it is being written to a folder; S3 shows no file before it is whole. */
export const PARTIAL = '.partial';

/** Whether a file, or an archive, lies at S3. */
export function isS3(place: string): boolean {
  return place.startsWith('s3://');
}
