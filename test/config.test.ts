import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';

const CWD = '/work';

describe('the warehouse', () => {
  test('is the embedded one when nothing names another', () => {
    expect(parseConfig({}, {}, CWD)).toMatchObject({
      home: '/work/.medallion',
      warehouse: { kind: 'embedded' },
    });
  });

  test('a flag wins over DATABASE_URL, DATABASE_URL over PG*, PG* over POSTGRES_*', () => {
    const env = {
      DATABASE_URL: 'postgresql://ana:s%40fe@db.example:6543/shop',
      PGHOST: 'pg.example',
      POSTGRES_HOST: 'old.example',
      POSTGRES_USER: 'etl',
      POSTGRES_PASSWORD: 'p',
      POSTGRES_DB: 'dw',
      POSTGRES_PORT: '5433',
    };
    const host = (flags: object, variables: Record<string, string>): unknown => {
      const { warehouse } = parseConfig(flags, variables, CWD);
      return warehouse.kind === 'server' ? warehouse.host : warehouse.kind;
    };
    expect(host({ databaseUrl: 'postgres://flag.example/x' }, env)).toBe('flag.example');
    expect(host({}, env)).toBe('db.example');
    const { DATABASE_URL, ...withoutUrl } = env;
    expect(DATABASE_URL).toBeDefined();
    expect(host({}, withoutUrl)).toBe('pg.example');
    const { PGHOST, ...older } = withoutUrl;
    expect(PGHOST).toBeDefined();
    expect(parseConfig({}, older, CWD).warehouse).toMatchObject({
      host: 'old.example',
      port: 5433,
      user: 'etl',
      password: 'p',
      database: 'dw',
    });
  });

  test('a URL is read with its escapes and its sslmode', () => {
    const url =
      'postgresql://ana:s%40fe@db.example:6543/my%20shop?sslmode=verify-full&sslrootcert=/ca.pem';
    expect(parseConfig({ databaseUrl: url }, {}, CWD).warehouse).toEqual({
      kind: 'server',
      host: 'db.example',
      port: 6543,
      user: 'ana',
      password: 's@fe',
      passfile: undefined,
      database: 'my shop',
      tls: { verify: true, caFile: '/ca.pem' },
      from: '--database-url',
    });
  });
});

describe('a URL of PostgreSQL', () => {
  const read = (url: string, env: Record<string, string> = {}): unknown =>
    parseConfig({ databaseUrl: url }, env, CWD).warehouse;

  test('says with its parameters what it may say before them, and more', () => {
    const all =
      'postgresql:///?host=db.example&port=6543&user=ana&password=a%2Bb+c&dbname=a%2Fb&passfile=/p';
    expect(read(all)).toMatchObject({
      ...{ host: 'db.example', port: 6543, user: 'ana', password: 'a+b+c', database: 'a/b' },
      passfile: '/p',
    });
    expect(
      read('postgresql://x@other:1/y?host=db.example&port=6543&user=ana&dbname=z'),
    ).toMatchObject({ host: 'db.example', port: 6543, user: 'ana', database: 'z' });
    expect(read('postgresql://ana@/shop?host=/run/pg')).toMatchObject({
      ...{ host: '/run/pg', user: 'ana', database: 'shop' },
    });
    expect(read('postgresql://:6543/shop')).toMatchObject({ host: 'localhost', port: 6543 });
    expect(read('postgresql://db.example/shop?ssl=true')).toMatchObject({ tls: { verify: false } });
  });

  test('may say what medallion does anyway', () => {
    const url =
      'postgresql://db.example/shop?application_name=x&connect_timeout=3&client_encoding=LATIN1&keepalives=0' +
      '&target_session_attrs=any&gssencmode=prefer&channel_binding=prefer&sslnegotiation=postgres';
    expect(read(url)).toMatchObject({ host: 'db.example', database: 'shop' });
  });

  test('is refused for each parameter that medallion does not support, and for several servers', () => {
    const url =
      'postgresql://db.example/shop?hostaddr=192.0.2.1&channel_binding=require&target_session_attrs=primary&pool=3';
    expect(() => read(url)).toThrow(
      [
        '--database-url: medallion does not support the parameter hostaddr; give the address as the host',
        '--database-url: medallion does not support the parameter channel_binding; leave it out',
        '--database-url: medallion does not support the parameter target_session_attrs; give the primary server, or an address that always leads to it',
        '--database-url: medallion does not know the parameter pool; leave it out',
      ].join('\n'),
    );
    const several = / has several servers, and medallion connects to one/;
    expect(() => read('postgresql://a:1,b:2/shop')).toThrow(several);
    expect(() => read('postgresql:///shop?host=a,b')).toThrow(several);
    expect(() => parseConfig({}, { PGHOST: 'a,b' }, CWD)).toThrow(several);
  });

  test('is not led elsewhere by a variable that psql would heed: that is refused by name', () => {
    const env = {
      ...{ PGHOSTADDR: '192.0.2.1', PGSERVICE: 'shop', PGREQUIREAUTH: 'none', PGOPTIONS: '-c x=1' },
      ...{ PGCHANNELBINDING: 'require', PGGSSENCMODE: 'require', PGTARGETSESSIONATTRS: 'standby' },
      ...{ PGSSLNEGOTIATION: 'direct', PGSSLCRL: '/crl', PGLOADBALANCEHOSTS: 'random' },
    };
    for (const [name, value] of Object.entries(env)) {
      expect(() => read('postgresql://db.example/shop', { [name]: value }), name).toThrow(
        `${name}: medallion does not support it; `,
      );
      expect(() => parseConfig({}, { PGHOST: 'db.example', [name]: value }, CWD), name).toThrow(
        name,
      );
    }
    // The embedded server is not what they are about.
    expect(parseConfig({}, env, CWD).warehouse).toEqual({ kind: 'embedded' });
    const own = {
      PGCLIENTENCODING: 'LATIN1',
      PGAPPNAME: 'x',
      PGTZ: 'Asia/Tokyo',
      PGGSSENCMODE: 'disable',
    };
    expect(read('postgresql://db.example/shop', own)).toMatchObject({ host: 'db.example' });
  });
});

