import path from 'node:path';
import type { SettingReader } from './setting-reader.ts';
import type { ConnectionSettings } from './server.ts';
import { SSL_MODES } from './warehouse-settings.ts';
import type { TlsConfig } from './tls.ts';

export type WarehouseConfig =
  | { readonly kind: 'embedded' }
  | (Omit<ConnectionSettings, 'facts'> & {
      readonly kind: 'server';
      /** Where a password is looked for that is not given. */
      readonly passfile: string | undefined;
      /** Which setting named this server, for messages. */
      readonly from: string;
    });

export function parseWarehouse(
  from: string | undefined,
  settings: SettingReader,
  folder: string | undefined,
): WarehouseConfig {
  if (from === undefined) {
    return { kind: 'embedded' };
  }
  const host = settings.text('database.host') ?? '';
  return {
    kind: 'server',
    host,
    port: settings.port('database.port'),
    user: settings.text('database.user') ?? '',
    password: settings.text('database.password'),
    passfile: settings.text('database.passfile') ?? (folder && path.join(folder, '.pgpass')),
    database: settings.text('database.name') ?? '',
    tls: parseSslMode(host, settings),
    from,
  };
}

/**
 * libpq's sslmode: verify-full checks certificate and name, verify-ca the certificate, require encrypts without checking,
 * but checks the certificate too when an authority is named; prefer encrypts where the server can. Without a mode it
 * is prefer, as psql has it, and no TLS on this machine itself.
 */
function parseSslMode(host: string, settings: SettingReader): TlsConfig | undefined {
  const mode = settings.choice(
    'database.sslmode',
    SSL_MODES,
    isThisMachine(host) ? 'disable' : 'prefer',
  );
  if (mode === 'disable') {
    return undefined;
  }
  const authority = settings.text('database.sslrootcert');
  // libpq's word for the authorities that the machine trusts anyway.
  const caFile = authority === 'system' ? undefined : authority;
  const isOptional = mode === 'allow' || mode === 'prefer';
  const checksIssuer = mode === 'verify-ca' || (mode === 'require' && caFile !== undefined);
  return {
    verify: mode === 'verify-full' || checksIssuer,
    ...(checksIssuer ? { anyName: true } : {}),
    ...(isOptional ? { optional: true } : {}),
    caFile,
    certFile: settings.text('database.sslcert'),
    keyFile: settings.text('database.sslkey'),
  };
}

/** A loopback address, or the folder of a socket: what is sent there never leaves the machine. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host) || host.startsWith('/');
}

/** libpq's name for what a TLS configuration says. */
export function sslModeOf(tls: TlsConfig | undefined): (typeof SSL_MODES)[number] {
  if (tls === undefined) {
    return 'disable';
  }
  if (!tls.verify) {
    return tls.optional === true ? 'prefer' : 'require';
  }
  return tls.anyName === true ? 'verify-ca' : 'verify-full';
}
