/**
 * Every setting of medallion, once: its name in the configuration file, its flag, its environment variables, its default
 * and what it means. The help, `medallion config`, what `medallion init` writes and docs/configuration.md come from here.
 */
export interface SettingRow {
  /** Its place in the configuration file: section.name, or the name alone. */
  readonly key: string;
  /** The flag as commander takes it. */
  readonly flag?: string;
  /** The variables that say it, the first one set counts. */
  readonly variables: readonly string[];
  /** What holds when nobody says anything, as it would be written. */
  readonly default?: string;
  /** The default shows the form only: the value is known once a command runs. */
  readonly isDerived?: true;
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
export const ENGINES = ['duckdb', 'spark'] as const;
export const FORMATS = ['json', 'avro', 'json_schema', 'outbox'] as const;
export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export const TABLE = [
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
      'how long a lost PostgreSQL, Kafka or Spark is waited for, 0 for not at all; given, also at the start',
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
    key: 'database.passfile',
    variables: ['PGPASSFILE'],
    about: 'file of passwords, as for psql, where no password is given; ~/.pgpass without it',
    example: '/run/secrets/pgpass',
    kind: 'path',
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
    key: 'kafka.format',
    flag: '--format <name>',
    variables: ['KAFKA_FORMAT'],
    default: 'json',
    about:
      "what the topic's values are; avro and json_schema are frames of a schema registry, outbox is Debezium's",
    choices: FORMATS,
  },
  {
    key: 'kafka.group',
    flag: '--group <name>',
    variables: ['KAFKA_GROUP', 'KAFKA_GROUP_ID'],
    default: 'medallion-<warehouse>-<topic>',
    isDerived: true,
    about: 'Kafka consumer group that shares the partitions; one for each warehouse and topic',
    example: 'medallion-sales',
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
    key: 'registry.url',
    variables: ['SCHEMA_REGISTRY_URL'],
    about: "schema registry with Confluent's API: Karapace, Apicurio and Redpanda have it, too",
    example: 'http://localhost:8081',
  },
  {
    key: 'registry.user',
    variables: ['SCHEMA_REGISTRY_USER'],
    about: 'who logs in there',
    example: 'medallion',
  },
  {
    key: 'registry.password',
    variables: ['SCHEMA_REGISTRY_PASSWORD'],
    about: 'the password of that user',
    isSecret: true,
  },
  {
    key: 'registry.token',
    variables: ['SCHEMA_REGISTRY_TOKEN'],
    about: 'bearer token, in place of user and password',
    isSecret: true,
  },
  {
    key: 'registry.tls_ca',
    variables: ['SCHEMA_REGISTRY_SSL_CA'],
    about: 'certificates that the registry is verified against',
    example: 'ca.pem',
    kind: 'path',
  },
  {
    key: 'registry.tls_cert',
    variables: ['SCHEMA_REGISTRY_SSL_CERT'],
    about: 'certificate of this client',
    example: 'client.pem',
    kind: 'path',
  },
  {
    key: 'registry.tls_key',
    variables: ['SCHEMA_REGISTRY_SSL_KEY'],
    about: 'its key',
    example: 'client.key',
    kind: 'path',
  },
  {
    key: 'registry.tls_verify',
    variables: ['SCHEMA_REGISTRY_SSL_VERIFY'],
    default: 'true',
    about: 'false takes any certificate of the registry',
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
    key: 'promote.engine',
    flag: '--engine <name>',
    variables: ['MEDALLION_ENGINE'],
    default: 'duckdb',
    about: 'what computes the models, here or on a cluster',
    choices: ENGINES,
    isOfCommand: true,
  },
  {
    key: 'promote.chunk_rows',
    flag: '--chunk-rows <n>',
    variables: ['MEDALLION_CHUNK_ROWS'],
    default: '50000',
    about: 'events in one transaction, at most; 2000000 with spark, unless given',
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
    key: 'promote.every',
    flag: '--every <duration>',
    variables: ['MEDALLION_EVERY'],
    default: '10s',
    about: 'how often run, and promote with --watch, promote',
    isOfCommand: true,
  },
  {
    key: 'archive.to',
    flag: '--to <place>',
    variables: ['MEDALLION_ARCHIVE_TO'],
    about: 'folder that archive writes its files to, or s3://bucket/prefix',
    example: '/srv/medallion/archive',
    kind: 'path',
    isOfCommand: true,
  },
  {
    key: 'archive.older_than',
    flag: '--older-than <duration>',
    variables: ['MEDALLION_ARCHIVE_OLDER_THAN'],
    about: 'archive takes events of this age; where it is set, run archives once a day',
    example: '7d',
    isOfCommand: true,
  },
  {
    key: 's3.endpoint',
    variables: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    about: "URL of an S3 server other than Amazon's",
    example: 'https://s3.example.com',
  },
  {
    key: 's3.region',
    variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    default: 'us-east-1',
    about: 'region of the bucket',
  },
  {
    key: 's3.access_key_id',
    variables: ['AWS_ACCESS_KEY_ID'],
    about: 'key that S3 is opened with',
    example: 'AKIAIOSFODNN7EXAMPLE',
  },
  {
    key: 's3.secret_access_key',
    variables: ['AWS_SECRET_ACCESS_KEY'],
    about: 'the secret of that key',
    isSecret: true,
  },
  {
    key: 's3.session_token',
    variables: ['AWS_SESSION_TOKEN'],
    about: 'the token of a key that is good for a while only',
    isSecret: true,
  },
  {
    key: 'spark.remote',
    variables: ['SPARK_REMOTE'],
    about: 'server of Spark Connect, as its other clients name it',
    example: 'sc://localhost:15002',
  },
  {
    key: 'spark.token',
    variables: ['SPARK_TOKEN'],
    about:
      'token for that server, where spark.remote has none; goes through TLS, or to this machine itself',
    isSecret: true,
  },
  {
    key: 'spark.tls_ca',
    variables: ['SPARK_SSL_CA'],
    about: 'certificates that the server is verified against; turns TLS on',
    example: 'ca.pem',
    kind: 'path',
  },
  {
    key: 'spark.staging',
    variables: ['MEDALLION_SPARK_STAGING'],
    about: 'folder that this machine and the workers of the cluster share, or s3://bucket/prefix',
    example: '/shared/medallion',
    kind: 'path',
  },
  {
    key: 'spark.staging_remote',
    variables: ['MEDALLION_SPARK_STAGING_REMOTE'],
    about:
      'the same folder as the cluster names it, where that is another name, as s3a://bucket/prefix',
    example: 'file:///mnt/shared/medallion',
  },
  {
    key: 'metrics.port',
    flag: '--metrics-port <port>',
    variables: ['MEDALLION_METRICS_PORT'],
    about: 'run answers /metrics, /healthz and /readyz there; 0 takes any port that is free',
    example: '9464',
    isOfCommand: true,
  },
  {
    key: 'metrics.host',
    flag: '--metrics-host <host>',
    variables: ['MEDALLION_METRICS_HOST'],
    default: '127.0.0.1',
    about: 'address that the metrics are answered at; there is no password',
    isOfCommand: true,
  },
  {
    key: 'duckdb.extension',
    variables: ['MEDALLION_DUCKDB_EXTENSION'],
    about: "file of DuckDB's postgres extension, where it cannot be fetched",
    example: 'postgres_scanner.duckdb_extension',
    kind: 'path',
  },
  {
    key: 'duckdb.excel_extension',
    variables: ['MEDALLION_DUCKDB_EXCEL_EXTENSION'],
    about: 'the same for its excel extension, which only exports to xlsx need',
    example: 'excel.duckdb_extension',
    kind: 'path',
  },
  {
    key: 'duckdb.httpfs_extension',
    variables: ['MEDALLION_DUCKDB_HTTPFS_EXTENSION'],
    about: 'the same for its httpfs extension, which only s3:// needs',
    example: 'httpfs.duckdb_extension',
    kind: 'path',
  },
] as const satisfies readonly SettingRow[];
