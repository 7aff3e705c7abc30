import type { Client, ConnectionConfig } from 'pg';
import { isThisMachine, type TlsConfig } from '../config.ts';
import { readCertificates } from '../config/certificates.ts';
import {
  ENDED_HINT,
  sessionStatement,
  type ServerFacts,
  type SessionOptions,
} from '../config/session.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { pg } from './driver.ts';
import { keepsSessions, namedBackend } from './pooler.ts';

/** A server that is up: everything a client, or an engine, needs to reach it. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsConfig | undefined;
  /** What is known of it already. */
  readonly facts?: ServerFacts;
}

export type { Client };

// Exact values as text: numeric and bigint never pass through a double, dates stay as PostgreSQL writes them.
const asText = { getTypeParser: () => (value: string) => value };
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that has not been heard of for so long is asked; without an answer the connection is lost 10 s later. */
const KEEP_ALIVE_MS = 15_000;

/** SQLSTATEs and system codes after which the same call may succeed later. */
export const CONNECTION_LOST =
  /^(08...|57P0[1235]|25P0[34]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|EAI_AGAIN|ENOTFOUND)$/;

/** Why a connection was lost, where the server had no time to say. */
export const BROKEN = 'the connection broke';
const WITHOUT_WORDS = /Connection terminated|not queryable|Connection ended|Client was closed/i;

/** host:port/database, for messages. */
export function describeServer(settings: ConnectionSettings): string {
  return `${settings.host}:${String(settings.port)}/${settings.database}`;
}

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

function noPassword(settings: ConnectionSettings): MedallionError {
  return new MedallionError(
    'denied',
    `PostgreSQL at ${describeServer(settings)} asks user "${settings.user}" for a password`,
    { hint: 'Give it in DATABASE_URL, PGPASSWORD or POSTGRES_PASSWORD, or in ~/.pgpass.' },
  );
}

