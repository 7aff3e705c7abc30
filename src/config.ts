import path from 'node:path';
import { MedallionError } from './errors.ts';

/**
 * Where things are, resolved once: flag > environment > .env > default. This module reads only what it is given.
 */
export interface Config {
  /** Everything medallion keeps on this machine lies below this folder. */
  readonly home: string;
  readonly warehouse: WarehouseConfig;
  readonly log: LogConfig;
  readonly duckdb: DuckDbConfig;
}

export type WarehouseConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string | undefined;
      readonly database: string;
      readonly tls: TlsConfig | undefined;
      /** Which setting named this server, for messages. */
      readonly from: string;
    };

export interface TlsConfig {
  /** Check the server's certificate and name. Off only when the user said so (sslmode=require and the like). */
  readonly verify: boolean;
  /** Take a verified certificate of any name: sslmode=verify-ca. */
  readonly anyName?: boolean;
  /** Go on without TLS where the server has none: sslmode=prefer. */
  readonly optional?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export type LogConfig = { readonly topic: string } & (
  { readonly kind: 'landing' } | ({ readonly kind: 'kafka' } & KafkaConfig)
);

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly group: string;
  readonly clientId: string;
  readonly sasl: SaslConfig | undefined;
  readonly tls: TlsConfig | undefined;
}

