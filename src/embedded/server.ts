import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, isRetriable, MedallionError, messageOf, throwIfInterrupted } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { sqlFile } from '../sql-file.ts';
import { isConnected, type Client } from '../postgres/client.ts';
import { lostConnection } from '../postgres/failures.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { embeddedBinaries } from './binaries.ts';
import { clusterAt, type Cluster } from './cluster.ts';
import { runningPostmaster, stopServer } from './postmaster.ts';
import { isLost, session, settingsOf, Waiting } from './session.ts';
import { existingCluster, placesIn, Starter, homeError, type Places } from './start.ts';
import { serverUser } from './user.ts';

/*
 * The embedded server is a daemon that commands share. Who uses it is known to the server itself: every command holds
 * a *lease*, a session with a shared advisory lock. The last one out is whoever gets that lock for itself alone, and
 * stops the server while holding it; a command that comes at that moment waits for the lock, sees its session end
 * with the server, and starts the server again. A lease ends with its process, however that dies.
 */

const DATABASE = 'medallion';
/** Key of the lease lock: "lease" in ASCII. */
const LEASE_LOCK = '465557418853';
const POLL_MS = 25;

/** A server in use by this process; it may stop once every user has called `release`. */
export interface EmbeddedServer {
  readonly settings: ConnectionSettings;
  /**
   * Takes the share again where it was lost with the server, which is started if it is down: others that lost it do
   * the same, and one of them is first.
   * @throws MedallionError unreachable, when it came back on another port than `settings` say
   */
  renew(): Promise<void>;
  /** Ends the use; the last one out stops the server, unless `keepServerRunning` asked for it to stay. */
  release(): Promise<void>;
}

export interface EmbeddedStatus {
  /** absent: not made yet. */
  readonly state: 'absent' | 'stopped' | 'running';
  /** How to reach it; only while it runs. */
  readonly settings: ConnectionSettings | undefined;
  /** Stays up when the last command has gone. */
  readonly kept: boolean;
  /** Commands that use it now. */
  readonly users: number;
  readonly dataDirectory: string;
  readonly logFile: string;
}

/**
 * Takes a share in the PostgreSQL server of `home`: made on first use, started when it is down, on 127.0.0.1 only.
 * @throws MedallionError config (no binaries for this platform, data of another major version), storage (the home
 * cannot be written, no disk space), unreachable (the server does not start), interrupted
 */
export async function acquireEmbeddedServer(
  home: string,
  context: StageContext,
): Promise<EmbeddedServer> {
  const places = placesIn(home);
  let lease = await leaseServer(places, context);
  try {
    await ensureDatabase(lease.client);
  } catch (error) {
    await release(places, lease, context);
    throw error;
  }
  const settings = { ...lease.settings, database: DATABASE };
  let released: Promise<void> | undefined;
  let renewing: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    if (await isConnected(lease.client)) {
      return;
    }
    await lease.client.end().catch(() => undefined);
    lease = await leaseServer(places, context);
    if (lease.settings.port !== settings.port) {
      throw new MedallionError(
        'unreachable',
        `the embedded PostgreSQL stopped and was started again on port ${String(lease.settings.port)}`,
        { hint: 'Everything that was committed is still there. Run the command again.' },
      );
    }
  };
  return {
    settings,
    renew: () => (renewing ??= renew().finally(() => (renewing = undefined))),
    release: () => (released ??= release(places, lease, context)),
  };
}

/** Starts the server of `home` if it is down and keeps it up when the last command has gone. */
export async function keepServerRunning(
  home: string,
  context: StageContext,
): Promise<ConnectionSettings> {
  const server = await acquireEmbeddedServer(home, context);
  try {
    await writeFile(placesIn(home).keepFile, '');
  } catch (error) {
    throw homeError(placesIn(home).folder, error);
  } finally {
    await server.release();
  }
  return server.settings;
}

/**
 * Stops the server of `home`, or leaves that to the commands that still use it.
 * @returns how many commands still use it; undefined when it was not running
 */
