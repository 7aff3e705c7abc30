import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectTcp, createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { openDuckDb } from '../../src/engine/duckdb/engine.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { embeddedBinaries } from '../../src/embedded/binaries.ts';
import { clusterAt, createCluster, SUPERUSER } from '../../src/embedded/cluster.ts';
import { freePort, startServer, stopServer } from '../../src/embedded/postmaster.ts';
import { serverUser } from '../../src/embedded/user.ts';
import { withWarehouse } from '../../src/postgres/warehouse.ts';
import { createAuthority } from '../support/certificates.ts';
import { runCli } from '../support/cli.ts';
import { testContext } from '../support/ingest.ts';
import { createTestDatabase } from '../support/postgres.ts';

/** An authority's file, and that of another one that has not signed the server's certificate. */
let trusted: string;
let stranger: string;
let folder: string;
let port: number;
let password: string;
let stop: () => Promise<void>;

/** A PostgreSQL with TLS whose certificate is for "localhost" only. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-tls-'));
  await chmod(folder, 0o711);
  const authority = await createAuthority(folder, 'trusted');
  trusted = authority.certificate;
  stranger = (await createAuthority(folder, 'stranger')).certificate;
  const issued = await authority.issue('server', ['localhost']);

  const cluster = clusterAt(path.join(folder, 'cluster'));
  const user = await serverUser(cluster.data);
  if (user !== undefined) {
    await Promise.all(Object.values(issued).map((file) => chown(file, user.uid, user.gid)));
  }
  const binaries = await embeddedBinaries(folder, user);
  await createCluster(cluster.folder, binaries, user);
  port = await freePort();
  const { ended } = await startServer(cluster, binaries, user, {
    port,
    settings: {
      ssl: 'on',
      ssl_cert_file: issued.certificate,
      ssl_key_file: issued.key,
      fsync: 'off',
    },
    logFile: path.join(folder, 'server.log'),
    daemon: false,
  });
  password = await readFile(cluster.passwordFile, 'utf8');
  stop = () => stopServer(cluster, binaries, user);
  const failed = ended.then(({ log }) => {
    throw new Error(log);
  });
  failed.catch(() => undefined);
  await vi.waitFor(() => Promise.race([isEncrypted(url('')), failed]), { timeout: 30_000 });
});

afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

function url(parameters: string, host = 'localhost', at = port): string {
  return `postgresql://${SUPERUSER}:${password}@${host}:${String(at)}/postgres${parameters}`;
}

function settingsOf(databaseUrl: string): ConnectionSettings {
  const { warehouse } = parseConfig({ databaseUrl }, {}, folder);
  if (warehouse.kind !== 'server') {
    throw new Error('no server');
  }
  return warehouse;
}

const IS_ENCRYPTED = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

async function isEncrypted(databaseUrl: string): Promise<boolean> {
  return withClient(settingsOf(databaseUrl), async (client) => {
    const { rows } = await client.query<{ ssl: string }>(IS_ENCRYPTED);
    return rows[0]?.ssl === 't';
  });
}

/** What DuckDB's own connection says, on which a promotion reads and writes. */
async function isEncryptedInDuckDb(databaseUrl: string): Promise<boolean> {
  const { duckdb } = parseConfig({}, process.env, folder);
  const engine = await openDuckDb(
    {
      warehouse: settingsOf(databaseUrl),
      duckdb,
      memoryLimit: '200MB',
      threads: 1,
      spillDirectory: path.join(folder, 'spill'),
    },
    testContext(),
  );
  try {
    const session = await engine.openSession();
    const [row] = await session.query(
      `select * from postgres_query('warehouse', '${IS_ENCRYPTED}') as answer`,
    );
    return row?.['ssl'] === 'true';
  } finally {
    await engine.close();
  }
}

