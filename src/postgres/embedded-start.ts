import { chmod, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, MedallionError, messageOf, throwIfInterrupted } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import type { StageContext } from '../progress.ts';
import { embeddedBinaries, majorVersion, type Binaries } from './embedded-binaries.ts';
import { clusterAt, createCluster, versionOf, type Cluster } from './embedded-cluster.ts';
import {
  freePort,
  removeStalePostmasterFile,
  runningPostmaster,
  startServer,
} from './embedded-postmaster.ts';
import { serverSettings } from './embedded-settings.ts';
import { firstClosed, serverUser, type ServerUser } from './embedded-user.ts';

const STEP = 'starting PostgreSQL';
const POLL_MS = 25;
const MAX_LOG_BYTES = 10_000_000;
/** Starts that fail for a passing reason (a port taken, another starter, the last server's memory) before giving up. */
const MAX_STARTS = 100;

/** What the embedded server keeps in a home. */
export interface Places {
  readonly folder: string;
  /** A folder, or a link to one. */
  readonly cluster: string;
  readonly portFile: string;
  readonly keepFile: string;
  readonly logFile: string;
}

export function placesIn(home: string): Places {
  const folder = path.join(home, 'postgres');
  return {
    folder,
    cluster: path.join(folder, 'cluster'),
    portFile: path.join(folder, 'port'),
    keepFile: path.join(folder, 'keep-running'),
    logFile: path.join(folder, 'server.log'),
  };
}

/** The cluster of the home, if it has been made. */
export async function existingCluster(places: Places): Promise<Cluster | undefined> {
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

/** Brings the server up; called again and again until somebody's server runs. */
export class Starter {
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
      this.#context.emit({ type: 'step.finished', step: STEP });
    }
  }

  /** One start. Resolves when a server runs on the cluster, ours or another command's, or when a new try may do better. */
  async start(): Promise<void> {
    if (!this.#announced) {
      this.#announced = true;
      this.#context.emit({ type: 'step.started', step: STEP });
    }
    const { folder, logFile } = this.#places;
    try {
      await makeFolder(folder);
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

  async #create(binaries: Binaries, user: ServerUser | undefined): Promise<Cluster> {
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

async function checkAccess(cluster: Cluster, user: ServerUser): Promise<void> {
  const closed = await firstClosed(cluster.folder, user);
  if (closed !== undefined) {
    throw new MedallionError(
      'config',
      `PostgreSQL does not run as root, and its user (uid ${String(user.uid)}) may not enter ${closed}`,
      { hint: `Allow it with: chmod o+x ${closed}\nOr choose another place with --home.` },
    );
  }
}

/** A failure of the file system as the error a user can act on. */
export function storageError(folder: string, error: unknown): unknown {
  const code = codeOf(error) ?? '';
  if (/^(EACCES|EPERM|EROFS|ENOENT|ENOTDIR|ENOTSUP|EEXIST)$/.test(code)) {
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
