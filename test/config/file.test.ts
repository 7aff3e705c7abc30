import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../src/config.ts';
import { readSettingsFile } from '../../src/config/file.ts';
import { resolveSettings, type Environment } from '../../src/config/resolve.ts';
import { MedallionError } from '../../src/errors.ts';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'medallion-settings-'));

function read(yaml: string) {
  const file = path.join(FOLDER, 'medallion.yaml');
  writeFileSync(file, yaml);
  return readSettingsFile(file, FOLDER);
}

function failure(yaml: string): string {
  try {
    read(yaml);
    return 'taken';
  } catch (error) {
    return error instanceof MedallionError ? error.message : String(error);
  }
}

/** The configuration, and who said each setting, of a file below an environment. */
function resolve(yaml: string, env: Environment = {}, flags = {}) {
  const settings = resolveSettings({ flags, env, fromDotEnv: new Set(), file: read(yaml) });
  return {
    config: () => configOf(settings, env, '/elsewhere'),
    source: (key: Parameters<typeof settings.values.get>[0]) => settings.values.get(key)?.source,
  };
}

function warehouse(yaml: string, env?: Environment, flags?: object) {
  return resolve(yaml, env, flags).config().warehouse;
}

describe('a configuration file', () => {
  it('is read as it is written: text stays text, lists are lists, nothing is nothing', () => {
    const { values } = read(
      [
        'home: ./h # where it all lies',
        'kafka:',
        '  brokers: [a:1, "b:2"]',
        '  client_id: 0123',
        '  tls: true',
        '  group: ~',
        '  topic:',
        'database:',
        '#  host: db',
      ].join('\n'),
    );
    expect(Object.fromEntries(values)).toEqual({
      home: { value: './h', line: 1 },
      'kafka.brokers': { value: 'a:1,b:2', line: 3 },
      'kafka.client_id': { value: '0123', line: 4 },
      'kafka.tls': { value: 'true', line: 5 },
    });
    expect(read('# nothing yet\n').values.size).toBe(0);
  });

  it('is refused with every unknown setting named, by line, with the one that is meant', () => {
    const message = failure(
      [
        'hom: x',
        'kafka:',
        '  borkers: a',
        '  zebra: 1',
        'topic: t',
        'database: db',
        'promote:',
      ].join('\n'),
    );
    expect(message).toBe(
      [
        'medallion.yaml:1: there is no setting hom; did you mean home?',
        'medallion.yaml:3: there is no setting kafka.borkers; did you mean kafka.brokers?',
        'medallion.yaml:4: there is no setting kafka.zebra',
        'medallion.yaml:5: there is no setting topic; did you mean kafka.topic?',
        'medallion.yaml:6: database is a section: write its settings on the lines below it, indented',
      ].join('\n'),
    );
  });

  it.each([
    ['home: a\nhome: b', /^medallion\.yaml:2: Map keys must be unique/],
    ['home: "a', /^medallion\.yaml:\d: /],
    ['- a', /^medallion\.yaml:1: expected settings/],
    ['home: [a, b]', /^medallion\.yaml:1: home takes one value only$/],
    ['kafka:\n  topic:\n    name: a', /^medallion\.yaml:2: kafka\.topic takes one value only$/],
  ])('is refused when it is %j', (yaml, message) => {
    expect(failure(yaml)).toMatch(message);
  });
});

