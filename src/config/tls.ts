import { readFileSync } from 'node:fs';
import { MedallionError, messageOf } from '../errors.ts';

export interface TlsConfig {
  /** Check the server's certificate and name. Off only when the user said so (sslmode=require and the like). */
  readonly verify: boolean;
  /** Take a verified certificate of any name: sslmode=verify-ca. */
  readonly anyName?: boolean;
  /** Go on without TLS where the server has none: sslmode=prefer. */
  readonly optional?: boolean;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** The certificates of a connection, as Node's TLS takes them. */
export interface Certificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that a TLS configuration names.
 * @param settings what users know each of them by
 * @throws MedallionError config, when one cannot be read
 */
export function readCertificates(
  { caFile, certFile, keyFile }: TlsConfig,
  settings: Readonly<Record<keyof Certificates, string>>,
): Certificates {
  return {
    ...(caFile === undefined ? {} : { ca: readCertificate(caFile, settings.ca) }),
    ...(certFile === undefined ? {} : { cert: readCertificate(certFile, settings.cert) }),
    ...(keyFile === undefined ? {} : { key: readCertificate(keyFile, settings.key) }),
  };
}

/** @throws MedallionError config */
export function readCertificate(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new MedallionError('config', `${setting}: cannot read ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
