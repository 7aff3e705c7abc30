import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, MedallionError, messageOf, throwIfInterrupted } from '../errors.ts';
import type { StageContext } from '../progress.ts';
import { connect, type Client, type ConnectionSettings } from './client.ts';
import { embeddedBinaries, majorVersion, type Binaries } from './embedded-binaries.ts';
import {
  clusterAt,
  createCluster,
  freePort,
  removeStalePostmasterFile,
  runningPostmaster,
  startServer,
  stopServer,
  SUPERUSER,
  versionOf,
  type Cluster,
} from './embedded-cluster.ts';
import { serverSettings } from './embedded-settings.ts';
import { firstClosed, serverUser } from './embedded-user.ts';

/*
 * The embedded server is a daemon that commands share. Who uses it is known to the server itself: every command holds
 * a *lease*, a session with a shared advisory lock. The last one out is whoever gets that lock for itself alone, and
 * stops the server while holding it; a command that comes at that moment waits for the lock, sees its session end
 * with the server, and starts the server again. A lease ends with its process, however that dies.
 */

const DATABASE = 'medallion';
/** Advisory locks belong to a database; leases are all taken in this one. */
const LEASE_DATABASE = 'postgres';
/** Key of the lease lock: "lease" in ASCII. */
const LEASE_LOCK = '465557418853';
const POLL_MS = 25;
const MAX_LOG_BYTES = 10_000_000;
/** Starts that fail for a passing reason (a port taken, another starter, the last server's memory) before giving up. */
const MAX_STARTS = 100;