function sharedSessions(settings: ConnectionSettings): MedallionError {
  return new MedallionError(
    'config',
    `${describeServer(settings)} is a connection pooler that gives a session to another client after each transaction`,
    {
      hint:
        'medallion needs sessions of its own, for its locks: name a database or a port of the pooler in session mode ' +
        '(pool_mode = session of PgBouncer), or the server itself.',
    },
  );
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
      ? readOnly(settings, await isStandby(client), error)
      : lostConnection(error, settings);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function isStandby(client: Client): Promise<boolean> {
  return client.query<{ standby: string }>('select pg_is_in_recovery()::text as standby').then(
    ({ rows }) => rows[0]?.standby === 'true',
    () => false,
  );
}

/** Whether the server still answers on this connection. */
export async function isConnected(client: Client): Promise<boolean> {
  return client.query('select').then(
    () => true,
    () => false,
  );
}

/** How many transactions, one in another, each connection is in. */
const depths = new WeakMap<Client, number>();

/** Ends with the statement that was begun last on each connection that several share. */
const turns = new WeakMap<Client, Promise<unknown>>();

/** Runs a statement when those before it have ended, on a connection that several share: pg has each wait by itself. */
export function inTurn<T>(client: Client, statement: () => Promise<T>): Promise<T> {
  const ended = (turns.get(client) ?? Promise.resolve()).then(statement);
  turns.set(
    client,
    ended.catch(() => undefined),
  );
  return ended;
}

/** Whether the connection is in a transaction that `withTransaction` has begun. */
export function isInTransaction(client: Client): boolean {
  return (depths.get(client) ?? 0) > 0;
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Within another one it is a
 * part of that, which is rolled back alone and committed with the whole.
 */
export async function withTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const depth = depths.get(client) ?? 0;
  const savepoint = `medallion_${String(depth)}`;
  const [begin, commit, rollback] =
    depth === 0
      ? ['begin', 'commit', 'rollback']
      : [
          `savepoint ${savepoint}`,
          `release savepoint ${savepoint}`,
          `rollback to savepoint ${savepoint}; release savepoint ${savepoint}`,
        ];
  await inTurn(client, () => client.query(begin));
  depths.set(client, depth + 1);
  try {
    const result = await work();
    await inTurn(client, () => client.query(commit));
    return result;
  } catch (error) {
    await inTurn(client, () => client.query(rollback)).catch(() => undefined);
    throw error;
  } finally {
    depths.set(client, depth);
  }
}

const UNDO = new Error('rolled back on purpose');

/** The result of work in one transaction, or a part of one, that leaves nothing behind. */
export async function withRollback<T>(client: Client, work: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  try {
    await withTransaction(client, async () => {
      result = { value: await work() };
      throw UNDO;
    });
  } catch (error) {
    if (error !== UNDO) {
      throw error;
    }
  }
  if (result === undefined) {
    throw new Error('work without a result');
  }
  return result.value;
}

const BAD_CERTIFICATE =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

/** A failed connection attempt as the error a user can act on; the password is in no message. */
function connectionError(error: unknown, settings: ConnectionSettings): MedallionError {
  if (error instanceof MedallionError) {
    return error;
  }
  const server = describeServer(settings);
  const code = codeOf(error) ?? '';
  if (BAD_CERTIFICATE.test(code)) {
    return new MedallionError(
      'denied',
      `no trusted TLS connection to PostgreSQL at ${server}: ${messageOf(error)}`,
      {
        hint: 'sslrootcert in DATABASE_URL, or PGSSLROOTCERT, names the file of the certificate authority.',
        cause: error,
      },
    );
  }
  if (/does not support SSL/i.test(messageOf(error))) {
    return new MedallionError('denied', `PostgreSQL at ${server} does not encrypt connections`, {
      hint: 'sslmode=disable, in DATABASE_URL or PGSSLMODE, connects without TLS.',
      cause: error,
    });
  }
  if (code === '28P01' || code === '28000') {
    return new MedallionError('denied', `PostgreSQL at ${server} refused user "${settings.user}"`, {
      hint: /no encryption|SSL off/i.test(messageOf(error))
        ? 'It takes encrypted connections only: sslmode=verify-full, in DATABASE_URL or PGSSLMODE.'
        : 'Check the user and password in DATABASE_URL, PG* or POSTGRES_*.',
      cause: error,
    });
  }
  if (code === '3D000') {
    return new MedallionError(
      'unreachable',
      `PostgreSQL at ${server} has no database "${settings.database}"`,
      {
        hint: `Create it: createdb -h ${settings.host} -p ${String(settings.port)} ${settings.database}`,
        cause: error,
      },
    );
  }
  return new MedallionError(
    'unreachable',
    `cannot reach PostgreSQL at ${server}: ${messageOf(error)}`,
    {
      hint: 'Is the server up, and are host and port right? Unset DATABASE_URL, PG* and POSTGRES_* to use the embedded server.',
      cause: error,
      reason: messageOf(error),
      retriable: CONNECTION_LOST.test(code) || /timeout|terminated/i.test(messageOf(error)),
    },
  );
}

/** SQLSTATE of a write to a standby, or where transactions are read-only by default. */
export const READ_ONLY = '25006';
/** SQLSTATEs of a statement that took too long, or waited too long for a lock, or was cancelled. */
export const ENDED = /^(57014|55P03)$/;

/** A server that takes no writes, for now: another one may become the primary, or its disk may be given room. */
export function readOnly(
  settings: ConnectionSettings,
  isStandby: boolean,
  cause?: unknown,
): MedallionError {
  return new MedallionError(
    'unreachable',
    `PostgreSQL at ${describeServer(settings)} is read-only${isStandby ? ': it is a standby' : ''}`,
    {
      hint: `${
        isStandby
          ? 'Name the primary server'
          : 'default_transaction_read_only is on, for the server, the database or the role: it has to be off'
      }. Nothing half-done was kept; with --retry-for, ingest, promote and run wait until the server takes writes.`,
      cause,
      reason: isStandby ? 'it is a standby' : 'it is read-only',
      retriable: true,
    },
  );
}

/** Turns the loss of a connection in mid-work into `unreachable`; anything else is passed through. */
export function lostConnection(error: unknown, settings: ConnectionSettings): unknown {
  if (error instanceof MedallionError) {
    return error;
  }
  const code = codeOf(error) ?? '';
  const isWithoutWords = WITHOUT_WORDS.test(messageOf(error));
  if (CONNECTION_LOST.test(code) || isWithoutWords) {
    return new MedallionError(
      'unreachable',
      `lost PostgreSQL at ${describeServer(settings)}: ${messageOf(error)}`,
      {
        hint: 'Nothing half-done was kept. Run the command again when the server is back.',
        cause: error,
        reason: isWithoutWords ? BROKEN : messageOf(error),
        retriable: true,
      },
    );
  }
  if (code === READ_ONLY) {
    return readOnly(settings, false, error);
  }
  if (ENDED.test(code)) {
    return new MedallionError(
      'denied',
      `PostgreSQL at ${describeServer(settings)} ended a statement: ${messageOf(error)}`,
      {
        hint: ENDED_HINT,
        cause: error,
      },
    );
  }
  if (code === '53100') {
    return new MedallionError(
      'storage',
      `PostgreSQL at ${describeServer(settings)} has no disk space left`,
      {
        hint: 'Free some space; the transaction was rolled back and the next run goes on from there.',
        cause: error,
      },
    );
  }
  if (code === '42501') {
    return new MedallionError(
      'denied',
      `PostgreSQL at ${describeServer(settings)}: ${messageOf(error)}`,
      {
        hint: `User "${settings.user}" needs that right; the owner of the database can grant it.`,
        cause: error,
      },
    );
  }
  return error;
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
