/**
 * What a session with the warehouse is like, whoever opens it: what the role, the database or the environment say must
 * not make two clients read one server in two ways.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  client_min_messages: 'warning',
  // The server must not keep the locks of a client that a network cut off.
  tcp_keepalives_idle: '15',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
};

/** Limits that a role or a database has for short work; a promotion is none, and its sessions wait for each other. */
const LIMITS = [
  'statement_timeout',
  'lock_timeout',
  'idle_session_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
];
/** What to do about a statement that the server ended all the same. */
export const ENDED_HINT =
  'It was rolled back. A time limit of the role or the database (statement_timeout, for one) ended it, or somebody with ' +
  'pg_cancel_backend. Raise the limit (alter role .. set ..), then run the command again.';

/** The version of PostgreSQL that brought it. */
const SINCE: Readonly<Record<string, number>> = { transaction_timeout: 17 };

/** What was found out about a server before anything was written to it. */
export interface ServerFacts {
  /** 18 */
  readonly majorVersion: number;
  /** Whether a connection pooler stands in between, which takes fewer start-up parameters. */
  readonly isPooled: boolean;
  /** What tells this database from every other one, and the statement that asks for it. */
  readonly identity: { readonly sql: string; readonly value: string };
}

export interface SessionOptions {
  /** Leave the limits at what the role has. */
  readonly keepsLimits?: boolean;
  /** A condition under which alone it is done; without a row in the answer it was not. */
  readonly where?: string;
}

/** A statement of PostgreSQL that makes a session so. */
export function sessionStatement(options: SessionOptions = {}): string {
  const { keepsLimits = false, where = 'true' } = options;
  const settings = [
    ...Object.entries(SETTINGS),
    ...(keepsLimits ? [] : LIMITS.map((name) => [name, '0'])),
  ];
  const rows = settings.map(([name, value]) => `('${String(name)}', '${String(value)}')`);
  return `select set_config(name, setting, false) from (values ${rows.join(', ')}) as session (name, setting)
    where current_setting(name, true) is not null and ${where}`;
}

/** The same as start-up parameter `options`, which no pooler takes. */
export function sessionOptions(majorVersion: number): string {
  const limits = LIMITS.filter((name) => majorVersion >= (SINCE[name] ?? 0));
  return [...Object.entries(SETTINGS), ...limits.map((name) => [name, '0'])]
    .map(([name, value]) => `-c ${String(name)}=${String(value).replaceAll(' ', '\\ ')}`)
    .join(' ');
}
