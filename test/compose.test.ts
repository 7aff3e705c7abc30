import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config.ts';

interface Service {
  readonly image: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const text = readFileSync(new URL('../docker-compose.yaml', import.meta.url), 'utf8');
const compose = parse(text) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const example = parseEnv(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'));
const filledIn = {
  ...example,
  POSTGRES_PASSWORD: 'p1',
  GRAFANA_ADMIN_PASSWORD: 'p2',
  GRAFANA_READER_PASSWORD: 'p3',
};

describe('docker-compose.yaml', () => {
  it('runs Kafka, PostgreSQL and Grafana', () => {
    expect(services.map(([name]) => name)).toEqual(['kafka', 'postgres', 'grafana']);
  });

  describe.each(services)('%s', (_name, service) => {
    it('is pinned to one release', () => {
      expect(service.image).toMatch(/^[\w/]+:\d+\.\d+(\.\d+)?(-[\w.]+)?$/);
    });

    it('says when it is healthy', () => {
      expect(service.healthcheck?.test).toMatch(/\S/);
    });

    it('is reachable from this machine only', () => {
      expect(service.ports).toHaveLength(1);
      expect(service.ports[0]).toMatch(/^127\.0\.0\.1:/);
    });

    it('waits for healthy services only, and for ones that exist', () => {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services).toHaveProperty(needed);
        expect(condition).toBe('service_healthy');
      }
    });

    it('mounts named volumes that are declared, and files that exist', () => {
      for (const [source = ''] of service.volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('./')) {
          expect(existsSync(fileURLToPath(new URL(`../${source}`, import.meta.url)))).toBe(true);
        } else {
          expect(compose.volumes).toHaveProperty(source);
        }
      }
    });

    it('holds no password: each must be set, or nothing starts', () => {
      const secrets = Object.entries(service.environment).filter(([name]) =>
        /PASSWORD|SECRET|TOKEN/.test(name),
      );
      for (const [, value] of secrets) {
        expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
      }
    });
  });

  it('advertises Kafka to this machine under the address that .env.example names', () => {
    const advertised = String(compose.services['kafka']?.environment['KAFKA_ADVERTISED_LISTENERS']);
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
