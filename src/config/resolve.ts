import path from 'node:path';
import type { SettingsFile } from './file.ts';
import { refusedParameter, refusedVariables } from './libpq.ts';
import { flagAttribute, flagName, settingOf, SETTINGS, type SettingKey } from './settings.ts';

/** Variables of the process, a variable set to nothing being one not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Given {
  /** By the name that commander gives them: databaseUrl for --database-url. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The environment, with .env beneath it. */
  readonly env: Environment;
  /** Names of the variables that .env, and not the environment, has set. */
  readonly fromDotEnv: ReadonlySet<string>;
  readonly file: SettingsFile | undefined;
}

/** A value and who said it. */
export interface Found {
  readonly value: string;
  /** For messages: --brokers, KAFKA_BROKERS, medallion.yaml:12. */
  readonly name: string;
  /** For people: flag --brokers, environment KAFKA_BROKERS, .env KAFKA_BROKERS, medallion.yaml:12, default, derived. */
  readonly source: string;
}

export interface Resolved {
  /** What was said or holds by default; absent where a setting has no value. */
  readonly values: ReadonlyMap<SettingKey, Found>;
  /** What names the server to connect to; undefined when nothing does, and the embedded one is used. */
  readonly server: string | undefined;
  readonly file: string | undefined;
  /** The folder that it marks. */
  readonly project: string | undefined;
  readonly problems: readonly string[];
}

/** Each setting from the first place that says it: flag, environment, .env, file, default. */
export function resolveSettings(given: Given): Resolved {
  const problems: string[] = [];
  const database = resolveDatabase(given, problems);
  const values = new Map(database.values);
  const ofServer: readonly SettingKey[] = ['database.url', ...PARTS];
  for (const { key } of SETTINGS.filter((setting) => !ofServer.includes(setting.key))) {
    const found = fromFlag(given, key) ?? fromVariables(given, key) ?? fromFile(given, key);
    const { default: fallback, isDerived = false } = settingOf(key);
    if (found !== undefined) {
      values.set(key, found);
    } else if (fallback !== undefined) {
      const source = isDerived ? 'derived' : 'default';
      // In a folder of a project everything is as in the project's own.
      const isElsewhere = given.file?.isAbove === true && settingOf(key).kind === 'path';
      const value = isElsewhere ? pathFrom(given.file.folder, fallback) : fallback;
      values.set(key, { value, name: key, source });
    }
  }
  return {
    ...{ values, server: database.server, problems },
    ...{ file: given.file?.name, project: given.file?.folder },
  };
}

function fromFlag({ flags }: Given, key: SettingKey): Found | undefined {
  const setting = settingOf(key);
  const value = setting.flag === undefined ? undefined : flags[flagAttribute(setting)];
  // The flags of commands are theirs to read.
  if (setting.isOfCommand === true || (typeof value !== 'string' && typeof value !== 'boolean')) {
    return undefined;
  }
  const name = flagName(setting) ?? key;
  return { value: String(value), name, source: `flag ${name}` };
}

function fromVariables(
  { env, fromDotEnv }: Given,
  key: SettingKey,
  isTaken: (variable: string) => boolean = () => true,
): Found | undefined {
  for (const name of settingOf(key).variables.filter(isTaken)) {
    const value = textOf(env[name]);
    if (value !== undefined) {
      return { value, name, source: `${fromDotEnv.has(name) ? '.env' : 'environment'} ${name}` };
    }
  }
  return undefined;
}

function fromFile({ file }: Given, key: SettingKey): Found | undefined {
  const found = file?.values.get(key);
  if (file === undefined || found === undefined) {
    return undefined;
  }
  const place = `${file.name}:${found.line}`;
  const isPath = settingOf(key).kind === 'path';
  const value = isPath ? pathFrom(file.folder, found.value) : found.value;
  return { value, name: place, source: place };
}

export function pathFrom(folder: string, value: string): string {
  // "system" is libpq's word for the authorities that the machine trusts anyway; S3 has no folder to start from.
  return /^(system$|s3:\/\/)/.test(value) ? value : path.resolve(folder, value);
}

const PARTS = [
  'database.host',
  'database.port',
  'database.user',
  'database.password',
  'database.passfile',
  'database.name',
  'database.sslmode',
  'database.sslrootcert',
  'database.sslcert',
  'database.sslkey',
] as const satisfies readonly SettingKey[];
type Part = (typeof PARTS)[number];

/** A server is named by any of these. */
const NAMING: readonly Part[] = ['database.host', 'database.name', 'database.user'];
/** A URL says these, or leaves them at their defaults. */
const OF_THE_URL: readonly Part[] = ['database.host', 'database.port', 'database.name'];

const DEFAULT_USER = 'postgres';

/**
 * The server. A URL in a flag or the environment names it whole: of the variables only those that psql would take beside
 * a URL count, of the file only TLS. libpq's variables (PG*) and those of Docker images (POSTGRES_*) are never mixed, for
 * they may speak of two servers; each of them wins over the same setting in the file.
 */