describe('TLS to PostgreSQL', () => {
  const tlsOf = (url: string, env = {}) => {
    const { warehouse } = parseConfig({ databaseUrl: url }, env, CWD);
    return warehouse.kind === 'server' ? warehouse.tls : 'embedded';
  };
  const remote = 'postgresql://u@db.example/d';

  test('is what sslmode says', () => {
    const modes = {
      disable: undefined,
      allow: { verify: false, optional: true },
      prefer: { verify: false, optional: true },
      require: { verify: false },
      'verify-ca': { verify: true, anyName: true },
      'verify-full': { verify: true },
    };
    for (const [mode, tls] of Object.entries(modes)) {
      expect(tlsOf(`${remote}?sslmode=${mode}`), mode).toEqual(tls);
      expect(tlsOf(remote, { PGSSLMODE: mode }), mode).toEqual(tls);
    }
    expect(tlsOf(`${remote}?sslmode=require&sslrootcert=/ca.pem`)).toEqual({
      verify: true,
      anyName: true,
      caFile: '/ca.pem',
    });
    expect(tlsOf(`${remote}?sslmode=verify-full&sslrootcert=system`)).toEqual({ verify: true });
  });

  test('without a mode is preferred with another machine, and left out on this one', () => {
    expect(tlsOf(remote)).toEqual({ verify: false, optional: true });
    for (const host of ['localhost', '127.0.0.1', '[::1]', '%2Fvar%2Frun%2Fpostgresql']) {
      expect(tlsOf(`postgresql://u@${host}/d`), host).toBeUndefined();
    }
  });
});

test('a URL with a broken escape is refused without a word of it', () => {
  const url = 'postgresql://u%zz:hidden-1%zz@h/d%zz';
  expect(() => parseConfig({ databaseUrl: url }, {}, CWD)).toThrow(
    [
      '--database-url: the user has a % that begins no escape; write it as %25',
      '--database-url: the password has a % that begins no escape; write it as %25',
      '--database-url: the database has a % that begins no escape; write it as %25',
    ].join('\n'),
  );
});

describe('the log', () => {
  test('is the landing directory without brokers', () => {
    expect(parseConfig({}, { KAFKA_TOPIC: 'orders' }, CWD).log).toEqual({
      kind: 'landing',
      topic: 'orders',
    });
  });

  test('is Kafka with brokers, from the environment or from flags, which win', () => {
    const env = {
      KAFKA_BROKERS: 'a, b:9093,',
      KAFKA_GROUP: 'g',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 's',
    };
    expect(parseConfig({}, env, CWD).log).toEqual({
      kind: 'kafka',
      topic: 'sales',
      format: 'json',
      brokers: ['a:9092', 'b:9093'],
      group: 'g',
      clientId: 'medallion',
      sasl: { mechanism: 'plain', username: 'u', password: 's' },
      tls: undefined,
    });
    const flags = {
      brokers: 'c:1',
      group: 'h',
      clientId: 'i',
      saslMechanism: 'scram-sha-512',
      saslUsername: 'v',
      tls: true,
      tlsCa: '/ca',
    };
    expect(parseConfig(flags, env, CWD).log).toMatchObject({
      brokers: ['c:1'],
      group: 'h',
      clientId: 'i',
      sasl: { mechanism: 'scram-sha-512', username: 'v', password: 's' },
      tls: { verify: true, caFile: '/ca' },
    });
  });
});

test.each(['a:b:1', 'a:99999', 'a:0', '::1', 'kafka://a:9092', 'a:', 'b:1,a b:2'])(
  'a broker is host:port: not %s',
  (brokers) => {
    expect(() => parseConfig({ brokers }, {}, CWD)).toThrow(/^--brokers: ".+" is not host:port/);
  },
);

test('every problem is named at once, and no password with it', () => {
  const env = {
    KAFKA_TOPIC: 'not a topic',
    KAFKA_BROKERS: ' , ',
    KAFKA_SASL_MECHANISM: 'kerberos',
    KAFKA_SASL_PASSWORD: 'hidden-1',
    PGHOST: 'h',
    PGPORT: '99999',
    PGPASSWORD: 'hidden-2',
    PGSSLMODE: 'maybe',
  };
  let message = '';
  try {
    parseConfig({}, env, CWD);
  } catch (error) {
    message = String(error);
  }
  for (const name of [
    'not a topic',
    'KAFKA_BROKERS',
    'kerberos',
    'KAFKA_SASL_USERNAME',
    '99999',
    'maybe',
  ]) {
    expect(message).toContain(name);
  }
  expect(message).not.toContain('hidden');
});
