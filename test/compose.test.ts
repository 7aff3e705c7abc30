import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config.ts';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: string };
  readonly command?: string;
  readonly entrypoint?: string;
  readonly user?: string;
  readonly depends_on?: Readonly<
    Record<string, { readonly condition: string; readonly required?: boolean }>
  >;
}

const text = readFileSync(new URL('../docker-compose.yaml', import.meta.url), 'utf8');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
/** They do one thing and end. */
const ENDING = ['topic', 'tables', 'staging', 'promote'];
/** Only other services speak to them. */
const INNER = ['spark-worker'];
const services = Object.entries(compose.services).filter(([name]) => !ENDING.includes(name));
const example = parseEnv(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'));
const filledIn: Readonly<Record<string, string | undefined>> = {
  ...example,
  POSTGRES_PASSWORD: 'p1',
  GRAFANA_ADMIN_PASSWORD: 'p2',
  GRAFANA_READER_PASSWORD: 'p3',
};

/** A value of a provisioning file as Grafana 12 reads it (pkg/services/provisioning/values): what braces name, expanded twice. */
function expandedByGrafana(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const expanded = (part: string, pattern: RegExp): string =>
    part.replaceAll(pattern, (_, ...names: (string | undefined)[]) => {
      const name = names.slice(0, 2).find((found) => found !== undefined);
      return env[name ?? ''] ?? '';
    });
  return text
    .split('$$')
    .map((part) => expanded(expanded(part, /\$(?:__env)?\{([^}]+)\}()/g), /\$(?:\{(\w+)\}|(\w+))/g))
    .join('$');
}

