import { setting } from './setting-row.ts';

export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;

export const WAREHOUSE_SETTINGS = [
  setting('home', 'MEDALLION_HOME', 'folder where medallion stores its data', {
    flag: '--home <dir>',
    default: './.medallion',
    kind: 'path',
  }),
  setting(
    'retry_for',
    'MEDALLION_RETRY_FOR',
    'retry a lost connection to PostgreSQL, Kafka or Spark for this long (0: never); when given, a first connection, too',
    { flag: '--retry-for <duration>', default: '5m', isOfCommand: true },
  ),
  setting(
    'database.url',
    'DATABASE_URL',
    'PostgreSQL to use instead of the embedded one; or its parts, in PG* or POSTGRES_* variables',
    { flag: '--database-url <url>', example: 'postgresql://medallion@localhost:5432/medallion' },
  ),
  setting(
    'database.host',
    'PGHOST POSTGRES_HOST',
    'host of that PostgreSQL, or the folder of its socket',
    {
      example: 'localhost',
    },
  ),
  setting('database.port', 'PGPORT POSTGRES_PORT', 'port of that PostgreSQL', { example: '5432' }),
  setting('database.user', 'PGUSER POSTGRES_USER POSTGRES_USERNAME', 'user that connects', {
    example: 'medallion',
  }),
  setting('database.password', 'PGPASSWORD POSTGRES_PASSWORD', 'password of that user', {
    isSecret: true,
  }),
  setting(
    'database.passfile',
    'PGPASSFILE',
    'file of passwords, as for psql, used where no password is set; without it ~/.pgpass',
    { example: '/run/secrets/pgpass', kind: 'path' },
  ),
  setting(
    'database.name',
    'PGDATABASE POSTGRES_DB POSTGRES_DATABASE POSTGRES_DBNAME',
    'name of the database',
    { example: 'medallion' },
  ),
  setting(
    'database.sslmode',
    'PGSSLMODE POSTGRES_SSLMODE',
    'TLS, as for psql; without it prefer, and none to this machine itself',
    { example: 'verify-full', choices: SSL_MODES },
  ),
  setting(
    'database.sslrootcert',
    'PGSSLROOTCERT',
    'file of the authority that the server is verified against, or system',
    { example: 'ca.pem', kind: 'path' },
  ),
  setting('database.sslcert', 'PGSSLCERT', 'file of the certificate of this client', {
    example: 'client.pem',
    kind: 'path',
  }),
  setting('database.sslkey', 'PGSSLKEY', 'file of the key of that certificate', {
    example: 'client.key',
    kind: 'path',
  }),
] as const;
