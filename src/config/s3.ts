/** Whether a file, or a folder, lies at S3. */
export function isS3(place: string): boolean {
  return place.startsWith('s3://');
}

/** The place that a text names at S3, without a slash at its end; undefined where it names none. */
export function s3Place(text: string): string | undefined {
  const place = text.replace(/\/+$/, '');
  return /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^*?[\]]+)?$/.test(place) ? place : undefined;
}
