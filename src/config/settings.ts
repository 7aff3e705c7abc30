/**
 * Every setting of medallion, once: its name in the configuration file, its flag, its environment variables, its default
 * and what it means. The help, `medallion config`, what `medallion init` writes and docs/configuration.md come from here.
 */
export interface Setting<Key extends string = SettingKey> {
  /** Its place in the configuration file: section.name, or the name alone. */
  readonly key: Key;
  /** The flag as commander takes it. */
  readonly flag?: string;
  /** The variables that say it, the first one set counts. */
  readonly variables: readonly string[];
  /** What holds when nobody says anything, as it would be written. */
  readonly default?: string;
  /** What it means, in few words and without a full stop. */
  readonly about: string;
  /** A value to show where there is no default. */
  readonly example?: string;
  readonly choices?: readonly string[];
  /** `path` is one from the folder of the file it stands in; `switch` is on or off; `list` may be a list in the file. */
  readonly kind?: 'path' | 'switch' | 'list';
  /** Never shown; better kept out of the file. */
  readonly isSecret?: true;
  /** The flag belongs to some commands only, which parse it themselves. */
  readonly isOfCommand?: true;
}

export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;
export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

const TABLE = [
  {
    key: 'home',
    flag: '--home <dir>',
    variables: ['MEDALLION_HOME'],
    default: './.medallion',
    about: 'folder for everything medallion keeps',
    kind: 'path',
  },
  {
    key: 'retry_for',
    flag: '--retry-for <duration>',
    variables: ['MEDALLION_RETRY_FOR'],
    default: '5m',
    about:
      'how long a lost PostgreSQL or Kafka is waited for, 0 for not at all; given, also at the start',
    isOfCommand: true,
  },
  {
    key: 'database.url',
    flag: '--database-url <url>',
    variables: ['DATABASE_URL'],
    about:
      'PostgreSQL to use instead of the embedded one; or its parts, in PG* or POSTGRES_* variables',
    example: 'postgresql://medallion@localhost:5432/medallion',
  },
  {
    key: 'database.host',
    variables: ['PGHOST', 'POSTGRES_HOST'],
    about: 'its host, or the folder of its socket',
    example: 'localhost',
  },
  {
    key: 'database.port',
    variables: ['PGPORT', 'POSTGRES_PORT'],
    about: 'its port',
    example: '5432',
  },
  {
    key: 'database.user',
    variables: ['PGUSER', 'POSTGRES_USER', 'POSTGRES_USERNAME'],
    about: 'who connects',
    example: 'medallion',
  },
  {
    key: 'database.password',
    variables: ['PGPASSWORD', 'POSTGRES_PASSWORD'],
    about: 'the password of that user',
    isSecret: true,
  },
  {
    key: 'database.name',
    variables: ['PGDATABASE', 'POSTGRES_DB', 'POSTGRES_DATABASE', 'POSTGRES_DBNAME'],
    about: 'the database',
    example: 'medallion',
  },
  {
    key: 'database.sslmode',
    variables: ['PGSSLMODE', 'POSTGRES_SSLMODE'],
    about: 'TLS, as for psql; without it prefer, and none to this machine itself',
    example: 'verify-full',
    choices: SSL_MODES,
  },
  {
    key: 'database.sslrootcert',
    variables: ['PGSSLROOTCERT'],
    about: 'file of the authority that the server is verified against, or system',
    example: 'ca.pem',
    kind: 'path',
  },
  {
    key: 'database.sslcert',
    variables: ['PGSSLCERT'],
    about: 'file of the certificate of this client',
    example: 'client.pem',
    kind: 'path',
  },
  {
    key: 'database.sslkey',
    variables: ['PGSSLKEY'],
    about: 'file of its key',
    example: 'client.key',
    kind: 'path',
  },
  {
    key: 'kafka.brokers',
    flag: '--brokers <list>',
    variables: ['KAFKA_BROKERS'],
    about: 'Kafka brokers, host:port separated by commas; without them the log is files',
    example: 'localhost:9092',
    kind: 'list',
  },
  {
    key: 'kafka.topic',
    flag: '--topic <name>',
    variables: ['KAFKA_TOPIC'],
    default: 'sales',
    about: 'topic of the events',
  },
  {
    key: 'kafka.group',
    flag: '--group <name>',
    variables: ['KAFKA_GROUP', 'KAFKA_GROUP_ID'],
    default: 'medallion',
    about: 'Kafka consumer group that shares the partitions',
  },
  {
    key: 'kafka.client_id',
    flag: '--client-id <name>',
    variables: ['KAFKA_CLIENT_ID'],
    default: 'medallion',
    about: 'Kafka client id',
  },
  {
    key: 'kafka.sasl_mechanism',
    flag: '--sasl-mechanism <name>',
    variables: ['KAFKA_SASL_MECHANISM'],
    about: 'how to log in to Kafka; plain when only a user and a password are given',
    example: 'scram-sha-512',
    choices: SASL_MECHANISMS,
  },
  {
    key: 'kafka.sasl_username',
    flag: '--sasl-username <name>',
    variables: ['KAFKA_SASL_USERNAME'],
    about: 'user for SASL; its password comes from KAFKA_SASL_PASSWORD',
    example: 'medallion',
  },
  {
    key: 'kafka.sasl_password',
    variables: ['KAFKA_SASL_PASSWORD'],
    about: 'password for SASL',
    isSecret: true,
  },
  {
    key: 'kafka.tls',
    flag: '--tls',
    variables: ['KAFKA_SSL'],
    default: 'false',
    about: "encrypt, and verify the brokers' certificates",
    kind: 'switch',
  },
  {
    key: 'kafka.security_protocol',
    variables: ['KAFKA_SECURITY_PROTOCOL'],
    about: "Kafka's own word: SSL and SASL_SSL turn TLS on",
    example: 'SASL_SSL',
  },
  {
    key: 'kafka.tls_ca',
    flag: '--tls-ca <file>',
    variables: ['KAFKA_SSL_CA'],
    about: 'certificates that the brokers are verified against; turns TLS on',
    example: 'ca.pem',
    kind: 'path',
  },
  {
    key: 'kafka.tls_cert',
    flag: '--tls-cert <file>',
    variables: ['KAFKA_SSL_CERT'],
    about: 'certificate of this client; turns TLS on',
    example: 'client.pem',
    kind: 'path',
  },
  {
    key: 'kafka.tls_key',
    flag: '--tls-key <file>',
    variables: ['KAFKA_SSL_KEY'],
    about: 'its key',
    example: 'client.key',
    kind: 'path',
  },
  {
    key: 'kafka.tls_verify',
    variables: ['KAFKA_SSL_VERIFY'],
    default: 'true',
    about: 'false takes any certificate of the brokers',
    kind: 'switch',
  },
  {
    key: 'ingest.max_event_bytes',
    flag: '--max-event-bytes <n>',
    variables: ['MEDALLION_MAX_EVENT_BYTES'],
    default: '16777216',
    about: 'larger events go to the quarantine',
    isOfCommand: true,
  },
  {
    key: 'promote.chunk_rows',
    flag: '--chunk-rows <n>',
    variables: ['MEDALLION_CHUNK_ROWS'],
    default: '50000',
    about: 'events in one transaction, at most',
    isOfCommand: true,
  },
  {
    key: 'promote.memory_limit',
    flag: '--memory-limit <size>',
    variables: ['MEDALLION_MEMORY_LIMIT'],
    default: '800MB',
    about: 'what DuckDB may hold before it spills to disk',
    isOfCommand: true,
  },
  {
    key: 'promote.threads',
    flag: '--threads <n>',
    variables: ['MEDALLION_THREADS'],
    about: 'threads of DuckDB; without it one for each core',
    example: '2',
    isOfCommand: true,
  },
  {
    key: 'duckdb.extension',
    variables: ['MEDALLION_DUCKDB_EXTENSION'],
    about: "file of DuckDB's postgres extension, where it cannot be fetched",
    example: 'postgres_scanner.duckdb_extension',
    kind: 'path',
  },
] as const satisfies readonly Setting<string>[];

