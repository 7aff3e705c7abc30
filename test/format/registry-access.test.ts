import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { runCommand } from '../support/cli.ts';
import { openHttpsProxy, type HttpsProxy } from '../support/https-proxy.ts';
import { rowsOf } from '../support/ingest.ts';
import { kafkaBrokers, produce, uniqueTopic } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { framed, startTestRegistry, type TestRegistry } from '../support/registry.ts';

/** A registry behind TLS and a login: what a company has. */
const PASSWORD = 'sesame & open: 100 %';
const BASIC = `Basic ${Buffer.from(`ana:${PASSWORD}`).toString('base64')}`;
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';

let registry: TestRegistry;
let database: TestDatabase;
let folder: string;
let topic: string;
let authority: Authority;
let stranger: string;
let files: { certificate: string; key: string };
let client: { certificate: string; key: string };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-access-'));
  authority = await createAuthority(folder, 'company');
  stranger = (await createAuthority(folder, 'stranger')).certificate;
  files = await authority.issue('registry', ['localhost']);
  client = await authority.issue('client', ['client']);
  database = await createTestDatabase();
  topic = await uniqueTopic(1);
  registry = await startTestRegistry();
}, 300_000);

afterAll(async () => {
  await registry.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

interface Finding {
  readonly status: string;
  readonly title: string;
  readonly found: string;
  readonly advice: string | null;
}

async function environment(more: Record<string, string>): Promise<Record<string, string>> {
  return {
    ...{ DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers(), KAFKA_TOPIC: topic },
    ...{ KAFKA_FORMAT: 'avro', ...more },
  };
}

/** What doctor finds of the registry. */
async function look(more: Record<string, string>) {
  const { code, stdout, stderr } = await runCommand(['doctor', '--output', 'json'], {
    ...{ cwd: folder, env: await environment(more) },
  });
  const findings = JSON.parse(stdout) as Finding[];
  const finding = findings.find(({ title }) => title === 'schema registry');
  return { code, finding, output: stdout + stderr };
}

const at = (proxy: HttpsProxy): string =>
  `https://localhost:${String(proxy.port)}${new URL(registry.url).pathname}`;

describe('a registry behind TLS and a login', () => {
  test('by user and password, and the authority of its certificate: ingest and doctor get in', async () => {
    const proxy = await openHttpsProxy(registry.port, files, BASIC);
    try {
      const id = await registry.register(`${topic}-value`, {
        ...{ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] },
      });
      await produce(topic, [{ value: framed(id, Buffer.from([14])) }]);
      const access = {
        ...{ SCHEMA_REGISTRY_URL: at(proxy), SCHEMA_REGISTRY_SSL_CA: authority.certificate },
        ...{ SCHEMA_REGISTRY_USER: 'ana', SCHEMA_REGISTRY_PASSWORD: PASSWORD },
      };
      expect(await look(access)).toMatchObject({
        ...{ code: 0, finding: { status: 'ok', found: `${at(proxy)}: answers, for avro` } },
      });
      const env = await environment(access);
      expect(await runCommand(['ingest'], { cwd: folder, env })).toMatchObject({ code: 0 });
      expect(await rowsOf(database.settings, 'select value from bronze.events')).toEqual([
        '{"n":7}',
      ]);
      expect(proxy.passed()).toBe(3);
    } finally {
      await proxy.close();
    }
  });

  test('by a bearer token, which goes before user and password', async () => {
    const proxy = await openHttpsProxy(registry.port, files, `Bearer ${TOKEN}`);
    try {
      const access = { SCHEMA_REGISTRY_URL: at(proxy), SCHEMA_REGISTRY_TOKEN: TOKEN };
      const trusting = { ...access, SCHEMA_REGISTRY_SSL_CA: authority.certificate };
      expect(await look({ ...trusting, SCHEMA_REGISTRY_USER: 'ana' })).toMatchObject({
        ...{ code: 0, finding: { status: 'ok' } },
      });
      // Whoever takes any certificate needs no authority.
      expect(await look({ ...access, SCHEMA_REGISTRY_SSL_VERIFY: 'false' })).toMatchObject({
        ...{ code: 0, finding: { status: 'ok' } },
      });
    } finally {
      await proxy.close();
    }
  });

  test('from medallion.yaml, with the password in the environment', async () => {
    const proxy = await openHttpsProxy(registry.port, files, BASIC);
    const project = await mkdtemp(path.join(folder, 'project-'));
    try {
      await writeFile(
        path.join(project, 'medallion.yaml'),
        `kafka:\n  format: avro\nregistry:\n  url: ${at(proxy)}\n  user: ana\n  tls_ca: ../company-ca.pem\n`,
      );
      const { stdout } = await runCommand(['doctor', '--output', 'json'], {
        cwd: project,
        env: {
          ...{ DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers() },
          ...{ KAFKA_TOPIC: topic, SCHEMA_REGISTRY_PASSWORD: PASSWORD },
        },
      });
      const found = (JSON.parse(stdout) as Finding[]).find(
        ({ title }) => title === 'schema registry',
      );
      expect(found).toMatchObject({ status: 'ok', found: `${at(proxy)}: answers, for avro` });
    } finally {
      await proxy.close();
    }
  });

  test('a certificate that nothing vouches for is refused, and the authority asked for', async () => {
    const proxy = await openHttpsProxy(registry.port, files, BASIC);
    try {
      for (const ca of [{}, { SCHEMA_REGISTRY_SSL_CA: stranger }]) {
        const { code, finding } = await look({ SCHEMA_REGISTRY_URL: at(proxy), ...ca });
        expect(code).toBe(3);
        expect(finding).toMatchObject({
          ...{ status: 'fail', found: expect.stringContaining('cannot be reached') as string },
          advice: expect.stringContaining('SCHEMA_REGISTRY_SSL_CA (registry.tls_ca)') as string,
        });
      }
      // It is not waited for: a certificate stays what it is.
      const env = await environment({ SCHEMA_REGISTRY_URL: at(proxy) });
      const started = Date.now();
      const ingest = await runCommand(['ingest', '--retry-for', '1m'], { cwd: folder, env });
      expect(ingest.code).toBe(3);
      expect(Date.now() - started).toBeLessThan(30_000);
      expect(proxy.passed()).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  test('a certificate of the client, where it is asked for', async () => {
    const proxy = await openHttpsProxy(registry.port, files, BASIC, authority.certificate);
    try {
      const access = {
        ...{ SCHEMA_REGISTRY_URL: at(proxy), SCHEMA_REGISTRY_SSL_CA: authority.certificate },
        ...{ SCHEMA_REGISTRY_USER: 'ana', SCHEMA_REGISTRY_PASSWORD: PASSWORD },
      };
      const { code, finding } = await look(access);
      expect(code).toBe(3);
      expect(finding?.advice).toMatch(/SCHEMA_REGISTRY_SSL_CERT \(registry\.tls_cert\)/);
      const own = {
        ...{ SCHEMA_REGISTRY_SSL_CERT: client.certificate, SCHEMA_REGISTRY_SSL_KEY: client.key },
      };
      expect(await look({ ...access, ...own })).toMatchObject({ finding: { status: 'ok' } });
    } finally {
      await proxy.close();
    }
  });

  test('a login that is refused is said without the password, before anything is read', async () => {
    const proxy = await openHttpsProxy(registry.port, files, BASIC);
    try {
      const access = {
        ...{ SCHEMA_REGISTRY_URL: at(proxy), SCHEMA_REGISTRY_SSL_CA: authority.certificate },
        ...{ SCHEMA_REGISTRY_USER: 'ana', SCHEMA_REGISTRY_PASSWORD: 'guess-4711' },
      };
      const { code, finding, output } = await look(access);
      expect(code).toBe(3);
      expect(finding?.found).toMatch(/rejects the login \(401: Unauthorized\)/);
      expect(finding?.advice).toMatch(/SCHEMA_REGISTRY_TOKEN/);
      expect(output).not.toContain('guess-4711');
      const before = await rowsOf(database.settings, 'select count(*) from medallion.runs');
      const env = await environment(access);
      const ingest = await runCommand(['ingest', '--retry-for', '1m'], { cwd: folder, env });
      expect(ingest.code).toBe(3);
      expect(ingest.stderr).toMatch(/rejects the login/);
      expect(ingest.stderr).not.toContain('guess-4711');
      expect(await rowsOf(database.settings, 'select count(*) from medallion.runs')).toEqual(
        before,
      );
    } finally {
      await proxy.close();
    }
  });
});

describe('doctor', () => {
  test('asks no registry where no format needs one', async () => {
    for (const KAFKA_FORMAT of ['json', 'outbox']) {
      const { code, finding } = await look({ KAFKA_FORMAT, SCHEMA_REGISTRY_URL: 'http://x:1' });
      expect({ code, finding }).toEqual({ code: 0, finding: undefined });
    }
  });

  test('says where a registry is missing, away, or something else', async () => {
    expect(await look({})).toMatchObject({
      ...{ code: 2, finding: { found: 'kafka.format avro needs a schema registry' } },
    });
    expect(await look({ SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' })).toMatchObject({
      code: 3,
      finding: {
        ...{ status: 'fail', found: expect.stringContaining('cannot be reached') as string },
      },
    });
    expect(await look({ SCHEMA_REGISTRY_URL: new URL(registry.url).origin })).toMatchObject({
      code: 2,
      finding: { advice: expect.stringContaining('/apis/ccompat/v7') as string },
    });
  });
});