function resolveDatabase(given: Given, problems: string[]): Pick<Resolved, 'values' | 'server'> {
  const values = new Map<SettingKey, Found>();
  const url = fromFlag(given, 'database.url') ?? fromVariables(given, 'database.url');
  const group =
    url !== undefined
      ? /^PG/
      : [/^PG/, /^POSTGRES_/].find((prefix) =>
          NAMING.some((part) => fromVariables(given, part, (name) => prefix.test(name))),
        );
  const urlOfFile = url === undefined ? fromFile(given, 'database.url') : undefined;
  const fromGroup = (part: Part): Found | undefined =>
    group === undefined
      ? fromVariables(given, part)
      : (fromVariables(given, part, (name) => group.test(name)) ??
        fromVariables(given, part, (name) => /^PG(PASSWORD$|PASSFILE$|SSL)/.test(name)));
  const ofUrl = url && partsOfUrl(url, problems);
  const ofFile = urlOfFile && partsOfUrl(urlOfFile, problems);
  for (const part of PARTS) {
    const isTls = part.startsWith('database.ssl');
    const found =
      ofUrl?.get(part) ??
      (url !== undefined && OF_THE_URL.includes(part) ? undefined : fromGroup(part)) ??
      (url === undefined || isTls ? (ofFile?.get(part) ?? fromFile(given, part)) : undefined);
    if (found !== undefined) {
      values.set(part, found);
    }
  }
  const shown = url ?? urlOfFile;
  if (shown !== undefined) {
    values.set('database.url', shown);
  }
  const named = NAMING.map((part) => values.get(part)).find((found) => found !== undefined);
  const variables = group?.source.replace('^', '').concat('*');
  const server = url?.name ?? variables ?? urlOfFile?.name ?? named?.name;
  if (server === undefined) {
    // Nothing to connect to: what else was said of a server is nobody's.
    return { values: new Map(), server };
  }
  problems.push(...refusedVariables((name) => textOf(given.env[name])));
  const host = values.get('database.host');
  if (host?.value.includes(',') === true) {
    problems.push(severalHosts(host.name));
  }
  const user = values.get('database.user')?.value ?? DEFAULT_USER;
  const defaults = { host: 'localhost', port: '5432', user, name: user } as const;
  for (const [part, value] of Object.entries(defaults)) {
    const key = `database.${part as keyof typeof defaults}` as const;
    values.set(key, values.get(key) ?? { value, name: key, source: 'default' });
  }
  return { values, server };
}

function severalHosts(name: string): string {
  return `${name} has several servers, and medallion connects to one: give the primary server, or an address that always leads to it`;
}

/** libpq's parameters of a URL that are settings. They win over what stands before the question mark. */
const URL_PARAMETERS: ReadonlyMap<string, Part> = new Map(
  PARTS.map((part) => [part === 'database.name' ? 'dbname' : part.replace('database.', ''), part]),
);

/** Of a URL of PostgreSQL's: what stands before the host, and the host with its port. */
const AUTHORITY = /^(\s*postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#]*)/i;

/** What a URL says; the parts that it leaves out are absent. */
function partsOfUrl({ value: raw, name, source }: Found, problems: string[]): Map<Part, Found> {
  const parts = new Map<Part, Found>();
  const set = (part: Part, value: string): void => {
    if (value !== '') {
      parts.set(part, { value, name, source });
    }
  };
  const [, , address = ''] = AUTHORITY.exec(raw) ?? [];
  if (address.includes(',')) {
    problems.push(severalHosts(name));
    return parts;
  }
  // A URL with a user or a port must name a host to be one; PostgreSQL's need not.
  const whole = /^(:|$)/.test(address) ? raw.replace(AUTHORITY, '$1localhost$2') : raw;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  // An @ behind the host is that of a password with a / in it: what follows is no name of a database.
  if (url === undefined || !AUTHORITY.test(raw) || url.pathname.includes('@')) {
    problems.push(
      `${name} is not a PostgreSQL URL (postgresql://user:password@host:5432/database)`,
    );
    return parts;
  }
  const unescaped = (text: string, what: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      problems.push(`${name}: the ${what} has a % that begins no escape; write it as %25`);
      return '';
    }
  };
  // URL keeps the brackets of an IPv6 address and the escapes of a socket's folder.
  set('database.host', unescaped(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host'));
  set('database.port', url.port);
  set('database.user', unescaped(url.username, 'user'));
  set('database.password', unescaped(url.password, 'password'));
  set('database.name', unescaped(url.pathname.slice(1), 'database'));
  // A form writes a space as +; PostgreSQL's URLs do not.
  for (const [option, value] of new URLSearchParams(url.search.replaceAll('+', '%2B'))) {
    const part = URL_PARAMETERS.get(option);
    if (part !== undefined) {
      set(part, value);
    } else if (option === 'ssl' && value === 'true') {
      // As JDBC has it, and so libpq.
      set('database.sslmode', 'require');
    } else {
      const problem = refusedParameter(option, value);
      problems.push(...(problem === undefined ? [] : [`${name}: ${problem}`]));
    }
  }
  return parts;
}

/** A variable set to nothing is a variable not set. */
export function textOf(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}
