import { isTrue } from './ask.ts';
import type { Client, ConnectionConfig } from 'pg';
import { isThisMachine } from '../config/warehouse.ts';
import { type TlsConfig, readCertificates } from '../config/tls.ts';
import { sessionStatement, type SessionOptions } from '../config/session.ts';
import { codeOf, messageOf } from '../errors.ts';
import { pg } from './driver.ts';
import {
  connectionError,
  lostConnection,
  noPassword,
  READ_ONLY,
  readOnly,
  sharedSessions,
} from './failures.ts';
import { keepsSessions, namedBackend } from './pooler.ts';
import type { ConnectionSettings } from '../config/server.ts';

export type { Client };

// Exact values as text: numeric and bigint never pass through a double, dates stay as PostgreSQL writes them.
const asText = { getTypeParser: () => (value: string) => value };
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that has not been heard of for so long is asked; without an answer the connection is lost 10 s later. */
const KEEP_ALIVE_MS = 15_000;

export type ClientOptions = Pick<SessionOptions, 'keepsLimits'>;

/**
 * Opens a connection whose results are text, in UTC.
 * @throws MedallionError unreachable, denied; config, where a pooler keeps no session for it
 */
export async function connect(
  settings: ConnectionSettings,
  options: ClientOptions = {},
): Promise<Client> {
  try {
    const client = await connectPlain(settings);
    try {
      await openSession(client, settings, options);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw connectionError(error, settings);
  }
}

/** A connection as it comes, with TLS as the settings say. */
async function connectPlain(settings: ConnectionSettings): Promise<Client> {
  try {
    return await connectOnce(settings, tlsOptions(settings.tls));
  } catch (error) {
    if (settings.tls?.optional === true && wantsNoTls(error)) {
      return connectOnce(settings, false);
    }
    throw error;
  }
}

/**
 * Makes the session what ours are: by statements, since a pooler refuses start-up parameters, and not before it is known
 * that the session is ours alone.
 */
async function openSession(
  client: Client,
  settings: ConnectionSettings,
  options: ClientOptions,
): Promise<void> {
  const where =
    settings.facts?.isPooled === true ? 'true' : `pg_backend_pid() = ${namedBackend(client)}`;
  const { rowCount } = await client.query(sessionStatement({ ...options, where }));
  if (rowCount !== 0) {
    return;
  }
  if (!(await keepsSessions(client, () => connectPlain(settings)))) {
    throw sharedSessions(settings);
  }
  await client.query(sessionStatement(options));
}

/** Whether what is sent over the connection can be read on its way to another machine. */
export function isExposed(client: Client, settings: ConnectionSettings): boolean {
  const { stream } = (client as unknown as { connection: { stream: object } }).connection;
  return !('encrypted' in stream) && !isThisMachine(settings.host);
}

/** The server has no TLS, or takes this user only without. */
function wantsNoTls(error: unknown): boolean {
  return (
    /does not support SSL/i.test(messageOf(error)) ||
    (codeOf(error) === '28000' && /SSL encryption/i.test(messageOf(error)))
  );
}

async function connectOnce(
  settings: ConnectionSettings,
  ssl: ConnectionConfig['ssl'],
): Promise<Client> {
  const config: ConnectionConfig & { sslnegotiation: string } = {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    // Without one pg would look for it by itself.
    password:
      settings.password ??
      ((): string => {
        throw noPassword(settings);
      }),
    database: settings.database,
    ssl,
    sslnegotiation: 'postgres',
    application_name: 'medallion',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: asText,
  };
  const client = new pg.Client(config);
  // pg has taken these from the environment of the process, whatever it was given.
  Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, {
    options: undefined,
    replication: undefined,
  });
  // Without a listener a connection that breaks while idle would end the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs `work` with a connection that is closed afterwards, whatever happens. */
export async function withClient<T>(
  settings: ConnectionSettings,
  work: (client: Client) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  const client = await connect(settings, options);
  try {
    return await work(client);
  } catch (error) {
    throw codeOf(error) === READ_ONLY
      ? readOnly(
          settings,
          await isTrue(client, 'select pg_is_in_recovery()').catch(() => false),
          error,
        )
      : lostConnection(error, settings);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function isConnected(client: Client): Promise<boolean> {
  return client.query('select').then(
    () => true,
    () => false,
  );
}

/** @throws MedallionError config, when a certificate file cannot be read */
function tlsOptions(tls: TlsConfig | undefined): ConnectionConfig['ssl'] {
  if (tls === undefined) {
    return false;
  }
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.anyName === true ? { checkServerIdentity: () => undefined } : {}),
    ...readCertificates(tls, { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' }),
  };
}
