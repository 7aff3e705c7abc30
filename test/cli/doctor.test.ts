import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand } from '../support/cli.ts';
import { withTestHome } from '../support/home.ts';
import { kafkaBrokers, uniqueTopic } from '../support/kafka.ts';
import { createTestDatabase, urlOf, withDatabase, type TestDatabase } from '../support/postgres.ts';

interface Finding {
  readonly status: string;
  readonly title: string;
  readonly found: string;
  readonly advice: string | null;
}

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-doctor-'));
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function doctor(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const { code, stdout, stderr } = await runCommand(['doctor', '--output', 'json', ...args], {
    env,
    cwd: folder,
  });
  const findings = JSON.parse(stdout) as Finding[];
  const of = (title: string): Finding | undefined =>
    findings.find((finding) => finding.title === title);
  return { code, stdout, stderr, findings, of };
}

const MACHINE = [
  ...['Node.js', 'home folder', 'disk space'],
  ...['DuckDB', 'DuckDB postgres extension', 'DuckDB excel extension'],
];

describe('doctor', () => {
  it('finds nothing amiss on a machine that is set up, and leaves nothing behind', async () => {
    const { code, findings } = await doctor({ DATABASE_URL: database.url });
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(findings.map(({ title }) => title)).toEqual([
      ...MACHINE,
      'PostgreSQL',
      'rights in the database',
      'schema',
      'models',
      'clocks',
    ]);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('prints a table for people that fits into 80 columns', async () => {
    const { code, stdout } = await runCommand(['doctor'], {
      env: { DATABASE_URL: 'postgresql://me:sesame@127.0.0.1:1/sales' },
      cwd: folder,
    });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^status +check +found$/);
    expect(lines.find((line) => line.startsWith('ok') && line.includes('Node.js'))).toBeDefined();
    expect(stdout).toMatch(/^fail +PostgreSQL +cannot reach PostgreSQL/m);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(code).toBe(3);
  });

  it('says what would be migrated, and migrates nothing', async () => {
    await withDatabase(
      async (empty) => {
        const { code, of } = await doctor({ DATABASE_URL: empty.url });
        expect(of('schema')).toMatchObject({
          status: 'ok',
          found: expect.stringContaining('001_'),
        });
        expect(code).toBe(0);
        const { rows } = await withClient(empty.settings, (client) =>
          client.query("select from pg_namespace where nspname in ('bronze', 'medallion')"),
        );
        expect(rows).toEqual([]);
      },
      { empty: true },
    );
  });

  it('runs every check when several fail, ends with the worst, and prints no password', async () => {
    const { code, stdout, stderr, findings, of } = await doctor({
      DATABASE_URL: 'postgresql://me:sesame@127.0.0.1:1/sales',
      KAFKA_BROKERS: '127.0.0.1:1',
      KAFKA_SASL_USERNAME: 'me',
      KAFKA_SASL_PASSWORD: 'sesame',
      MEDALLION_DUCKDB_EXTENSION: path.join(folder, 'nowhere'),
    });
    expect(findings.map(({ title }) => title)).toEqual([...MACHINE, 'PostgreSQL', 'Kafka']);
    expect(of('Kafka')).toMatchObject({ status: 'fail', advice: expect.stringContaining('up') });
    expect(stderr).toMatch(/not ready: DuckDB postgres extension, PostgreSQL, Kafka/);
    expect(code).toBe(3);
    expect(stdout + stderr).not.toContain('sesame');
  });

  it('ends with 2 when the configuration is all that is wrong', async () => {
    const { code, of } = await doctor({
      DATABASE_URL: database.url,
      MEDALLION_DUCKDB_EXTENSION: path.join(folder, 'nowhere'),
    });
    expect(of('DuckDB postgres extension')).toMatchObject({
      status: 'fail',
      advice: expect.stringContaining('MEDALLION_DUCKDB_EXTENSION'),
    });
    expect(code).toBe(2);
  });

  it("takes the lack of DuckDB's excel extension for a failure only where it is to be had", async () => {
    const env = {
      DATABASE_URL: database.url,
      MEDALLION_DUCKDB_EXCEL_EXTENSION: path.join(folder, 'nowhere'),
    };
    const finding = { advice: expect.stringContaining('MEDALLION_DUCKDB_EXCEL_EXTENSION') };
    const { code, of } = await doctor(env);
    expect(of('DuckDB excel extension')).toMatchObject({ ...finding, status: 'warn' });
    expect(code).toBe(0);
    const fetching = await doctor(env, ['--fetch']);
    expect(fetching.of('DuckDB excel extension')).toMatchObject({ ...finding, status: 'fail' });
    expect(fetching.code).toBe(2);
  });

  it('fails on a home that is a file', async () => {
    const file = path.join(mkdtempSync(path.join(folder, 'home-')), 'file');
    writeFileSync(file, '');
    const { code, of } = await doctor({ DATABASE_URL: database.url, MEDALLION_HOME: file });
    expect(of('home folder')).toMatchObject({ status: 'fail', found: `${file} is not a folder` });
    expect(code).toBe(3);
    rmSync(path.dirname(file), { recursive: true });
  });

  it('does not hang on a server that takes the connection and says nothing', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, of } = await doctor({
      DATABASE_URL: `postgresql://me@127.0.0.1:${String(port)}/sales`,
    });
    server.close();
    expect(of('PostgreSQL')).toMatchObject({ status: 'fail' });
    expect(code).toBe(3);
  });
});

