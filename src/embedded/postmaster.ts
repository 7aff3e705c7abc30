import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, messageOf } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { isAlive } from '../runner.ts';
import { SERVER_ENVIRONMENT, type Cluster } from './cluster.ts';
import type { ServerUser } from './user.ts';

const run = promisify(execFile);

/** A postmaster.pid younger than this may be that of a server just starting. */
const STALE_AFTER_MS = 2000;

/** What postmaster.pid says of a server that runs; the port is unknown for the first instant. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number | undefined;
  /** Whether it takes connections; else it is starting, with a recovery perhaps, or stopping. */
  readonly isReady: boolean;
}

/**
 * The server that runs on the cluster, if one does. A postmaster.pid left by a crash is recognised: its process is
 * gone, or is another program that was given the same number since.
 */
export async function runningPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const file = path.join(cluster.data, 'postmaster.pid');
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') {
      return '';
    }
    throw error;
  });
  const lines = content.split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0) || !(await isPostmaster(pid, cluster.data))) {
    return undefined;
  }
  return { pid, port: port > 0 ? port : undefined, isReady: lines[7]?.trim() === 'ready' };
}

/** Whether the process lives and is the server of this data directory. Where that cannot be told, living is enough. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!isAlive(pid)) {
    return false;
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
    // One from the future was left there before the clock was set back.
    const isYoung = Math.abs(Date.now() - mtimeMs) < STALE_AFTER_MS;
    if (isYoung || (await runningPostmaster(cluster)) !== undefined) {
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

/** How a server process ended. */
export interface ServerEnd {
  /** What it logged since its start. */
  readonly log: string;
  /** "exit code 1", "signal SIGKILL", or why there was no process at all. */
  readonly status: string;
}

/** A server process just started. */
export interface StartedServer {
  readonly pid: number | undefined;
  readonly ended: Promise<ServerEnd>;
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
    const ended = once(server, 'exit').then(
      async ([code, signal]: (number | string | null)[]) => ({
        log: await readFrom(options.logFile, size),
        status: signal === null ? `exit code ${String(code)}` : `signal ${String(signal)}`,
      }),
      (error: unknown) => ({ log: '', status: messageOf(error) }),
    );
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
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port: preferred, exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : preferred;
  } catch (error) {
    if (preferred === 0) {
      throw error;
    }
    return await freePort();
  } finally {
    server.close();
  }
}