describe.each([
  ['the client', isEncrypted],
  ['DuckDB', isEncryptedInDuckDb],
])('%s', (_, ask) => {
  const denied = { code: 'denied', exitCode: 3, hint: expect.stringContaining('sslrootcert') };

  test('trusts a server whose authority is named, under its own name', async () => {
    expect(await ask(url(`?sslmode=verify-full&sslrootcert=${trusted}`))).toBe(true);
  });

  test('refuses it under another name, unless told that any name will do', async () => {
    const other = '127.0.0.1';
    await expect(
      ask(url(`?sslmode=verify-full&sslrootcert=${trusted}`, other)),
    ).rejects.toMatchObject(denied);
    expect(await ask(url(`?sslmode=verify-ca&sslrootcert=${trusted}`, other))).toBe(true);
    expect(await ask(url(`?sslmode=require&sslrootcert=${trusted}`, other))).toBe(true);
  });

  test('refuses what an authority has signed that is not trusted', async () => {
    for (const parameters of [
      '?sslmode=verify-full',
      '?sslmode=verify-full&sslrootcert=system',
      '?sslmode=verify-ca',
      `?sslmode=verify-full&sslrootcert=${stranger}`,
      `?sslmode=verify-ca&sslrootcert=${stranger}`,
      `?sslmode=require&sslrootcert=${stranger}`,
    ]) {
      await expect(ask(url(parameters)), parameters).rejects.toMatchObject(denied);
    }
  });

  test('encrypts without a check when told so, and not at all on this machine', async () => {
    expect(await ask(url('?sslmode=require'))).toBe(true);
    expect(await ask(url('?sslmode=prefer'))).toBe(true);
    expect(await ask(url('?sslmode=disable'))).toBe(false);
    expect(await ask(url(''))).toBe(false);
  });

  test('insists on TLS where the server has none, unless it is only preferred', async () => {
    const plain = await createTestDatabase();
    try {
      await expect(ask(`${plain.url}?sslmode=require`)).rejects.toMatchObject({ code: 'denied' });
      await expect(ask(`${plain.url}?sslmode=verify-full`)).rejects.toMatchObject({
        code: 'denied',
      });
      expect(await ask(`${plain.url}?sslmode=prefer`)).toBe(false);
    } finally {
      await plain.drop();
    }
  });
});

describe('a server on another machine', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  const relays: Server[] = [];

  /** Lets a server of this machine be reached under the machine's outer address. */
  async function relay(to: number): Promise<number> {
    const server = createServer((inward) => {
      const outward = connectTcp(to, '127.0.0.1');
      inward.pipe(outward).pipe(inward);
      inward.on('error', () => outward.destroy());
      outward.on('error', () => inward.destroy());
    });
    relays.push(server);
    await new Promise<void>((resolve) => server.listen(0, outside, resolve));
    return (server.address() as AddressInfo).port;
  }

  afterAll(() => {
    for (const server of relays) {
      server.close();
    }
  });

  async function warningsFor(databaseUrl: string): Promise<string[]> {
    const context = testContext();
    const config = parseConfig({ databaseUrl }, {}, folder);
    await withWarehouse(config, context, () => Promise.resolve(), { migrate: false });
    return context.warnings();
  }

  test.runIf(outside !== undefined)(
    'is spoken to in private when it can, and it is said when it cannot',
    async () => {
      const encrypted = url('', outside, await relay(port));
      expect(await isEncrypted(encrypted)).toBe(true);
      expect(await isEncryptedInDuckDb(encrypted)).toBe(true);
      expect(await warningsFor(encrypted)).toEqual([]);

      const plain = await createTestDatabase();
      try {
        const reached = new URL(plain.url);
        reached.hostname = outside ?? '';
        reached.port = String(await relay(plain.settings.port));
        expect(await isEncrypted(reached.href)).toBe(false);
        expect(await warningsFor(reached.href)).toEqual([
          expect.stringMatching(/^the connection to \S+ is not encrypted/),
        ]);
        expect(await warningsFor(`${reached.href}?sslmode=disable`)).toEqual([]);
      } finally {
        await plain.drop();
      }
    },
  );
});

test('the command line: verified as asked, or one clear refusal', async () => {
  const run = async (databaseUrl: string) =>
    runCli(['promote', '--quiet'], { cwd: folder, env: { DATABASE_URL: databaseUrl } });
  expect(await run(url(`?sslmode=verify-full&sslrootcert=${trusted}`))).toMatchObject({
    code: 0,
    stderr: '',
  });
  const refused = await run(url(`?sslmode=verify-full&sslrootcert=${trusted}`, '127.0.0.1'));
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/^error: no trusted TLS connection to PostgreSQL at 127\.0\.0\.1/);
  const missing = await run(url('?sslmode=verify-full&sslrootcert=nowhere.pem'));
  expect(missing.code).toBe(2);
  expect(missing.stderr).toMatch(/^error: sslrootcert: cannot read nowhere\.pem/);
});
