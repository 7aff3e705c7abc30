import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate authority of a test's own. */
export interface Authority {
  /** PEM file of its certificate. */
  readonly certificate: string;
  /** Signs a certificate for the host names given. */
  issue(name: string, hosts: readonly string[]): Promise<{ certificate: string; key: string }>;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority with openssl; its files lie in `folder`. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  const place = (file: string): string => path.join(folder, `${name}-${file}`);
  const certificate = place('ca.pem');
  await run('openssl', [
    ...['req', '-x509', ...EC_KEY, '-days', '2', '-subj', `/CN=${name}`],
    ...['-keyout', place('ca.key'), '-out', certificate],
  ]);
  return {
    certificate,
    async issue(subject, hosts) {
      const key = place(`${subject}.key`);
      const request = place(`${subject}.csr`);
      const extensions = place(`${subject}.ext`);
      const signed = place(`${subject}.pem`);
      await writeFile(extensions, `subjectAltName=${hosts.map((host) => `DNS:${host}`).join()}\n`);
      await run('openssl', [
        ...['req', '-new', ...EC_KEY, '-subj', `/CN=${subject}`],
        ...['-keyout', key, '-out', request],
      ]);
      await run('openssl', [
        ...['x509', '-req', '-in', request, '-CA', certificate, '-CAkey', place('ca.key')],
        ...['-CAcreateserial', '-days', '2', '-extfile', extensions, '-out', signed],
      ]);
      return { certificate: signed, key };
    },
  };
}

/** Makes a certificate that a Kafka broker on this machine signs itself, and the file that the broker has it from. */
export async function createBrokerCertificate(
  folder: string,
): Promise<{ certificate: string; keystoreFile: string }> {
  const certificate = path.join(folder, 'ca.pem');
  const key = path.join(folder, 'key.pem');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=broker'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ]);
  const keystoreFile = path.join(folder, 'keystore.pem');
  await writeFile(
    keystoreFile,
    (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')),
  );
  return { certificate, keystoreFile };
}
