import path from 'node:path';
import {
  pathFrom,
  resolveSettings,
  textOf,
  type Environment,
  type Resolved,
} from './config/resolve.ts';
import type { FlagAttribute, SettingKey } from './config/settings.ts';
import type { SparkConfig } from './config/spark.ts';
import { FORMATS, SASL_MECHANISMS, SSL_MODES } from './config/table.ts';
import { MedallionError } from './errors.ts';

export type { Environment };

/**
 * Where things are, resolved once: flag > environment > .env > file > default. This module reads only what it is given.
 */
export interface Config {
  /** The folder of the configuration file, with models and tests of the user's own; undefined where there is no file. */
  readonly project: string | undefined;
  /** Everything medallion keeps on this machine lies below this folder. */
  readonly home: string;
  readonly warehouse: WarehouseConfig;
  readonly log: LogConfig;
  /** Undefined where none is named. */
  readonly registry: RegistryConfig | undefined;
  readonly duckdb: DuckDbConfig;
  readonly spark: SparkConfig;
}

export type WarehouseConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string | undefined;
      /** Where a password is looked for that is not given. */
      readonly passfile: string | undefined;
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
  /** The consumer group that the user named; undefined: each warehouse and topic has its own. */
  readonly group: string | undefined;
  readonly clientId: string;
  /** What the values of the topic are declared to be; JSON when left out. */
  readonly format?: Format;
  readonly sasl: SaslConfig | undefined;
  readonly tls: TlsConfig | undefined;
}

export type Format = (typeof FORMATS)[number];

/** Where schemas are, and who asks for them. */
export interface RegistryConfig {
  readonly url: URL;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly tls: TlsConfig | undefined;
}

export interface SaslConfig {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

export interface DuckDbConfig {
  /** Files of extensions to load instead of those that are found or fetched. */
  readonly extensionFiles: Readonly<Record<'postgres' | 'excel' | 'httpfs', string | undefined>>;
  /** How s3:// is reached. */
  readonly s3: S3Config;
  /** Where a fetched extension may be kept: the user's cache, and the tool's home where that cannot be written. */
  readonly cacheFolders: readonly string[];
}

export interface S3Config {
  /** A server other than Amazon's. */
  readonly endpoint: URL | undefined;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

/** What the global command-line flags may say; each wins over the environment. */
export type ConfigFlags = Readonly<Partial<Record<FlagAttribute, string | boolean | undefined>>>;

const DEFAULT_KAFKA_PORT = 9092;
/** What Kafka takes as a topic name (org.apache.kafka.common.internals.Topic). */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/**
 * The configuration that flags and environment describe.
 * @param cwd the folder that relative paths start from
 * @throws MedallionError config, with every problem in one message
 */
export function parseConfig(flags: ConfigFlags, env: Environment, cwd: string): Config {
  return configOf(
    resolveSettings({ flags, env, fromDotEnv: new Set(), file: undefined }),
    env,
    cwd,
  );
}

/**
 * The configuration that resolved settings describe.
 * @throws MedallionError config, with every problem in one message
 */
export function configOf(resolved: Resolved, env: Environment, cwd: string): Config {
  const settings = new SettingReader(resolved);
  const home = path.resolve(cwd, settings.text('home') ?? '');
  // PostgreSQL writes its data directory into files of lines, and service managers take paths by the line.
  if (/\p{Cc}/u.test(home)) {
    settings.refuse(
      'home',
      `${JSON.stringify(home)} holds a line feed or another control character`,
    );
  }
  const fileOf = (key: SettingKey): string | undefined => {
    const file = settings.text(key);
    return file === undefined ? undefined : path.resolve(cwd, file);
  };
  const staging = settings.text('spark.staging');
  const config: Config = {
    ...{ project: resolved.project, home },
    warehouse: parseWarehouse(resolved.server, settings, userHome(env)),
    log: parseLog(settings),
    registry: parseRegistry(settings, fileOf),
    duckdb: {
      extensionFiles: {
        postgres: fileOf('duckdb.extension'),
        excel: fileOf('duckdb.excel_extension'),
        httpfs: fileOf('duckdb.httpfs_extension'),
      },
      s3: parseS3(settings),
      cacheFolders: [...userCache(env), path.join(home, 'cache')],
    },
    spark: {
      remote: settings.text('spark.remote'),
      token: settings.text('spark.token'),
      caFile: fileOf('spark.tls_ca'),
      staging: staging === undefined ? undefined : pathFrom(cwd, staging),
      stagingRemote: settings.text('spark.staging_remote'),
    },
  };
  if (settings.problems.length > 0) {
    throw new MedallionError('config', settings.problems.join('\n'));
  }
  return config;
}

/** Reads settings, and collects what is wrong with them under the names by which they were given. */
class SettingReader {
  readonly problems: string[];
  readonly #values: Resolved['values'];

  constructor({ values, problems }: Resolved) {
    this.#values = values;
    this.problems = [...problems];
  }

  text(key: SettingKey): string | undefined {
    return this.#values.get(key)?.value;
  }

  /** What somebody said; undefined where the value is derived. */
  given(key: SettingKey): string | undefined {
    const found = this.#values.get(key);
    return found?.source === 'derived' ? undefined : found?.value;
  }

  /** Says of a setting what is wrong with it. */
  refuse(key: SettingKey, problem: string): void {
    this.problems.push(`${this.#values.get(key)?.name ?? key}: ${problem}`);
  }

