import type { TlsConfig } from './tls.ts';
import type { ServerFacts } from './session.ts';

/** A server that is up: everything a client, or an engine, needs to reach it. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsConfig | undefined;
  readonly facts?: ServerFacts;
}

/** host:port/database, for messages. */
export function describeServer(settings: ConnectionSettings): string {
  return `${settings.host}:${String(settings.port)}/${settings.database}`;
}
