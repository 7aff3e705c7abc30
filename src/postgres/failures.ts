import { ENDED_HINT } from '../config/session.ts';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';

/** SQLSTATEs and system codes after which the same call may succeed later. */
export const CONNECTION_LOST =
  /^(08...|57P0[1235]|25P0[34]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|EAI_AGAIN|ENOTFOUND)$/;

/** Why a connection was lost, where the server had no time to say. */
export const BROKEN = 'the connection broke';
const WITHOUT_WORDS = /Connection terminated|not queryable|Connection ended|Client was closed/i;

export function noPassword(settings: ConnectionSettings): MedallionError {
  return new MedallionError(
    'denied',
    `PostgreSQL at ${describeServer(settings)} asks user "${settings.user}" for a password`,
    { hint: 'Set it in DATABASE_URL, PGPASSWORD or POSTGRES_PASSWORD, or in ~/.pgpass.' },
  );
}

export function sharedSessions(settings: ConnectionSettings): MedallionError {
  return new MedallionError(
    'config',
    `${describeServer(settings)} is a connection pooler that gives a session to another client after each transaction`,
    {
      hint:
        'medallion needs its own sessions, for its locks: use a database or port of the pooler in session mode ' +
        '(pool_mode = session of PgBouncer), or the server itself.',
    },
  );
}

const BAD_CERTIFICATE =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_)/;

/** A failed connection attempt as the error a user can act on; the password is in no message. */
export function connectionError(error: unknown, settings: ConnectionSettings): MedallionError {
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
        hint: 'Set sslrootcert in DATABASE_URL, or PGSSLROOTCERT, to the file of the certificate authority.',
        cause: error,
      },
    );
  }
  if (/does not support SSL/i.test(messageOf(error))) {
    return new MedallionError('denied', `PostgreSQL at ${server} does not encrypt connections`, {
      hint: 'To connect without TLS, set sslmode=disable in DATABASE_URL or PGSSLMODE.',
      cause: error,
    });
  }
  if (code === '28P01' || code === '28000') {
    return new MedallionError('denied', `PostgreSQL at ${server} refused user "${settings.user}"`, {
      hint: /no encryption|SSL off/i.test(messageOf(error))
        ? 'It accepts only encrypted connections: set sslmode=verify-full in DATABASE_URL or PGSSLMODE.'
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
      hint: 'Check that the server is up, and its host and port. To use the embedded server, unset DATABASE_URL, PG* and POSTGRES_*.',
      cause: error,
      reason: messageOf(error),
      // A server that stops may take a connection, and break it before the first statement.
      retriable:
        CONNECTION_LOST.test(code) ||
        WITHOUT_WORDS.test(messageOf(error)) ||
        /timeout|terminated/i.test(messageOf(error)),
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
          ? 'Use the primary server'
          : 'Turn default_transaction_read_only off: it is on for the server, the database or the role'
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
        hint: 'The transaction was rolled back. Free some space, then run the command again: it goes on from there.',
        cause: error,
      },
    );
  }
  if (code === '42501') {
    return new MedallionError(
      'denied',
      `PostgreSQL at ${describeServer(settings)}: ${messageOf(error)}`,
      {
        hint: `User "${settings.user}" needs that right: ask the owner of the database to grant it.`,
        cause: error,
      },
    );
  }
  return error;
}