  isOn(key: SettingKey): boolean {
    const value = this.text(key)?.trim() ?? '';
    if (value !== '' && !/^(1|0|true|false|yes|no|on|off)$/i.test(value)) {
      this.refuse(key, `"${value}" is neither true nor false`);
    }
    return /^(1|true|yes|on)$/i.test(value);
  }

  choice<T extends string>(key: SettingKey, choices: readonly T[], fallback: T): T {
    const value = this.text(key);
    const found = choices.find((known) => known === (value ?? fallback).toLowerCase());
    if (found === undefined) {
      this.refuse(key, `"${value ?? ''}" is none of ${choices.join(', ')}`);
    }
    return found ?? fallback;
  }

  port(key: SettingKey): number {
    const value = this.text(key) ?? '';
    if (!isPort(value)) {
      this.refuse(key, `"${value}" is not a port number`);
    }
    return Number(value);
  }
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** The user's cache folder by the XDG rules, if the environment says where it is. */
function userCache(env: Environment): string[] {
  const xdg = textOf(env['XDG_CACHE_HOME']);
  const folder = userHome(env);
  // The XDG rules: a relative path there is to be ignored.
  if (xdg !== undefined && path.isAbsolute(xdg)) {
    return [path.join(xdg, 'medallion')];
  }
  return folder === undefined ? [] : [path.join(folder, '.cache', 'medallion')];
}

function userHome(env: Environment): string | undefined {
  return textOf(env['HOME']) ?? textOf(env['USERPROFILE']);
}

function parseWarehouse(
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
    ...optional('caFile', caFile),
    ...optional('certFile', settings.text('database.sslcert')),
    ...optional('keyFile', settings.text('database.sslkey')),
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

function parseLog(settings: SettingReader): LogConfig {
  const topic = settings.text('kafka.topic') ?? '';
  if (!TOPIC_NAME.test(topic)) {
    settings.refuse(
      'kafka.topic',
      `"${topic}" is not a topic name: letters, digits, ".", "_" and "-", at most 249`,
    );
  }
  const brokers = settings.text('kafka.brokers');
  if (brokers === undefined) {
    return { kind: 'landing', topic };
  }
  return {
    kind: 'kafka',
    topic,
    brokers: parseBrokers(brokers, settings),
    group: settings.given('kafka.group'),
    clientId: settings.text('kafka.client_id') ?? '',
    format: settings.choice('kafka.format', FORMATS, 'json'),
    sasl: parseSasl(settings),
    tls: parseKafkaTls(settings),
  };
}

/** A name or an IPv4 address, and a port; kafkajs takes no IPv6 address. */
const BROKER = /^([^\s:[\]/]+)(?::(\d{1,5}))?$/;

function parseBrokers(list: string, settings: SettingReader): string[] {
  const brokers = list
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (brokers.length === 0) {
    settings.refuse('kafka.brokers', 'names no broker (host:port, several separated by commas)');
  }
  return brokers.map((broker) => {
    const [, host, port = String(DEFAULT_KAFKA_PORT)] = BROKER.exec(broker) ?? [];
    if (host === undefined || !isPort(port)) {
      settings.refuse('kafka.brokers', `"${broker}" is not host:port`);
    }
    return `${host}:${port}`;
  });
}

function parseSasl(settings: SettingReader): SaslConfig | undefined {
  const username = settings.text('kafka.sasl_username');
  const password = settings.text('kafka.sasl_password');
  const given = settings.text('kafka.sasl_mechanism');
  if (username === undefined && password === undefined && given === undefined) {
    return undefined;
  }
  const mechanism = settings.choice('kafka.sasl_mechanism', SASL_MECHANISMS, 'plain');
  if (username === undefined || password === undefined) {
    settings.problems.push('SASL needs both KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  }
  return { mechanism, username: username ?? '', password: password ?? '' };
}

function parseRegistry(
  settings: SettingReader,
  fileOf: (key: SettingKey) => string | undefined,
): RegistryConfig | undefined {
  const given = settings.text('registry.url');
  if (given === undefined) {
    return undefined;
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    settings.refuse('registry.url', 'it is not a URL like http://localhost:8081');
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    settings.refuse(
      'registry.url',
      'name the user in registry.user, and the password in SCHEMA_REGISTRY_PASSWORD',
    );
  }
  return {
    url,
    user: settings.text('registry.user'),
    password: settings.text('registry.password'),
    token: settings.text('registry.token'),
    tls: {
      verify: settings.isOn('registry.tls_verify'),
      ...optional('caFile', fileOf('registry.tls_ca')),
      ...optional('certFile', fileOf('registry.tls_cert')),
      ...optional('keyFile', fileOf('registry.tls_key')),
    },
  };
}

function parseS3(settings: SettingReader): S3Config {
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

/** TLS is on when it is asked for, by an SSL security protocol, or by any certificate file; it verifies unless told not to. */
function parseKafkaTls(settings: SettingReader): TlsConfig | undefined {
  const caFile = settings.text('kafka.tls_ca');
  const certFile = settings.text('kafka.tls_cert');
  const asked =
    settings.isOn('kafka.tls') || /SSL$/i.test(settings.text('kafka.security_protocol') ?? '');
  if (!asked && caFile === undefined && certFile === undefined) {
    return undefined;
  }
  return {
    verify: settings.isOn('kafka.tls_verify'),
    ...optional('caFile', caFile),
    ...optional('certFile', certFile),
    ...optional('keyFile', settings.text('kafka.tls_key')),
  };
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}
