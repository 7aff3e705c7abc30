import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { parseConfig } from '../../src/config.ts';
import { codeOf } from '../../src/errors.ts';
import { connect, withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { embeddedBinaries } from '../../src/embedded/binaries.ts';
import { clusterAt, createCluster, SUPERUSER } from '../../src/embedded/cluster.ts';
import {
  freePort,
  runningPostmaster,
  startServer,
  stopServer,
} from '../../src/embedded/postmaster.ts';
import { serverUser } from '../../src/embedded/user.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { prepareKafkaRun, stopSharedBroker } from './kafka-run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's server; its database is the maintenance one. */
    postgres: ConnectionSettings;
    /** A migrated database to clone. */
    postgresTemplate: string;
  }
}

const PREFIX = 'medallion-test-';

/** Settings that trade the safety of the data, which nobody needs after the run, for speed. */
const THROWAWAY = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  timezone: 'UTC',
  jit: 'off',
};

/** One PostgreSQL for the whole run: the one TEST_DATABASE_URL names, or an embedded one in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { settings, stop } = await startTestServer();
  const template = `medallion_template_${randomBytes(6).toString('hex')}`;
  try {
    await createTemplate(settings, template);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('postgres', settings);
  project.provide('postgresTemplate', template);
  const kafka = await prepareKafkaRun();
  project.provide('kafka', kafka);
  return async () => {
    await stopSharedBroker(kafka);
    await withClient(settings, async (client) => {
      await client.query(`drop database if exists ${pg.escapeIdentifier(template)} with (force)`);
    });
    await stop();
  };
}

async function createTemplate(settings: ConnectionSettings, name: string): Promise<void> {
  await withClient(settings, async (client) => {
    await client.query(`create database ${pg.escapeIdentifier(name)}`);
  });
  await withClient({ ...settings, database: name }, migrate);
}

async function startTestServer(): Promise<{
  settings: ConnectionSettings;
  stop: () => Promise<void>;
}> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url !== undefined && url !== '') {
    const { warehouse } = parseConfig({ databaseUrl: url }, {}, process.cwd());
    if (warehouse.kind === 'embedded') {
      throw new Error('TEST_DATABASE_URL names no server');
    }
    return { settings: warehouse, stop: () => Promise.resolve() };
  }
  await removeAbandoned();
  const folder = await mkdtemp(path.join(tmpdir(), PREFIX));
  try {
    await writeFile(path.join(folder, 'runner'), String(process.pid));
    const { settings, stop } = await startEmbedded(folder);
    return {
      settings,
      stop: async () => {
        await stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What runs left that were killed before their teardown. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = path.join(tmpdir(), name);
    const runner = name.startsWith(PREFIX)
      ? Number(await readFile(path.join(folder, 'runner'), 'utf8').catch(() => '0'))
      : 0;
    if (runner > 0 && !isAlive(runner)) {
      const server = await runningPostmaster(clusterAt(path.join(folder, 'cluster')));
      if (server !== undefined) {
        process.kill(server.pid, 'SIGQUIT');
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function startEmbedded(
  folder: string,
): Promise<{ settings: ConnectionSettings; stop: () => Promise<void> }> {
  await chmod(folder, 0o711);
  const cluster = clusterAt(path.join(folder, 'cluster'));
  const user = await serverUser(cluster.data);
  const binaries = await embeddedBinaries(folder, user);
  await createCluster(cluster.folder, binaries, user);
  const port = await freePort();
  const logFile = path.join(folder, 'server.log');
  const options = { port, settings: THROWAWAY, logFile, daemon: false };
  const { ended } = await startServer(cluster, binaries, user, options);
  const settings: ConnectionSettings = {
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password: await readFile(cluster.passwordFile, 'utf8'),
    database: 'postgres',
    tls: undefined,
  };
  await Promise.race([
    untilReady(settings),
    ended.then(({ log }) => {
      throw new Error(`the PostgreSQL for tests did not start:\n${log}`);
    }),
  ]);
  return { settings, stop: () => stopServer(cluster, binaries, user) };
}

async function untilReady(settings: ConnectionSettings): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const client = await connect(settings);
      await client.end();
      return;
    } catch (error) {
      if (attempt === 200) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
