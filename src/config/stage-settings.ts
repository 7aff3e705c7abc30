import { setting } from './setting-row.ts';

export const ENGINES = ['duckdb', 'spark'] as const;
export const DEFAULT_ENGINE = ENGINES[0];

/** Events in one batch, at most. A statement of Spark costs much however few its rows are. */
export const BATCH_EVENTS = { duckdb: 50_000, spark: 2_000_000 } as const;

export const STAGE_SETTINGS = [
  setting(
    'ingest.max_event_bytes',
    'MEDALLION_MAX_EVENT_BYTES',
    'larger events go to the quarantine',
    { flag: '--max-event-bytes <n>', default: '16777216', isOfCommand: true },
  ),
  setting(
    'promote.engine',
    'MEDALLION_ENGINE',
    'engine that computes the models: here, or on a cluster',
    { flag: '--engine <name>', default: DEFAULT_ENGINE, choices: ENGINES, isOfCommand: true },
  ),
  setting(
    'promote.chunk_rows',
    'MEDALLION_CHUNK_ROWS',
    `most events in one transaction; with spark ${String(BATCH_EVENTS.spark)}`,
    { flag: '--chunk-rows <n>', default: String(BATCH_EVENTS.duckdb), isOfCommand: true },
  ),
  setting(
    'promote.memory_limit',
    'MEDALLION_MEMORY_LIMIT',
    'memory that DuckDB may use before it spills to disk',
    { flag: '--memory-limit <size>', default: '800MB', isOfCommand: true },
  ),
  setting(
    'promote.threads',
    'MEDALLION_THREADS',
    'threads of DuckDB; without it one for each core',
    { flag: '--threads <n>', example: '2', isOfCommand: true },
  ),
  setting('promote.every', 'MEDALLION_EVERY', 'how often run and promote --watch promote', {
    flag: '--every <duration>',
    default: '10s',
    isOfCommand: true,
  }),
  setting(
    'report.timezone',
    'MEDALLION_REPORT_TIMEZONE REPORT_TIMEZONE',
    'zone of the days in marts and reports; another one needs promote --full-refresh',
    { default: 'UTC', example: 'Europe/Berlin' },
  ),
  setting(
    'report.currency',
    'MEDALLION_REPORT_CURRENCY REPORT_CURRENCY',
    'currency that marts and reports convert amounts to; without it they are as sent; another one needs promote --full-refresh',
    { example: 'EUR' },
  ),
  setting(
    'archive.to',
    'MEDALLION_ARCHIVE_TO',
    'folder that archive writes its files to, or s3://bucket/prefix',
    { flag: '--to <place>', example: '/srv/medallion/archive', kind: 'path', isOfCommand: true },
  ),
  setting(
    'archive.older_than',
    'MEDALLION_ARCHIVE_OLDER_THAN',
    'archive moves events of this age; when it is set, run archives once a day',
    { flag: '--older-than <duration>', example: '7d', isOfCommand: true },
  ),
  setting(
    's3.endpoint',
    'AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL',
    "URL of an S3 server other than Amazon's",
    { example: 'https://s3.example.com' },
  ),
  setting('s3.region', 'AWS_REGION AWS_DEFAULT_REGION', 'region of the bucket', {
    default: 'us-east-1',
  }),
  setting('s3.access_key_id', 'AWS_ACCESS_KEY_ID', 'access key for S3', {
    example: 'AKIAIOSFODNN7EXAMPLE',
  }),
  setting('s3.secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'the secret of that key', {
    isSecret: true,
  }),
  setting('s3.session_token', 'AWS_SESSION_TOKEN', 'session token of a temporary key', {
    isSecret: true,
  }),
  setting('spark.remote', 'SPARK_REMOTE', 'server of Spark Connect, as its other clients name it', {
    example: 'sc://localhost:15002',
  }),
  setting(
    'spark.token',
    'SPARK_TOKEN',
    'token for that server, where spark.remote has none; goes through TLS, or to this machine itself',
    { isSecret: true },
  ),
  setting(
    'spark.tls_ca',
    'SPARK_SSL_CA',
    'certificates that the server is verified against; turns TLS on',
    { example: 'ca.pem', kind: 'path' },
  ),
  setting(
    'spark.staging',
    'MEDALLION_SPARK_STAGING',
    'folder that this machine and the workers of the cluster share, or s3://bucket/prefix',
    { example: '/shared/medallion', kind: 'path' },
  ),
  setting(
    'spark.staging_remote',
    'MEDALLION_SPARK_STAGING_REMOTE',
    'name of that folder on the cluster, where it differs, such as s3a://bucket/prefix',
    { example: 'file:///mnt/shared/medallion' },
  ),
  setting(
    'metrics.port',
    'MEDALLION_METRICS_PORT',
    'port where run serves /metrics, /healthz and /readyz; 0 takes a free port',
    { flag: '--metrics-port <port>', example: '9464', isOfCommand: true },
  ),
  setting(
    'metrics.host',
    'MEDALLION_METRICS_HOST',
    'address where run serves them, without a password',
    { flag: '--metrics-host <host>', default: '127.0.0.1', isOfCommand: true },
  ),
  setting(
    'duckdb.extension',
    'MEDALLION_DUCKDB_EXTENSION',
    "file of DuckDB's postgres extension, where it cannot be fetched",
    { example: 'postgres_scanner.duckdb_extension', kind: 'path' },
  ),
  setting(
    'duckdb.excel_extension',
    'MEDALLION_DUCKDB_EXCEL_EXTENSION',
    'file of its excel extension, which only exports to xlsx need',
    { example: 'excel.duckdb_extension', kind: 'path' },
  ),
  setting(
    'duckdb.httpfs_extension',
    'MEDALLION_DUCKDB_HTTPFS_EXTENSION',
    'file of its httpfs extension, which only s3:// needs',
    { example: 'httpfs.duckdb_extension', kind: 'path' },
  ),
] as const;
