import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import type { Binaries } from './embedded-binaries.ts';
import { canEnter, SHARED_FOLDER, type ServerUser } from './embedded-user.ts';

const run = promisify(execFile);

/** The superuser of the cluster; its password is the content of the cluster's password file. */
export const SUPERUSER = 'medallion';
const DRAFT_PREFIX = 'initdb-';
const ABANDONED_AFTER_MS = 600_000;
const STALE_AFTER_MS = 2000;
/** Nothing of the caller's environment (PG*, LC_*) may change what the server does. */
const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

/**
 * A cluster is a folder with the data directory and the password of its superuser. It comes into being whole: it is
 * made beside its place and moved there, so a cluster that exists is complete.
 */
export interface Cluster {
  readonly folder: string;
  readonly data: string;
  readonly passwordFile: string;
}

export function clusterAt(folder: string): Cluster {
  return { folder, data: path.join(folder, 'data'), passwordFile: path.join(folder, 'password') };
}

/**
 * Makes a new cluster at `folder`: UTF-8, C.UTF-8 on every platform, passwords by SCRAM, a random one for the
 * superuser. Where another command makes one at the same time, the first to finish wins and the other is dropped.
 * Where root's server user may not enter the folder, the cluster lies in /var/lib and a link to it here.
 * @returns where the files lie
 */
export async function createCluster(
  folder: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<string> {
  const linked = user !== undefined && !(await canEnter(path.dirname(folder), user));
  const parent = linked ? SHARED_FOLDER : path.dirname(folder);
  await mkdir(parent, { recursive: true });
  if (linked) {
    await chmod(parent, 0o755);
  }
  await removeAbandonedDrafts(parent);
  const draft = await mkdtemp(path.join(parent, DRAFT_PREFIX));
  try {
    const cluster = clusterAt(draft);
    await initialise(cluster, binaries, user);
    if (linked) {
      const place = path.join(parent, path.basename(draft).replace(DRAFT_PREFIX, 'cluster-'));
      await rename(draft, place);
      await claim(folder, symlink(place, folder), () => rm(place, { recursive: true }));
      return place;
    }
    await claim(folder, rename(draft, folder));
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What commands left that were killed while they made a cluster; nobody takes this long. */
async function removeAbandonedDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const draft = path.join(parent, name);
    if (name.startsWith(DRAFT_PREFIX)) {
      const age = await stat(draft).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > ABANDONED_AFTER_MS) {
        await rm(draft, { recursive: true, force: true });
      }
    }
  }
}

/** Waits for the move into place; having lost it to another command that was quicker is no failure. */
async function claim(
  folder: string,
  move: Promise<void>,
  undo: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    await move;
  } catch (error) {
    await undo();
    if (!(await clusterExists(clusterAt(folder)))) {
      throw error;
    }
  }
}

export async function clusterExists(cluster: Cluster): Promise<boolean> {
  return (await versionOf(cluster)) !== undefined;
}

