import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../src/embedded/postmaster.ts';
import { serverUser } from '../../src/embedded/user.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';

const run = promisify(execFile);

/** A real PgBouncer before a server, on a port of its own. */
export interface PgBouncer {
  /** The same database by way of it. */
  readonly through: (settings: ConnectionSettings) => ConnectionSettings;
  stop(): Promise<void>;
}

/** @param more lines of its configuration */
export async function startPgBouncer(
  server: ConnectionSettings,
  mode: 'session' | 'transaction' | 'statement',
  more: readonly string[] = [],
): Promise<PgBouncer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-pgbouncer-'));
  await chmod(folder, 0o755);
  const { program, libraries } = await installation(folder);
  const port = await freePort();
  // It refuses to be root, and hands over to that user.
  const user = await serverUser(folder);
  const log = path.join(folder, 'log');
  const lines = [
    '[databases]',
    `* = host=${server.host} port=${String(server.port)}`,
    '[pgbouncer]',
    `listen_addr = 127.0.0.1\nlisten_port = ${String(port)}\nunix_socket_dir =`,
    `auth_type = scram-sha-256\nauth_file = ${path.join(folder, 'users')}`,
    `pool_mode = ${mode}`,
    ...(user === undefined ? [] : ['user = postgres']),
    ...more,
  ];
  await writeFile(path.join(folder, 'users'), `"${server.user}" "${server.password ?? ''}"\n`);
  await writeFile(path.join(folder, 'ini'), `${lines.join('\n')}\n`);
  const child = spawn(program, [path.join(folder, 'ini')], {
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = new Promise<void>((resolve) => child.once('close', resolve));
  await untilUp(child, () => Buffer.concat(said).toString('utf8'), log);
  return {
    through: (settings) => ({ ...settings, host: '127.0.0.1', port }),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilUp(child: ChildProcess, said: () => string, log: string): Promise<void> {
  for (let attempt = 0; !/process up/.test(said()); attempt += 1) {
    if (child.exitCode !== null || attempt > 400) {
      throw new Error(
        `PgBouncer did not start: ${said()} ${await readFile(log, 'utf8').catch(() => '')}`,
      );
    }
    await delay(25);
  }
}

interface Installation {
  readonly program: string;
  /** Where its shared libraries lie, as far as they came along. */
  readonly libraries: string;
}

/** The PgBouncer of this machine, or that of its Debian package, which is fetched once and not installed. */
async function installation(folder: string): Promise<Installation> {
  for (const place of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']) {
    if (existsSync(path.join(place, 'pgbouncer'))) {
      return { program: path.join(place, 'pgbouncer'), libraries: '' };
    }
  }
  const cache = path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'medallion-tests/pgbouncer',
  );
  if (!existsSync(cache)) {
    await fetchInto(cache);
  }
  // Its user may not be let into the cache.
  await cp(cache, path.join(folder, 'root'), { recursive: true });
  const libraries = path.join(folder, 'root/usr/lib');
  const places = (await readdir(libraries)).map((name) => path.join(libraries, name));
  return { program: path.join(folder, 'root/usr/sbin/pgbouncer'), libraries: places.join(':') };
}

/** Libraries of it that a machine may lack. */
const LIBRARIES = /^ *Depends: (lib(?:c-?ares|event)[\w.-]*)$/gm;

async function fetchInto(cache: string): Promise<void> {
  await mkdir(path.dirname(cache), { recursive: true });
  const work = await mkdtemp(`${cache}-`);
  try {
    const download = async (): Promise<void> => {
      const { stdout } = await run('apt-cache', ['depends', 'pgbouncer']);
      const libraries = [...stdout.matchAll(LIBRARIES)].map(([, name]) => name ?? '');
      await run('apt-get', ['download', 'pgbouncer', ...libraries], { cwd: work });
    };
    await download().catch(async () => {
      await run('apt-get', ['update']);
      await download();
    });
    for (const name of (await readdir(work)).filter((each) => each.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', name, 'root'], { cwd: work });
    }
    // Another worker may have been quicker.
    await rename(path.join(work, 'root'), cache).catch((error: unknown) => {
      if (!existsSync(cache)) {
        throw error;
      }
    });
  } catch (error) {
    throw new Error('there is no pgbouncer on this machine, and its Debian package cannot be had', {
      cause: error,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
