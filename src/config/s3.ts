import type { SettingReader } from './setting-reader.ts';

export interface S3Config {
  /** A server other than Amazon's. */
  readonly endpoint: URL | undefined;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

export function parseS3(settings: SettingReader): S3Config {
  const endpoint = settings.text('s3.endpoint');
  const url = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (endpoint !== undefined && !/^https?:$/.test(url?.protocol ?? '')) {
    settings.refuse('s3.endpoint', `"${endpoint}" is not a URL like https://s3.example.com`);
  }
  return {
    endpoint: url,
    region: settings.text('s3.region') ?? '',
    accessKeyId: settings.text('s3.access_key_id'),
    secretAccessKey: settings.text('s3.secret_access_key'),
    sessionToken: settings.text('s3.session_token'),
  };
}

export function isS3(place: string): boolean {
  return place.startsWith('s3://');
}

/** The place that a text names at S3, without a slash at its end; undefined where it names none. */
export function s3Place(text: string): string | undefined {
  const place = text.replace(/\/+$/, '');
  return /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^*?[\]]+)?$/.test(place) ? place : undefined;
}