/** A server in use by this process; it may stop once every user has called `release`. */
export interface EmbeddedServer {
  readonly settings: ConnectionSettings;
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

interface Places {
  readonly folder: string;
  /** A folder, or a link to one. */
  readonly cluster: string;
  readonly portFile: string;
  readonly keepFile: string;
  readonly logFile: string;
}

function placesIn(home: string): Places {
  const folder = path.join(home, 'postgres');
  return {
    folder,
    cluster: path.join(folder, 'cluster'),
    portFile: path.join(folder, 'port'),
    keepFile: path.join(folder, 'keep-running'),
    logFile: path.join(folder, 'server.log'),
  };
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
  const lease = await leaseServer(places, context);
  try {
    await ensureDatabase(lease.client);
  } catch (error) {
    await release(places, lease, context);
    throw error;
  }
  let released: Promise<void> | undefined;
  return {
    settings: { ...lease.settings, database: DATABASE },
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
    throw storageError(placesIn(home).folder, error);
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
    throw storageError(places.folder, error);
  });
  for (;;) {
    throwIfInterrupted(context.signal);
    const cluster = await existingCluster(places);
    if (cluster === undefined || (await runningPostmaster(cluster)) === undefined) {
      return undefined;
    }
    const client = await session(cluster);
    if (client !== undefined) {
      try {
        return (await stopUnlessUsed(places, cluster, client)) ? 0 : await countUsers(client);
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
  const client = cluster === undefined ? undefined : await session(cluster);
  try {
    return {
      state: cluster === undefined ? 'absent' : client === undefined ? 'stopped' : 'running',
      settings:
        cluster === undefined || client === undefined
          ? undefined
          : { ...(await settingsOf(cluster, client.port)), database: DATABASE },
      kept: await exists(places.keepFile),
      users: client === undefined ? 0 : await countUsers(client),
      dataDirectory: cluster?.data ?? clusterAt(places.cluster).data,
      logFile: places.logFile,
    };
  } finally {
    await client?.end().catch(() => undefined);
  }
}

interface Lease {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly settings: ConnectionSettings;
}

async function leaseServer(places: Places, context: StageContext): Promise<Lease> {
  const starter = new Starter(places, context);
  for (;;) {
    throwIfInterrupted(context.signal);
    const cluster = await existingCluster(places);
    if (cluster !== undefined && (await runningPostmaster(cluster)) !== undefined) {
      const client = await leaseSession(cluster);
      if (client !== undefined) {
        starter.finish();
        return { client, cluster, settings: await settingsOf(cluster, client.port) };
      }
      await sleep(POLL_MS);
    } else {
      await starter.start();
    }
  }
}

/** A session that holds the shared lock; undefined while the server is starting or stopping. */
async function leaseSession(cluster: Cluster): Promise<Client | undefined> {
  const client = await session(cluster);
  try {
    await client?.query('select pg_advisory_lock_shared($1)', [LEASE_LOCK]);
    return client;
  } catch {
    // The last one out stopped the server while this session waited.
    await client?.end().catch(() => undefined);
    return undefined;
  }
}

/** A session with the server that runs on the cluster; undefined when there is none that takes sessions now. */
async function session(cluster: Cluster): Promise<Client | undefined> {
  const server = await runningPostmaster(cluster);
  if (server?.port === undefined) {
    return undefined;
  }
  try {
    return await connect(await settingsOf(cluster, server.port));
  } catch (error) {
    if (error instanceof MedallionError && error.retriable) {
      return undefined;
    }
    if (error instanceof MedallionError && error.code === 'denied') {
      throw new MedallionError(
        'denied',
        `the embedded PostgreSQL refuses the password in ${cluster.passwordFile}`,
        {
          hint: 'The password of its user "medallion" was changed: write the new one into that file.',
          cause: error,
        },
      );
    }
    throw error;
  }
}

async function settingsOf(cluster: Cluster, port: number): Promise<ConnectionSettings> {
  let password: string;
  try {
    password = (await readFile(cluster.passwordFile, 'utf8')).trim();
  } catch (error) {
    throw new MedallionError(
      'storage',
      `cannot read the password of the embedded PostgreSQL: ${messageOf(error)}`,
      {
        hint: 'Run medallion as the user who made this home, or choose another one with --home.',
        cause: error,
      },
    );
  }
  return {
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password,
    database: LEASE_DATABASE,
    tls: undefined,
  };
}

async function existingCluster(places: Places): Promise<Cluster | undefined> {
  try {
    const cluster = clusterAt(await realpath(places.cluster));
    return (await versionOf(cluster)) === undefined ? undefined : cluster;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') {
      return undefined;
    }
    throw storageError(places.folder, error);
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
    if (!(await exists(places.keepFile))) {
      await stopUnlessUsed(places, lease.cluster, lease.client);
    }
  } catch (error) {
    // A server that is gone need not be stopped; the commands that lost it have said so.
    if ((await runningPostmaster(lease.cluster)) !== undefined) {
      context.emit({
        type: 'warning',
        message: `the embedded PostgreSQL was left running: ${messageOf(error)}`,
        hint: 'The next command uses it and stops it; or run: medallion db stop',
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
  if (await exists(places.keepFile)) {
    await client.query('select pg_advisory_unlock($1)', [LEASE_LOCK]);
    return false;
  }
  const user = await serverUser(cluster.data);
  await stopServer(cluster, await embeddedBinaries(places.folder, user), user);
  return true;
}

async function countUsers(client: Client): Promise<number> {
  const { rows } = await client.query<{ users: string }>(
    `select count(*) as users
     from pg_locks
     where locktype = 'advisory' and mode = 'ShareLock' and granted
         and (classid::bigint << 32 | objid::bigint) = $1`,
    [LEASE_LOCK],
  );
  return Number(rows[0]?.users ?? 0);
}

/** Brings the server up; called again and again until somebody's server runs. */
class Starter {
  readonly #places: Places;
  readonly #context: StageContext;
  #starts = 0;
  #announced = false;

  constructor(places: Places, context: StageContext) {
    this.#places = places;
    this.#context = context;
  }

  finish(): void {
    if (this.#announced) {
      this.#context.emit({ type: 'step.finished', step: 'starting PostgreSQL' });
    }
  }

  /** One start. Resolves when a server runs on the cluster, ours or another command's, or when a new try may do better. */
  async start(): Promise<void> {
    if (!this.#announced) {
      this.#announced = true;
      this.#context.emit({ type: 'step.started', step: 'starting PostgreSQL' });
    }
    const { folder, logFile } = this.#places;
    try {
      await mkdir(folder, { recursive: true });
      const user = await serverUser(clusterAt(this.#places.cluster).data);
      const binaries = await embeddedBinaries(folder, user);
      const cluster = (await existingCluster(this.#places)) ?? (await this.#create(binaries, user));
      await checkVersion(cluster, binaries);
      if (user !== undefined) {
        await checkAccess(cluster, user);
      }
      await rotate(logFile);
      const port = await freePort(this.#starts === 0 ? await this.#rememberedPort() : 0);
      this.#starts += 1;
      const settings = serverSettings();
      const server = await startServer(cluster, binaries, user, {
        port,
        settings,
        logFile,
        daemon: true,
      });
      await this.#settle(cluster, port, server.pid, server.ended);
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  async #create(
    binaries: Binaries,
    user: Awaited<ReturnType<typeof serverUser>>,
  ): Promise<Cluster> {
    const { folder, cluster } = this.#places;
    if (user === undefined) {
      await chmod(folder, 0o700);
    }
    const place = await createCluster(cluster, binaries, user);
    if (place !== cluster) {
      this.#context.emit({
        type: 'note',
        message: `The database lies in ${place}: PostgreSQL does not run as root, and its user may not enter ${folder}. Who deletes this home deletes that folder too.`,
      });
    }
    return clusterAt(await realpath(cluster));
  }

  /** Waits until our server has claimed the cluster, or has ended. */
  async #settle(
    cluster: Cluster,
    port: number,
    pid: number | undefined,
    ended: Promise<string>,
  ): Promise<void> {
    let log: string | undefined;
    void ended.then((text) => {
      log = text;
    });
    for (;;) {
      throwIfInterrupted(this.#context.signal);
      if (log !== undefined) {
        await this.#judge(log, cluster);
        return;
      }
      const running = await runningPostmaster(cluster);
      if (running !== undefined && running.pid === pid) {
        await remember(this.#places.portFile, port);
        return;
      }
      await sleep(POLL_MS);
    }
  }

  /** Decides what the log of a server that ended at once means: throws, or waits a moment before the next try. */
  async #judge(log: string, cluster: Cluster): Promise<void> {
    const passing =
      /lock file .* (already exists|is empty)|could not create any TCP\/IP sockets|shared memory block .* still in use|received (fast|smart) shutdown/i;
    if (passing.test(log) && this.#starts < MAX_STARTS) {
      await removeStalePostmasterFile(cluster);
      await sleep(4 * POLL_MS);
      return;
    }
    const reason =
      /(?:FATAL|PANIC|ERROR): +(.*)/.exec(log)?.[1] ?? log.trim().split('\n').at(-1) ?? '';
    const full = /no space left/i.test(log);
    throw new MedallionError(
      full ? 'storage' : 'unreachable',
      `the embedded PostgreSQL did not start: ${reason}`,
      {
        hint: full
          ? 'Free some disk space and run the command again.'
          : `Its log is ${this.#places.logFile}`,
      },
    );
  }

  async #rememberedPort(): Promise<number> {
    const port = Number(await readFile(this.#places.portFile, 'utf8').catch(() => '0'));
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
  }
}

/** Written beside and moved, so that a reader never sees half a number. */
async function remember(file: string, port: number): Promise<void> {
  const draft = `${file}.${String(process.pid)}`;
  await writeFile(draft, `${String(port)}\n`);
  await rename(draft, file);
}

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) {
    await rename(logFile, `${logFile}.1`);
  }
}

async function checkVersion(cluster: Cluster, binaries: Binaries): Promise<void> {
  const [data, program] = await Promise.all([versionOf(cluster), majorVersion(binaries)]);
  if (data !== program) {
    throw new MedallionError(
      'config',
      `the database in ${cluster.folder} was made by PostgreSQL ${data ?? '?'}; this medallion brings ${program}`,
      {
        hint:
          `Use the medallion that made it, or start a new home with --home and ingest the log again. To carry the data over,\n` +
          `run pg_upgrade or pg_dump with a PostgreSQL ${data ?? '?'} of your own on ${cluster.data}.`,
      },
    );
  }
}

async function checkAccess(cluster: Cluster, user: { uid: number; gid: number }): Promise<void> {
  const closed = await firstClosed(cluster.folder, user);
  if (closed !== undefined) {
    throw new MedallionError(
      'config',
      `PostgreSQL does not run as root, and its user (uid ${String(user.uid)}) may not enter ${closed}`,
      { hint: `Allow it with: chmod o+x ${closed}\nOr choose another place with --home.` },
    );
  }
}

function storageError(folder: string, error: unknown): unknown {
  const code = codeOf(error) ?? '';
  if (/^(EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EEXIST)$/.test(code)) {
    return new MedallionError(
      'storage',
      `cannot keep a database in ${folder}: ${messageOf(error)}`,
      {
        hint: 'Choose a folder that can be written with --home or MEDALLION_HOME, or name your own PostgreSQL in DATABASE_URL.',
        cause: error,
      },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MedallionError('storage', `no disk space left for the database in ${folder}`, {
      hint: 'Free some space, or choose another place with --home.',
      cause: error,
    });
  }
  return error;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
