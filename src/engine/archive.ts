/** What a file of the archive is called while it is being written to a folder; S3 shows no file before it is whole. */
export const PARTIAL = '.partial';