describe('docker-compose.yaml', () => {
  it.each([
    ['the stores alone', [], ['kafka', 'postgres']],
    ['with medallion', ['run'], ['kafka', 'postgres', 'topic', 'tables', 'medallion']],
    ['with Grafana', ['grafana'], ['kafka', 'postgres', 'tables', 'grafana']],
    [
      'with Spark',
      ['spark'],
      ['kafka', 'postgres', 'staging', 'spark-master', 'spark-worker', 'spark-connect'],
    ],
    [
      'all of it',
      ['run', 'grafana'],
      ['kafka', 'postgres', 'topic', 'tables', 'medallion', 'grafana'],
    ],
  ])('starts %s by profile', (_, profiles, started) => {
    const isStarted = ({ profiles: own }: Service): boolean =>
      own?.some((profile) => profiles.includes(profile)) ?? true;
    const names = Object.entries(compose.services).flatMap(([name, service]) =>
      isStarted(service) ? [name] : [],
    );
    expect(names).toEqual(started);
    // What is waited for must be started, too.
    const needed = names.flatMap((name) =>
      Object.entries(compose.services[name]?.depends_on ?? {}).flatMap(
        ([other, { required = true }]) => (required ? [other] : []),
      ),
    );
    expect(names).toEqual(expect.arrayContaining(needed));
  });

  it('points medallion at the stores of its network, and at the topic that is made for it', () => {
    const env = compose.services['medallion']?.environment ?? {};
    const values: Record<string, string> = {};
    for (const [name, value] of Object.entries(env)) {
      const [, variable] = /^\$\{(\w+).*\}$/.exec(String(value)) ?? [];
      values[name] = variable === undefined ? String(value) : (filledIn[variable] ?? '');
    }
    const config = parseConfig({}, values, '/');
    expect(config.warehouse).toMatchObject({ host: 'postgres', user: 'medallion', port: 5432 });
    expect(config.log).toMatchObject({ kind: 'kafka', brokers: ['kafka:19092'], topic: 'sales' });
    const listeners = compose.services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS'];
    expect(String(listeners)).toContain('NETWORK://kafka:19092');
  });

  describe.each(services)('%s', (name, service) => {
    it('is pinned to one release', () => {
      expect(service.image).toMatch(/^[\w/]+:\d+\.\d+(\.\d+)?(-[\w.]+)?$/);
    });

    it('says when it is healthy', () => {
      expect(service.healthcheck?.test).toMatch(/\S/);
    });

    it('is reachable from this machine only', () => {
      const ports = service.ports ?? [];
      expect(ports).toHaveLength(INNER.includes(name) ? 0 : 1);
      expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    });

    it('waits for healthy services only, and for ones that exist', () => {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services).toHaveProperty(needed);
        expect(condition).toBe(
          ENDING.includes(needed) ? 'service_completed_successfully' : 'service_healthy',
        );
      }
    });

    it('mounts named volumes that are declared, and files that exist', () => {
      for (const [source = ''] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
        if (source.startsWith('./')) {
          expect(existsSync(fileURLToPath(new URL(`../${source}`, import.meta.url)))).toBe(true);
        } else {
          expect(compose.volumes).toHaveProperty(source);
        }
      }
    });

    it('holds no password: each must be set, or nothing starts', () => {
      const secrets = Object.entries(service.environment ?? {}).filter(([name]) =>
        /PASSWORD|SECRET|TOKEN/.test(name),
      );
      for (const [, value] of secrets) {
        expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
      }
    });
  });

  it('hands Grafana the password of the reader as it stands in .env, whatever is in it', () => {
    const password = 'pa$$w0rd$HOME${GRAFANA_PORT}$__env{HOME}#1 $';
    // Compose and Node.js both take what is in single quotes as it is.
    const { value } = parseEnv(`value='${password}'`);
    const given = compose.services['grafana']?.environment?.['WAREHOUSE_PASSWORD'];
    expect(given).toMatch(/^\$\{GRAFANA_READER_PASSWORD:\?[^}]+\}$/);
    const provisioned = parse(
      readFileSync(
        new URL('../grafana/provisioning/datasources/warehouse.yaml', import.meta.url),
        'utf8',
      ),
    ) as { datasources: { secureJsonData: { password: string } }[] };
    const env = { WAREHOUSE_PASSWORD: value, HOME: '/root', GRAFANA_PORT: '3000' };
    const found = provisioned.datasources[0]?.secureJsonData.password ?? '';
    expect(expandedByGrafana(found, env)).toBe(password);
    expect(expandedByGrafana('$__env{WAREHOUSE_PASSWORD}', env)).not.toBe(password);
  });

  it('makes the tables before Grafana and medallion start, in the warehouse of medallion', () => {
    const { tables, medallion, grafana } = compose.services;
    expect(tables?.command).toBe('db migrate');
    expect(medallion?.environment).toMatchObject(tables?.environment ?? { none: '' });
    expect(medallion?.depends_on).toHaveProperty('tables');
    expect(grafana?.depends_on?.['tables']).toEqual({
      condition: 'service_completed_successfully',
    });
    expect(tables?.profiles).toEqual(['run', 'grafana']);
  });

  it('shares a folder between Spark and the promotion that uses it, as the user that both are', () => {
    const { promote, staging, ...others } = compose.services;
    const { spark } = parseConfig({}, { ...promote?.environment } as Record<string, string>, '/');
    expect(spark).toMatchObject({ remote: 'sc://spark-connect:15002', staging: '/staging' });
    expect(others['spark-connect']?.ports?.[0]).toMatch(/:15002$/);
    for (const name of ['spark-worker', 'spark-connect']) {
      expect(others[name]?.volumes).toContain('staging:/staging');
      expect(others[name]).not.toHaveProperty('user');
      expect(others[name]?.depends_on).toHaveProperty('staging');
    }
    expect(promote?.entrypoint).toBe('medallion promote --engine spark');
    expect(promote?.volumes).toContain('staging:/staging');
    // The image's own user.
    expect(promote?.user).toBe('185:185');
    expect(staging?.entrypoint).toBe(
      'install --directory --owner=185 --group=185 --mode=700 /staging',
    );
  });

  it('starts the Spark that the tests run, but for its patch level', () => {
    const tested = readFileSync(
      new URL('../scripts/spark/spark-requirements.txt', import.meta.url),
      'utf8',
    );
    const [, minor = ''] = /^pyspark==(\d+\.\d+)\./.exec(tested) ?? [];
    for (const name of ['staging', 'spark-master', 'spark-worker', 'spark-connect']) {
      expect(compose.services[name]?.image).toMatch(`apache/spark:${minor}.`);
    }
  });

  it('starts Grafana without a word to the internet', () => {
    expect(compose.services['grafana']?.environment).toMatchObject({
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
    });
  });

  it('advertises Kafka to this machine under the address that .env.example names', () => {
    const advertised = String(
      compose.services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS'],
    );
    expect(advertised.split(',')).toContain(`HOST://${String(example['KAFKA_BROKERS'])}`);
  });
});

describe('.env.example', () => {
  it('names every variable that docker-compose.yaml asks for', () => {
    const asked = [...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map((match) => match[1]);
    expect(asked.length).toBeGreaterThan(0);
    expect(Object.keys(example)).toEqual(expect.arrayContaining(asked));
  });

  it('holds no password', () => {
    const secrets = Object.entries(example).filter(([name]) => name.includes('PASSWORD'));
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.every(([, value]) => value === '')).toBe(true);
  });

  it('points medallion at the services of docker-compose.yaml', () => {
    expect(parseConfig({}, filledIn, '/')).toMatchObject({
      warehouse: {
        kind: 'server',
        host: 'localhost',
        port: 5432,
        user: 'medallion',
        password: 'p1',
        database: 'medallion',
      },
      log: { kind: 'kafka', brokers: ['localhost:9092'], topic: 'sales' },
    });
  });
});