export type SettingKey = (typeof TABLE)[number]['key'];

type Camel<Words extends string> = Words extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Words;
type NameOf<Flag extends string> = Flag extends `--${infer Name} ${string}`
  ? Name
  : Flag extends `--${infer Name}`
    ? Name
    : never;

/** What commander calls the values of the flags that every setting but those of single commands has. */
export type FlagAttribute = Camel<
  NameOf<Exclude<Extract<(typeof TABLE)[number], { flag: string }>, { isOfCommand: true }>['flag']>
>;

/** In the order of the file. */
export const SETTINGS: readonly Setting[] = TABLE;

/** The configuration file itself: it cannot stand in itself. */
export const CONFIG_FILE = {
  flag: '--config <file>',
  variable: 'MEDALLION_CONFIG',
  /** What is looked for in the working folder. */
  names: ['medallion.yaml', 'medallion.yml'],
  about: 'configuration file',
} as const;

/** The setting of that key. */
export function settingOf(key: SettingKey): Setting {
  const found = SETTINGS.find((setting) => setting.key === key);
  if (found === undefined) {
    throw new Error(`no setting ${key}`);
  }
  return found;
}

/** The flag alone, without what it takes: --brokers. */
export function flagName({ flag }: Pick<Setting, 'flag'>): string | undefined {
  return flag?.split(' ')[0];
}

/** What commander calls the value of a flag: databaseUrl for --database-url. */
export function flagAttribute(setting: Pick<Setting, 'flag'>): string {
  const name = flagName(setting) ?? '';
  return name.replace(/^--/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