export interface SaslConfig {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface DuckDbConfig {
  /** A postgres extension file to load instead of the one that DuckDB finds or installs. */
  readonly extensionFile: string | undefined;
  /** Where a fetched extension may be kept: the user's cache, and the tool's home where that cannot be written. */
  readonly cacheFolders: readonly string[];
}

/** What the global command-line flags may say; each wins over the environment. */
export interface ConfigFlags {
  readonly home?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly brokers?: string | undefined;
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly clientId?: string | undefined;
  readonly saslMechanism?: string | undefined;
  readonly saslUsername?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}

/** The variable that each of these flags stands for. There is none for the password: arguments can be seen by others. */
function kafkaVariables(flags: ConfigFlags): Environment {
  const variables = {
    KAFKA_SASL_MECHANISM: flags.saslMechanism,
    KAFKA_SASL_USERNAME: flags.saslUsername,
    KAFKA_SSL: flags.tls === undefined ? undefined : String(flags.tls),
    KAFKA_SSL_CA: flags.tlsCa,
    KAFKA_SSL_CERT: flags.tlsCert,
    KAFKA_SSL_KEY: flags.tlsKey,
  };
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TOPIC = 'sales';
const DEFAULT_GROUP = 'medallion';
const DEFAULT_KAFKA_PORT = 9092;
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
/** What Kafka takes as a topic name (org.apache.kafka.common.internals.Topic). */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/**
 * The configuration that flags and environment describe.
 * @param cwd the folder that relative paths start from
 * @throws MedallionError config, with every problem in one message
 */
export function parseConfig(flags: ConfigFlags, env: Environment, cwd: string): Config {
  const problems: string[] = [];
  const home = path.resolve(cwd, flags.home ?? text(env['MEDALLION_HOME']) ?? '.medallion');
  const config: Config = {
    home,
    warehouse: parseWarehouse(flags, env, problems),
    log: parseLog(flags, { ...env, ...kafkaVariables(flags) }, problems),
    duckdb: {
      extensionFile: resolved(cwd, text(env['MEDALLION_DUCKDB_EXTENSION'])),
      cacheFolders: [...userCache(env), path.join(home, 'cache')],
    },
  };
  if (problems.length > 0) {
    throw new MedallionError('config', problems.join('\n'));
  }
  return config;
}

/** The user's cache folder by the XDG rules, if the environment says where it is. */
function userCache(env: Environment): string[] {
  const xdg = text(env['XDG_CACHE_HOME']);
  const userHome = text(env['HOME']) ?? text(env['USERPROFILE']);
  // The XDG rules: a relative path there is to be ignored.
  if (xdg !== undefined && path.isAbsolute(xdg)) {
    return [path.join(xdg, 'medallion')];
  }
  return userHome === undefined ? [] : [path.join(userHome, '.cache', 'medallion')];
}

function parseWarehouse(flags: ConfigFlags, env: Environment, problems: string[]): WarehouseConfig {
  const url = flags.databaseUrl ?? text(env['DATABASE_URL']);
  if (url !== undefined) {
    return parseDatabaseUrl(
      url,
      flags.databaseUrl === undefined ? 'DATABASE_URL' : '--database-url',
      env,
      problems,
    );
  }
  for (const [prefix, names] of Object.entries(SERVER_VARIABLES)) {
    const value = (name: keyof ServerVariables): string | undefined =>
      names[name].map((variable) => text(env[variable])).find((found) => found !== undefined);
    if (
      value('host') === undefined &&
      value('database') === undefined &&
      value('user') === undefined
    ) {
      continue;
    }
    const user = value('user') ?? 'postgres';
    return {
      kind: 'server',
      host: value('host') ?? 'localhost',
      port: parsePort(value('port'), 5432, names.port[0] ?? prefix, problems),
      user,
      password: value('password') ?? text(env['PGPASSWORD']),
      database: value('database') ?? user,
      tls: parseSslMode(value('sslmode'), value('host') ?? 'localhost', env, problems),
      from: `${prefix}*`,
    };
  }
  return { kind: 'embedded' };
}

interface ServerVariables {
  readonly host: readonly string[];
  readonly port: readonly string[];
  readonly user: readonly string[];
  readonly password: readonly string[];
  readonly database: readonly string[];
  readonly sslmode: readonly string[];
}

/** libpq's names, and the ones Docker images and the older pipeline's .env use. */
const SERVER_VARIABLES: Readonly<Record<string, ServerVariables>> = {
  PG: {
    host: ['PGHOST'],
    port: ['PGPORT'],
    user: ['PGUSER'],
    password: ['PGPASSWORD'],
    database: ['PGDATABASE'],
    sslmode: ['PGSSLMODE'],
  },
  POSTGRES_: {
    host: ['POSTGRES_HOST'],
    port: ['POSTGRES_PORT'],
    user: ['POSTGRES_USER', 'POSTGRES_USERNAME'],
    password: ['POSTGRES_PASSWORD'],
    database: ['POSTGRES_DB', 'POSTGRES_DATABASE', 'POSTGRES_DBNAME'],
    sslmode: ['POSTGRES_SSLMODE', 'PGSSLMODE'],
  },
};

function parseDatabaseUrl(
  raw: string,
  from: string,
  env: Environment,
  problems: string[],
): WarehouseConfig {
  let url: URL;
  try {
    url = new URL(raw);
  } catch {
    url = new URL('invalid:');
  }
  // An @ behind the host is that of a password with a / in it: what follows is no name of a database.
  if (
    !/^\s*postgres(ql)?:\/\//i.test(raw) ||
    url.pathname.includes('@') ||
    url.protocol === 'invalid:'
  ) {
    problems.push(
      `${from} is not a PostgreSQL URL (postgresql://user:password@host:5432/database)`,
    );
    return { kind: 'embedded' };
  }
  // URL keeps the brackets of an IPv6 address and the escapes of a socket's folder.
  const hostname = unescaped(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host', from, problems);
  const host = (url.searchParams.get('host') ?? hostname) || 'localhost';
  const user = unescaped(url.username, 'user', from, problems) || text(env['PGUSER']) || 'postgres';
  return {
    kind: 'server',
    host,
    port: parsePort(url.port || undefined, 5432, from, problems),
    user,
    password: unescaped(url.password, 'password', from, problems) || text(env['PGPASSWORD']),
    database: unescaped(url.pathname.slice(1), 'database', from, problems) || user,
    tls: parseSslMode(
      url.searchParams.get('sslmode') ?? text(env['PGSSLMODE']),
      host,
      env,
      problems,
      url.searchParams,
    ),
    from,
  };
}

/** A part of a URL without its escapes; what is wrong with it is said without showing it. */
function unescaped(part: string, name: string, from: string, problems: string[]): string {
  try {
    return decodeURIComponent(part);
  } catch {
    problems.push(`${from}: the ${name} holds a % that is no escape; write it as %25`);
    return '';
  }
}

/**
 * libpq's sslmode: verify-full checks certificate and name, verify-ca the certificate, require encrypts without checking,
 * but checks the certificate too when an authority is named; prefer encrypts where the server can. Without a mode it
 * is prefer, as psql has it, and no TLS on this machine itself.
 */
function parseSslMode(
  given: string | undefined,
  host: string,
  env: Environment,
  problems: string[],
  parameters = new URLSearchParams(),
): TlsConfig | undefined {
  const mode = given ?? (isThisMachine(host) ? 'disable' : 'prefer');
  if (!SSL_MODES.some((known) => known === mode)) {
    problems.push(`sslmode "${mode}" is none of ${SSL_MODES.join(', ')}`);
  }
  if (mode === 'disable') {
    return undefined;
  }
  const authority = parameters.get('sslrootcert') ?? text(env['PGSSLROOTCERT']);
  // libpq's word for the authorities that the machine trusts anyway.
  const caFile = authority === 'system' ? undefined : authority;
  const isOptional = mode === 'allow' || mode === 'prefer';
  const checksIssuer = mode === 'verify-ca' || (mode === 'require' && caFile !== undefined);
  return {
    verify: mode === 'verify-full' || checksIssuer,
    ...(checksIssuer ? { anyName: true } : {}),
    ...(isOptional ? { optional: true } : {}),
    ...optional('caFile', caFile),
    ...optional('certFile', parameters.get('sslcert') ?? text(env['PGSSLCERT'])),
    ...optional('keyFile', parameters.get('sslkey') ?? text(env['PGSSLKEY'])),
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

function parseLog(flags: ConfigFlags, env: Environment, problems: string[]): LogConfig {
  const topic = flags.topic ?? text(env['KAFKA_TOPIC']) ?? DEFAULT_TOPIC;
  if (!TOPIC_NAME.test(topic)) {
    problems.push(
      `topic "${topic}" is not a topic name: letters, digits, ".", "_" and "-", at most 249`,
    );
  }
  const brokers = flags.brokers ?? text(env['KAFKA_BROKERS']);
  if (brokers === undefined) {
    return { kind: 'landing', topic };
  }
  const tls = parseKafkaTls(env);
  return {
    kind: 'kafka',
    topic,
    brokers: parseBrokers(brokers, problems),
    group: flags.group ?? text(env['KAFKA_GROUP']) ?? text(env['KAFKA_GROUP_ID']) ?? DEFAULT_GROUP,
    clientId: flags.clientId ?? text(env['KAFKA_CLIENT_ID']) ?? 'medallion',
    sasl: parseSasl(env, problems),
    tls,
  };
}

function parseBrokers(list: string, problems: string[]): string[] {
  const brokers = list
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')
    .map((broker) => (/:\d+$/.test(broker) ? broker : `${broker}:${String(DEFAULT_KAFKA_PORT)}`));
  if (brokers.length === 0) {
    problems.push('KAFKA_BROKERS names no broker (host:port, several separated by commas)');
  }
  return brokers;
}

function parseSasl(env: Environment, problems: string[]): SaslConfig | undefined {
  const username = text(env['KAFKA_SASL_USERNAME']);
  const password = text(env['KAFKA_SASL_PASSWORD']);
  const given = text(env['KAFKA_SASL_MECHANISM'])?.toLowerCase();
  if (username === undefined && password === undefined && given === undefined) {
    return undefined;
  }
  const mechanism = SASL_MECHANISMS.find((known) => known === (given ?? 'plain'));
  if (mechanism === undefined) {
    problems.push(`KAFKA_SASL_MECHANISM "${given ?? ''}" is none of ${SASL_MECHANISMS.join(', ')}`);
  }
  if (username === undefined || password === undefined) {
    problems.push('SASL needs both KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  }
  return { mechanism: mechanism ?? 'plain', username: username ?? '', password: password ?? '' };
}

/** TLS is on with KAFKA_SSL=true, a SSL security protocol, or any certificate file; it always verifies unless told not to. */
function parseKafkaTls(env: Environment): TlsConfig | undefined {
  const caFile = text(env['KAFKA_SSL_CA']);
  const certFile = text(env['KAFKA_SSL_CERT']);
  const keyFile = text(env['KAFKA_SSL_KEY']);
  const asked =
    truthy(env['KAFKA_SSL']) ||
    /SSL$/i.test(text(env['KAFKA_SECURITY_PROTOCOL']) ?? '') ||
    caFile !== undefined;
  if (!asked && certFile === undefined) {
    return undefined;
  }
  return {
    verify: text(env['KAFKA_SSL_VERIFY']) === undefined || truthy(env['KAFKA_SSL_VERIFY']),
    ...optional('caFile', caFile),
    ...optional('certFile', certFile),
    ...optional('keyFile', keyFile),
  };
}

function parsePort(
  value: string | undefined,
  fallback: number,
  name: string,
  problems: string[],
): number {
  if (value === undefined) {
    return fallback;
  }
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65535) {
    problems.push(`${name}: "${value}" is not a port number`);
    return fallback;
  }
  return port;
}

/** A variable set to nothing is a variable not set. */
function text(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

function truthy(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value?.trim() ?? '');
}

function resolved(cwd: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(cwd, file);
}

function optional<K extends string>(
  key: K,
  value: string | null | undefined,
): Partial<Record<K, string>> {
  return value === null || value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}