describe('doctor on a database of someone else', () => {
  it('names the rights that are missing and the grants that give them', async () => {
    await withDatabase(async ({ settings }) => {
      const user = `clerk_${String(process.pid)}`;
      const grants = (text: string): string[] => text.match(/^grant .+;$/gm) ?? [];
      await withClient(settings, async (client) => {
        await client.query(`create role ${user} login password 'sesame'`);
        try {
          await client.query(
            `grant usage on schema medallion to ${user}; grant select on medallion.migrations to ${user}`,
          );
          const env = { DATABASE_URL: urlOf({ ...settings, user, password: 'sesame' }) };
          const before = await doctor(env);
          expect(before.code).toBe(3);
          const rights = before.of('rights in the database');
          expect(rights?.found).toContain('usage, create on schema gold');
          expect(before.of('schema')?.status).toBe('ok');

          for (const grant of grants(rights?.advice ?? '')) {
            await client.query(grant);
          }
          const after = await doctor(env);
          expect(after.of('rights in the database')).toMatchObject({ status: 'ok' });

          await client.query(`alter role ${user} set default_transaction_read_only = on`);
          const readOnly = await doctor(env);
          expect(readOnly.of('rights in the database')?.found).toMatch(/read-only/);
          expect(readOnly.code).toBe(3);
        } finally {
          await client.query(`drop owned by ${user}; drop role ${user}`);
        }
      });
    });
  });
});

describe('doctor on the embedded server', () => {
  it('does not make it, and leaves it as it was once it is made', async () => {
    await withTestHome(async (home) => {
      const env = { MEDALLION_HOME: home };
      const before = await doctor(env);
      expect(before.of('PostgreSQL')).toMatchObject({ status: 'ok' });
      expect(before.of('PostgreSQL')?.found).toMatch(
        /^embedded, 18: the first command that needs it creates it/,
      );
      expect(existsSync(home)).toBe(false);

      expect((await runCommand(['db', 'migrate'], { env, cwd: folder })).code).toBe(0);
      const { code, of } = await doctor(env);
      expect(of('PostgreSQL')?.found).toMatch(/^embedded, 18\.\d+ at 127\.0\.0\.1:/);
      expect(of('schema')?.found).toBe('up to date');
      expect(code).toBe(0);
      const { stdout } = await runCommand(['db', 'status'], { env, cwd: folder });
      expect(stdout).toMatch(/stopped/);
    });
  });
});

describe('doctor on Kafka', () => {
  it('counts the partitions of the topic', async () => {
    const env = { DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers() };
    const topic = await uniqueTopic(3);
    const { code, of } = await doctor(env, ['--topic', topic]);
    expect(of('Kafka')?.found).toMatch(/^1 broker: /);
    expect(of('Kafka topic')).toMatchObject({ status: 'ok', found: `${topic}: 3 partitions` });
    expect(code).toBe(0);
  });

  it('warns of a topic that is not there, and does not create it', async () => {
    const env = { DATABASE_URL: database.url, KAFKA_BROKERS: await kafkaBrokers() };
    for (const attempt of [1, 2]) {
      const { code, of } = await doctor(env, ['--topic', 'nobody-made-it']);
      expect({ attempt, status: of('Kafka topic')?.status }).toEqual({ attempt, status: 'warn' });
      expect(code).toBe(0);
    }
  });
});
