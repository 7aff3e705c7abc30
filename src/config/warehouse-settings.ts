import type { SettingRow } from './setting-row.ts';

export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;

/** The home, and where the warehouse is. */
export const WAREHOUSE_SETTINGS = [
  {
    key: 'home',
    flag: '--home <dir>',
    variables: ['MEDALLION_HOME'],
    default: './.medallion',
    about: 'folder where medallion stores its data',
    kind: 'path',
  },
  {
    key: 'retry_for',
    flag: '--retry-for <duration>',
    variables: ['MEDALLION_RETRY_FOR'],
    default: '5m',
    about:
      'retry a lost connection to PostgreSQL, Kafka or Spark for this long (0: never); when given, a first connection, too',
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
] as const satisfies readonly SettingRow[];