/** Major version of the server that made the data directory; undefined when there is none. */
export async function versionOf(cluster: Cluster): Promise<string | undefined> {
  try {
    return (await readFile(path.join(cluster.data, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

async function initialise(
  cluster: Cluster,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  const password = randomBytes(24).toString('base64url');
  await chmod(cluster.folder, user === undefined ? 0o700 : 0o711);
  await mkdir(cluster.data, { mode: 0o700 });
  await writeFile(cluster.passwordFile, password, { mode: 0o600 });
  // initdb reads the password as the server's user.
  const handover = path.join(cluster.folder, 'initdb-password');
  await writeFile(handover, password, { mode: 0o600 });
  if (user !== undefined) {
    await chown(cluster.data, user.uid, user.gid);
    await chown(handover, user.uid, user.gid);
  }
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${cluster.data}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${handover}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      { env: SERVER_ENVIRONMENT, cwd: cluster.folder, ...user },
    );
  } catch (error) {
    throw initdbError(error, cluster);
  } finally {
    await rm(handover, { force: true });
  }
}

function initdbError(error: unknown, cluster: Cluster): MedallionError {
  const stderr =
    typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  const reason = /(?:error|fatal): (.*)/i.exec(stderr)?.[1] ?? messageOf(error);
  if (/no space left/i.test(stderr)) {
    return new MedallionError('storage', `no disk space left for a database in ${cluster.folder}`, {
      hint: 'A new one needs about 50 MB. Free some space, or choose another place with --home.',
      cause: error,
    });
  }
  return new MedallionError('storage', `cannot create a database in ${cluster.folder}: ${reason}`, {
    hint: 'Choose another place with --home, or name your own PostgreSQL in DATABASE_URL.',
    cause: error,
  });
}

/** What postmaster.pid says of a server that runs; the port is unknown for the first instant. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number | undefined;
}

/**
 * The server that runs on the cluster, if one does. A postmaster.pid left by a crash is recognised: its process is
 * gone, or is another program that was given the same number since.
 */
export async function runningPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const lines = await postmasterFile(cluster);
  const pid = Number(lines?.[0]);
  if (lines === undefined || !(pid > 0) || !(await isPostmaster(pid, cluster.data))) {
    return undefined;
  }
  const port = Number(lines[3]);
  return { pid, port: port > 0 ? port : undefined };
}

async function postmasterFile(cluster: Cluster): Promise<string[] | undefined> {
  try {
    return (await readFile(path.join(cluster.data, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Whether the process lives and is the server of this data directory. Where that cannot be told, living is enough. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') {
      return false;
    }
  }
  if (process.platform === 'win32') {
    return true;
  }
  if (process.platform === 'linux') {
    // A server works in its data directory. Another user's process may hide that, but not its arguments; both are
    // empty for a dead process that its parent has not collected yet.
    const folderOfProcess = `/proc/${String(pid)}`;
    const folder = await readlink(`${folderOfProcess}/cwd`).catch(() => undefined);
    return folder === undefined
      ? (await readFile(`${folderOfProcess}/cmdline`, 'utf8').catch(() => ''))
          .split('\0')
          .includes(data)
      : folder === data;
  }
  const { stdout } = await run('ps', ['-ww', '-p', String(pid), '-o', 'command=']).catch(() => ({
    stdout: '',
  }));
  return stdout.includes(data);
}

/**
 * Removes a postmaster.pid that speaks of no server. PostgreSQL does so itself, unless the file is empty, or the number
 * in it now belongs to another process of its user, as it easily does after the restart of a container. A young
 * file is let be: it may be that of a server which is just starting.
 */
export async function removeStalePostmasterFile(cluster: Cluster): Promise<void> {
  const file = path.join(cluster.data, 'postmaster.pid');
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const judged = await readFile(file, 'utf8');
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs < STALE_AFTER_MS || (await runningPostmaster(cluster)) !== undefined) {
      return;
    }
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== judged) {
      await link(aside, file);
    }
  } catch (error) {
    // Another command was quicker.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') {
      throw error;
    }
  } finally {
    await rm(aside, { force: true });
  }
}

export interface StartOptions {
  readonly port: number;
  /** Server settings as name and value. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Keep the server when this process, or its terminal, ends. */
  readonly daemon: boolean;
}

/** A server process just started. */
export interface StartedServer {
  readonly pid: number | undefined;
  /** Resolves when the process ends, with what it logged since its start. */
  readonly ended: Promise<string>;
}

/** Starts a server on loopback; it is not yet ready for connections. */
export async function startServer(
  cluster: Cluster,
  binaries: Binaries,
  user: ServerUser | undefined,
  options: StartOptions,
): Promise<StartedServer> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    ...options.settings,
  };
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const { size } = await log.stat();
    const spawnOptions: SpawnOptions = {
      env: SERVER_ENVIRONMENT,
      cwd: cluster.data,
      detached: options.daemon,
      stdio: ['ignore', log.fd, log.fd],
      windowsHide: true,
      ...user,
    };
    const server = spawn(
      binaries.postgres,
      [
        '-D',
        cluster.data,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      spawnOptions,
    );
    const ended = new Promise<string>((resolve) => {
      server.once('error', (error) => {
        resolve(messageOf(error));
      });
      server.once('exit', () => {
        void readFrom(options.logFile, size).then(resolve);
      });
    });
    server.unref();
    return { pid: server.pid, ended };
  } finally {
    await log.close();
  }
}

async function readFrom(file: string, position: number): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0));
  return content.subarray(position).toString('utf8');
}

/** Ends the server's sessions and the server, and waits until its data is safe on disk. */
export async function stopServer(
  cluster: Cluster,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  await run(
    binaries.pgCtl,
    ['stop', '--silent', '--wait', '--timeout=300', '--mode=fast', `--pgdata=${cluster.data}`],
    { env: SERVER_ENVIRONMENT, cwd: cluster.folder, ...user },
  );
}

/** A loopback port that nobody listens on: the preferred one if it is free. */
export async function freePort(preferred = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (preferred === 0) {
        reject(error);
      } else {
        resolve(freePort());
      }
    });
    server.listen({ host: '127.0.0.1', port: preferred, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : preferred);
      });
    });
  });
}
