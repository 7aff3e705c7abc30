import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { embeddedBinaries } from '../../src/embedded/binaries.ts';
import { clusterAt, createCluster, SUPERUSER } from '../../src/embedded/cluster.ts';
import { freePort, startServer, stopServer } from '../../src/embedded/postmaster.ts';
import { serverUser } from '../../src/embedded/user.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { runCommand, spawnCli } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';
import { until } from '../support/kafka.ts';
import { createTestDatabase, testServer, urlOf } from '../support/postgres.ts';
import { landEvents, promoteAll } from '../support/promotion.ts';
import { event } from '../support/wire-event.ts';

const WRITING = [
  ['promote'],
  ['promote', '--plan'],
  ['promote', '--dry-run'],
  ['run'],
  ['archive', '--older-than', '1d', '--to', '.'],
  ['forget', '--customer', 'cust_1', '--yes'],
  ['db', 'reset', '--yes'],
  ['db', 'grant', 'reader', 'someone'],
  ['db', 'migrate'],
  ['quarantine', 'replay', '--all', '--yes'],
  ['sql', '--write', 'create table gold.extra (n integer)'],
];
const READING = [
  ['status'],
  ['report'],
  ['reconcile'],
  ['runs'],
  ['checks'],
  ['quarantine', 'list'],
  ['sql', 'select count(*) from silver.fact_transactions'],
  ['export', 'gold.sales_performance', '--to', 'csv', '--out', '-'],
];

let home: TestHome;

beforeAll(async () => {
  home = await createTestHome();
});
afterAll(async () => {
  await home.remove();
});

async function expectReading(
  env: Record<string, string>,
  commands: readonly string[] = READING.flatMap(([command = '']) => [command]),
): Promise<void> {
  for (const args of READING.filter(([command = '']) => commands.includes(command))) {
    const { code, stderr } = await runCommand(args, { env });
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  }
}

describe('where transactions are read-only by default', () => {
  it('what writes says so and exits with 3, what reads goes on, and --retry-for waits for it to pass', async () => {
    const database = await createTestDatabase();
    const setReadOnly = (value: string): Promise<unknown> =>
      withClient(testServer(), (client) =>
        client.query(
          `alter database ${database.settings.database} set default_transaction_read_only = ${value}`,
        ),
      );
    const env = { DATABASE_URL: urlOf(database.settings), MEDALLION_HOME: home.path };
    try {
      await landEvents(database.settings, [event()]);
      await promoteAll(database.settings);
      await setReadOnly('on');
      for (const args of [...WRITING, ['ingest', '--from', '-']]) {
        const { code, stderr } = await runCommand(args, { env });
        expect({ args, code, stderr }).toMatchObject({ args, code: 3 });
        expect(stderr).toMatch(/^error: PostgreSQL at \S+ is read-only\n/);
        expect(stderr).not.toContain('--write');
      }
      await expectReading(env);
      const waiting = spawnCli(['promote', '--retry-for', '1m'], { env });
      await until(() => waiting.stderr().includes('it is read-only'));
      await setReadOnly('off');
      expect((await waiting.result).code).toBe(0);
    } finally {
      await database.drop();
    }
  });
});

describe('a standby', () => {
  it('is named as one; what reads goes on there, and --retry-for waits until it is the primary', async () => {
    const server = await startOwnServer();
    const env = { DATABASE_URL: urlOf(server.settings), MEDALLION_HOME: home.path };
    try {
      await withClient(server.settings, migrate);
      await landEvents(server.settings, [event()]);
      await promoteAll(server.settings);
      await server.restartAsStandby();
      for (const args of [['promote'], ['sql', '--write', 'create table gold.extra ()']]) {
        const { code, stderr } = await runCommand(args, { env });
        expect({ args, code, stderr }).toMatchObject({ args, code: 3 });
        expect(stderr).toMatch(/^error: PostgreSQL at \S+ is read-only: it is a standby\n/);
      }
      await expectReading(env, ['report', 'reconcile', 'export']);
      const waiting = spawnCli(['promote', '--retry-for', '1m'], { env });
      await until(() => waiting.stderr().includes('it is a standby'));
      await withClient(server.settings, (client) => client.query('select pg_promote()'));
      expect((await waiting.result).code).toBe(0);
    } finally {
      await server.remove();
    }
  });
});

interface OwnServer {
  readonly settings: ConnectionSettings;
  restartAsStandby(): Promise<void>;
  remove(): Promise<void>;
}

async function startOwnServer(): Promise<OwnServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-standby-'));
  await chmod(folder, 0o711);
  const cluster = clusterAt(path.join(folder, 'cluster'));
  const user = await serverUser(cluster.data);
  const binaries = await embeddedBinaries(folder, user);
  await createCluster(cluster.folder, binaries, user);
  const port = await freePort();
  const settings = {
    ...{ host: '127.0.0.1', port, user: SUPERUSER, database: 'postgres', tls: undefined },
    password: await readFile(cluster.passwordFile, 'utf8'),
  };
  const start = async (): Promise<void> => {
    const logFile = path.join(folder, 'server.log');
    await startServer(cluster, binaries, user, {
      ...{ port, settings: { fsync: 'off', timezone: 'UTC' }, logFile, daemon: false },
    });
    await until(async () => withClient(settings, () => Promise.resolve(true)).catch(() => false));
  };
  await start();
  return {
    settings,
    restartAsStandby: async () => {
      await stopServer(cluster, binaries, user);
      // Without a primary to follow it stays in recovery until it is promoted.
      const signal = path.join(cluster.data, 'standby.signal');
      await writeFile(signal, '');
      if (user !== undefined) {
        await chown(signal, user.uid, user.gid);
      }
      await start();
    },
    remove: async () => {
      await stopServer(cluster, binaries, user);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
