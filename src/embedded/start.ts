import { chmod, readFile, realpath, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, MedallionError, messageOf, throwIfInterrupted } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import type { StageContext } from '../progress.ts';
import { writeWhole } from '../whole-file.ts';
import { embeddedBinaries, majorVersion, type Binaries } from './binaries.ts';
import { clusterAt, createCluster, versionOf, type Cluster } from './cluster.ts';
import {
  freePort,
  removeStalePostmasterFile,
  runningPostmaster,
  startServer,
  type ServerEnd,
  type StartedServer,
} from './postmaster.ts';
import { serverSettings } from './settings.ts';
import { firstClosed, serverUser, type ServerUser } from './user.ts';

const STEP = 'starting PostgreSQL';
const POLL_MS = 25;
const MAX_LOG_BYTES = 10_000_000;
/** What a start fails by that passes by itself: another starter, a port taken, the last server's memory, a `db stop`. */
const PASSING =
  /lock file .* (already exists|is empty)|could not create any TCP\/IP sockets|shared memory block .* still in use|received (fast|smart) shutdown/i;
/** Starts that fail for a passing reason before giving up. */
const MAX_STARTS = 100;
/** Lines of the server's log that a failed start shows. */
const SHOWN_LINES = 6;

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
    throw homeError(places.folder, error);
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

  /** Shows that a start is waited for, whoever makes it. */
  announce(): void {
    if (!this.#announced) {
      this.#announced = true;
      this.#context.emit({ type: 'step.started', step: STEP });
    }
  }

  /** One start. Resolves when a server runs on the cluster, ours or another command's, or when a new try may do better. */
  async start(): Promise<void> {
    this.announce();
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
      const server = await startServer(cluster, binaries, user, {
        ...{ port, settings: serverSettings(), logFile, daemon: true },
      });
      await this.#settle(cluster, port, server);
    } catch (error) {
      throw homeError(folder, error);
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
        message: `the database is in ${place}: PostgreSQL does not run as root, and its user cannot enter ${folder}. When you delete this home folder, delete that folder, too.`,
      });
    }
    return clusterAt(await realpath(cluster));
  }

  /** Waits until our server takes connections, or has ended: one that claimed the cluster may still fail. */
  async #settle(cluster: Cluster, port: number, { pid, ended }: StartedServer): Promise<void> {
    let end: ServerEnd | undefined;
    void ended.then((found) => {
      end = found;
    });
    for (;;) {
      throwIfInterrupted(this.#context.signal);
      if (end !== undefined) {
        await this.#judge(end, cluster);
        return;
      }
      const running = await runningPostmaster(cluster);
      if (running?.pid === pid && running?.isReady === true) {
        await writeWhole(this.#places.portFile, `${String(port)}\n`);
        return;
      }
      await sleep(POLL_MS);
    }
  }

  /** Decides what the end of a server that never was ready means: throws, or waits a moment before the next try. */
  async #judge(end: ServerEnd, cluster: Cluster): Promise<void> {
    if (PASSING.test(end.log) && this.#starts < MAX_STARTS) {
      await removeStalePostmasterFile(cluster);
      await sleep(4 * POLL_MS);
      return;
    }
    throw startError(end, this.#places.logFile);
  }

  async #rememberedPort(): Promise<number> {
    const port = Number(await readFile(this.#places.portFile, 'utf8').catch(() => '0'));
    return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
  }
}

/** Why a server did not start, in its own words, and what can be done about it. */
function startError({ log, status }: ServerEnd, logFile: string): MedallionError {
  // Without the time and process that stand before each line.
  const lines = log
    .trim()
    .replaceAll(/^\d{4}-\S+ \S+ \S+ \[\d+\] /gm, '')
    .split('\n');
  const shown = lines.filter((line) => line !== '').slice(-SHOWN_LINES);
  const reason = /(?:FATAL|PANIC|ERROR): +(.*)/.exec(log)?.[1] ?? shown.at(-1) ?? status;
  const [, advice] = LIMITS.find(([sign]) => sign.test(log)) ?? [];
  return new MedallionError(
    advice === undefined ? 'unreachable' : 'storage',
    `the embedded PostgreSQL did not start: ${reason}`,
    {
      hint: [
        ...(advice === undefined ? [] : [advice]),
        ...(shown.length === 0
          ? [`It ended with ${status} and logged nothing.`]
          : ['It logged last:', ...shown.map((line) => `  ${line}`)]),
        `Its log is ${logFile}`,
      ].join('\n'),
    },
  );
}

/** What the machine does not give a server, by the words of its log, and what to do. */
const LIMITS: readonly (readonly [sign: RegExp, advice: string])[] = [
  [/no space left|disk quota exceeded/i, 'Free some disk space and run the command again.'],
  [/file too large/i, 'Raise the limit of file sizes (ulimit -f) and run the command again.'],
  [/cannot allocate memory/i, 'Free some memory and run the command again.'],
];

async function rotate(logFile: string): Promise<void> {
  const found = await stat(logFile).catch(() => undefined);
  if ((found?.size ?? 0) > MAX_LOG_BYTES) {
    await rename(logFile, `${logFile}.1`);
  }
}

async function checkVersion(cluster: Cluster, binaries: Binaries): Promise<void> {
  const [data, program] = await Promise.all([versionOf(cluster), majorVersion(binaries)]);
  if (data !== program) {
    throw new MedallionError(
      'config',
      `the database in ${cluster.folder} was made by PostgreSQL ${data ?? '?'}; this version of medallion has PostgreSQL ${program}`,
      {
        hint:
          `Use the version of medallion that made it, or begin a new home folder with --home and ingest the log again. To keep the data,\n` +
          `run pg_upgrade or pg_dump of your own PostgreSQL ${data ?? '?'} on ${cluster.data}.`,
      },
    );
  }
}

async function checkAccess(cluster: Cluster, user: ServerUser): Promise<void> {
  const closed = await firstClosed(cluster.folder, user);
  if (closed !== undefined) {
    throw new MedallionError(
      'config',
      `PostgreSQL does not run as root, and its user (uid ${String(user.uid)}) cannot enter ${closed}`,
      { hint: `Allow it with: chmod o+x ${closed}\nOr choose another place with --home.` },
    );
  }
}

/** A failure of the file system as the error a user can act on. */
export function homeError(folder: string, error: unknown): unknown {
  const code = codeOf(error) ?? '';
  if (/^(EACCES|EPERM|EROFS|ENOENT|ENOTDIR|ENOTSUP|EEXIST|EISDIR)$/.test(code)) {
    return new MedallionError(
      'storage',
      `cannot store a database in ${folder}: ${messageOf(error)}`,
      {
        hint: 'Choose a writable folder with --home or MEDALLION_HOME, or use your own PostgreSQL: set DATABASE_URL.',
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