describe('settings', () => {
  it('are those of the flag, else the environment, else the file, else the default', () => {
    const yaml = 'kafka:\n  brokers: file:1\n  topic: of-file\n  group: of-file\n';
    const { config, source } = resolve(
      yaml,
      { KAFKA_TOPIC: 'of-env', KAFKA_BROKERS: 'env:1', KAFKA_GROUP: ' ' },
      { brokers: 'flag:1' },
    );
    expect(config().log).toMatchObject({
      brokers: ['flag:1'],
      topic: 'of-env',
      group: 'of-file',
      clientId: 'medallion',
    });
    expect(
      (['kafka.brokers', 'kafka.topic', 'kafka.group', 'kafka.client_id'] as const).map(source),
    ).toEqual(['flag --brokers', 'environment KAFKA_TOPIC', 'medallion.yaml:4', 'default']);
  });

  it('leave the consumer group to be derived, unless somebody names one', () => {
    const { config, source } = resolve('', { KAFKA_BROKERS: 'a:1', KAFKA_GROUP: '' });
    expect(config().log).toMatchObject({ group: undefined });
    expect(source('kafka.group')).toBe('derived');
    const named = resolve('', { KAFKA_BROKERS: 'a:1', KAFKA_GROUP_ID: 'ours' });
    expect(named.config().log).toMatchObject({ group: 'ours' });
  });

  it('that are paths start from the folder of the file, in the environment from the working folder', () => {
    const yaml = [
      'home: ./h',
      'database: { host: db, sslmode: verify-full, sslrootcert: ca.pem }',
      'kafka: { brokers: k, tls_ca: /etc/ca.pem }',
    ].join('\n');
    expect(resolve(yaml).config()).toMatchObject({
      home: path.join(FOLDER, 'h'),
      warehouse: { tls: { caFile: path.join(FOLDER, 'ca.pem') } },
      log: { tls: { caFile: '/etc/ca.pem' } },
    });
    expect(resolve(yaml, { MEDALLION_HOME: 'x' }).config().home).toBe('/elsewhere/x');
    const system = 'database: { host: db, sslmode: verify-full, sslrootcert: system }';
    expect(warehouse(system)).toMatchObject({ tls: { verify: true } });
  });

  it('that are wrong are named by who said them', () => {
    const yaml = 'database: { host: db, port: 0 }\nkafka: { brokers: k, tls: maybe }\n';
    expect(() => resolve(yaml, { PGSSLMODE: 'strict' }).config()).toThrow(
      [
        'medallion.yaml:1: "0" is not a port number',
        'PGSSLMODE: "strict" is not one of disable, allow, prefer, require, verify-ca, verify-full',
        'medallion.yaml:2: "maybe" is not true or false',
      ].join('\n'),
    );
  });
});

describe('the server', () => {
  const parts = 'database: { host: db, port: 6000, user: ana, password: p, name: shop }';

  it('comes from the parts or the URL of the file', () => {
    const ana = { kind: 'server', host: 'db', port: 6000, user: 'ana', database: 'shop' };
    expect(warehouse(parts)).toMatchObject({ ...ana, password: 'p', from: 'medallion.yaml:1' });
    const url = 'database:\n  url: postgresql://ana@db:6000/shop\n  password: p\n';
    expect(warehouse(url)).toMatchObject({ ...ana, password: 'p', from: 'medallion.yaml:2' });
    expect(warehouse('database: { port: 6000, password: p }')).toEqual({ kind: 'embedded' });
  });

  it('takes each variable of libpq over the same setting of the file', () => {
    expect(warehouse(parts, { PGPORT: '6001', PGPASSWORD: 'q' })).toMatchObject({
      host: 'db',
      port: 6001,
      password: 'q',
    });
    expect(warehouse(parts, { PGHOST: 'other' })).toMatchObject({ host: 'other', user: 'ana' });
    const url = 'database: { url: "postgresql://ana@db/shop" }';
    expect(warehouse(url, { PGDATABASE: 'test' })).toMatchObject({ host: 'db', database: 'test' });
  });

  it('of a URL in the environment gets no name and no password from the file, but its TLS', () => {
    const yaml = `${parts.slice(0, -2)}, sslmode: verify-full }`;
    expect(warehouse(yaml, { DATABASE_URL: 'postgresql://else.example' })).toEqual({
      kind: 'server',
      host: 'else.example',
      port: 5432,
      user: 'postgres',
      password: undefined,
      database: 'postgres',
      tls: { verify: true },
      from: 'DATABASE_URL',
    });
  });

  it('is never mixed from PG* and POSTGRES_* but for the password and TLS of libpq', () => {
    const docker = { POSTGRES_HOST: 'd', POSTGRES_USER: 'u', POSTGRES_PASSWORD: 'p' };
    expect(warehouse('', { ...docker, PGPASSWORD: 'q', PGPORT: '1' })).toMatchObject({
      host: 'd',
      user: 'u',
      password: 'p',
      port: 5432,
    });
    expect(warehouse('', { ...docker, PGHOST: 'h' })).toMatchObject({
      host: 'h',
      user: 'postgres',
      password: undefined,
    });
  });
});