export async function stopEmbeddedServer(
  home: string,
  context: StageContext,
): Promise<number | undefined> {
  const places = placesIn(home);
  await rm(places.keepFile, { force: true }).catch((error: unknown) => {
    throw homeError(places.folder, error);
  });
  const waiting = new Waiting(places.logFile);
  for (;;) {
    throwIfInterrupted(context.signal);
    const cluster = await existingCluster(places);
    if (cluster === undefined || (await runningPostmaster(cluster)) === undefined) {
      return undefined;
    }
    const client = await waiting.tryTo(() => session(cluster));
    if (client !== undefined) {
      try {
        return (await stopUnlessUsed(places, cluster, client)) ? 0 : await countUsers(client);
      } catch (error) {
        // The last one out was quicker.
        if (!isLost(error, await settingsOf(cluster, client.port))) {
          throw error;
        }
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    await sleep(POLL_MS);
  }
}

/** How the server of `home` is; starts nothing. */
export async function embeddedStatus(home: string): Promise<EmbeddedStatus> {
  const places = placesIn(home);
  const cluster = await existingCluster(places);
  const server = cluster === undefined ? undefined : await usage(cluster);
  return {
    state: cluster === undefined ? 'absent' : server === undefined ? 'stopped' : 'running',
    settings: server?.settings,
    kept: existsSync(places.keepFile),
    users: server?.users ?? 0,
    dataDirectory: cluster?.data ?? clusterAt(places.cluster).data,
    logFile: places.logFile,
  };
}

/** Who uses the server that runs on the cluster; undefined when there is none that takes sessions. */
async function usage(
  cluster: Cluster,
): Promise<{ settings: ConnectionSettings; users: number } | undefined> {
  const client = await session(cluster).catch((error: unknown) => {
    if (isRetriable(error)) {
      return undefined;
    }
    throw error;
  });
  if (client === undefined) {
    return undefined;
  }
  const settings = { ...(await settingsOf(cluster, client.port)), database: DATABASE };
  try {
    return { settings, users: await countUsers(client) };
  } catch (error) {
    if (isLost(error, settings)) {
      return undefined;
    }
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Lease {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly settings: ConnectionSettings;
}

async function leaseServer(places: Places, context: StageContext): Promise<Lease> {
  const starter = new Starter(places, context);
  const waiting = new Waiting(places.logFile);
  for (;;) {
    throwIfInterrupted(context.signal);
    const cluster = await existingCluster(places);
    if (cluster !== undefined && (await runningPostmaster(cluster)) !== undefined) {
      const client = await waiting.tryTo(() => leaseSession(cluster));
      if (client !== undefined) {
        starter.finish();
        return { client, cluster, settings: await settingsOf(cluster, client.port) };
      }
      starter.announce();
      await sleep(POLL_MS);
    } else {
      await starter.start();
      waiting.restart();
    }
  }
}

/**
 * A session that holds the shared lock; undefined while the server is starting or stopping.
 * @throws MedallionError, retriable where the server was lost
 */
async function leaseSession(cluster: Cluster): Promise<Client | undefined> {
  const client = await session(cluster);
  try {
    await client?.query('select pg_advisory_lock_shared($1)', [LEASE_LOCK]);
    return client;
  } catch (error) {
    // The last one out may have stopped the server while this session waited.
    await client?.end().catch(() => undefined);
    throw lostConnection(error, await settingsOf(cluster, client?.port ?? 0));
  }
}

/** Two first commands may do this at once; who comes second finds it done. */
async function ensureDatabase(client: Client): Promise<void> {
  const { rows } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
  if (rows.length === 0) {
    await client
      .query(`create database ${client.escapeIdentifier(DATABASE)}`)
      .catch((error: unknown) => {
        if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') {
          throw error;
        }
      });
  }
}

async function release(places: Places, lease: Lease, context: StageContext): Promise<void> {
  try {
    await lease.client.query('select pg_advisory_unlock_shared($1)', [LEASE_LOCK]);
    if (!existsSync(places.keepFile)) {
      await stopUnlessUsed(places, lease.cluster, lease.client);
    }
  } catch (error) {
    // A server that is gone need not be stopped; the commands that lost it have said so.
    if ((await runningPostmaster(lease.cluster)) !== undefined) {
      context.emit({
        type: 'warning',
        message: `cannot stop the embedded PostgreSQL: ${messageOf(error)}`,
        hint: 'It is still running. The next command uses it and stops it; or run: medallion db stop',
      });
    }
  } finally {
    await lease.client.end().catch(() => undefined);
  }
}

/** Stops the server while holding the lock that every user shares; false when somebody has it. */
async function stopUnlessUsed(places: Places, cluster: Cluster, client: Client): Promise<boolean> {
  const { rows } = await client.query<{ last: string }>('select pg_try_advisory_lock($1) as last', [
    LEASE_LOCK,
  ]);
  if (rows[0]?.last !== 't') {
    return false;
  }
  // Asked again under the lock: `db start` may have come between.
  if (existsSync(places.keepFile)) {
    await client.query('select pg_advisory_unlock($1)', [LEASE_LOCK]);
    return false;
  }
  const user = await serverUser(cluster.data);
  await stopServer(cluster, await embeddedBinaries(places.folder, user), user);
  return true;
}

async function countUsers(client: Client): Promise<number> {
  const { rows } = await client.query<{ users: string }>(sqlFile('embedded/users'), [LEASE_LOCK]);
  return Number(rows[0]?.users ?? 0);
}
