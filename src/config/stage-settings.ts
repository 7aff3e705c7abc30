import type { SettingRow } from './setting-row.ts';

export const ENGINES = ['duckdb', 'spark'] as const;
export const DEFAULT_ENGINE = ENGINES[0];

/** Events in one batch, at most. A statement of Spark costs much however few its rows are. */
export const BATCH_EVENTS = { duckdb: 50_000, spark: 2_000_000 } as const;

export const STAGE_SETTINGS = [
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
    default: DEFAULT_ENGINE,
    about: 'engine that computes the models, here or on a cluster',
    choices: ENGINES,
    isOfCommand: true,
  },
  {
    key: 'promote.chunk_rows',
    flag: '--chunk-rows <n>',
    variables: ['MEDALLION_CHUNK_ROWS'],
    default: String(BATCH_EVENTS.duckdb),
    about: `most events in one transaction; with spark ${String(BATCH_EVENTS.spark)}`,
    isOfCommand: true,
  },
  {
    key: 'promote.memory_limit',
    flag: '--memory-limit <size>',
    variables: ['MEDALLION_MEMORY_LIMIT'],
    default: '800MB',
    about: 'memory that DuckDB may use before it spills to disk',
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
    about: 'how often run and promote --watch promote',
    isOfCommand: true,
  },
  {
    key: 'report.timezone',
    variables: ['MEDALLION_REPORT_TIMEZONE', 'REPORT_TIMEZONE'],
    default: 'UTC',
    about: 'zone of the days in marts and reports; another one needs promote --full-refresh',
    example: 'Europe/Berlin',
  },
  {
    key: 'report.currency',
    variables: ['MEDALLION_REPORT_CURRENCY', 'REPORT_CURRENCY'],
    about:
      'currency that marts and reports convert amounts to; without it they are as sent; another one needs promote --full-refresh',
    example: 'EUR',
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
    about: 'archive moves events of this age; when it is set, run archives once a day',
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
    about: 'access key for S3',
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
    about: 'session token of a temporary key',
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
    about: 'port where run serves /metrics, /healthz and /readyz; 0 takes a free port',
    example: '9464',
    isOfCommand: true,
  },
  {
    key: 'metrics.host',
    flag: '--metrics-host <host>',
    variables: ['MEDALLION_METRICS_HOST'],
    default: '127.0.0.1',
    about: 'address where run serves them; there is no password',
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
