import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort, isListening, startServer, type ServerProcess } from '../server-process.ts';

/** Sail: Spark Connect without a JVM, from PyPI. */

const REQUIREMENTS = path.join(import.meta.dirname, 'sail-requirements.txt');
const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache/medallion-sail');
const START_TIMEOUT_MS = 180_000;

export interface SailOptions {
  /** Where its log is kept. */
  readonly dir: string;
  readonly port?: number;
  /** Workers beside the driver, in the same process; one process without workers when left out. */
  readonly workers?: number;
  readonly ownerPid?: number;
  /** How it reaches S3, and the like. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SailServer extends ServerProcess {
  /** As SPARK_REMOTE names it. */
  readonly remote: string;
}

/** Starts Sail, which is installed into a virtual environment once. */
export async function startSail({
  dir,
  port,
  workers,
  ownerPid,
  env = {},
}: SailOptions): Promise<SailServer> {
  const installed = await installSail();
  await mkdir(dir, { recursive: true });
  const at = port ?? (await freePort());
  const server = await startServer({
    name: 'Sail',
    command: path.join(installed, 'bin/python'),
    args: ['-m', 'pysail', 'spark', 'server', '--ip', '127.0.0.1', '--port', String(at)],
    env:
      workers === undefined
        ? env
        : {
            ...env,
            SAIL_MODE: 'local-cluster',
            SAIL_CLUSTER__WORKER_INITIAL_COUNT: String(workers),
            SAIL_CLUSTER__WORKER_MAX_COUNT: String(workers),
          },
    ...{ cwd: dir, logFile: path.join(dir, 'sail.log'), timeoutMs: START_TIMEOUT_MS },
    isReady: () => isListening(at),
    ...(ownerPid === undefined ? {} : { ownerPid }),
  });
  return { ...server, remote: `sc://127.0.0.1:${String(at)}` };
}

async function installSail(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS);
  const name = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const folder = path.join(CACHE, name);
  if (!existsSync(folder)) {
    // Built aside and moved into place whole: several processes may install at once. It is started as a module of
    // Python, because scripts of pip name the folder they were built in.
    const building = path.join(CACHE, `building-${randomBytes(6).toString('hex')}`);
    const run = promisify(execFile);
    await mkdir(building, { recursive: true });
    await run('python3', ['-m', 'venv', building]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', REQUIREMENTS];
    await run(path.join(building, 'bin/python'), pip);
    await rename(building, folder).catch(async (error: unknown) => {
      await rm(building, { recursive: true, force: true });
      if (!existsSync(folder)) {
        throw error;
      }
    });
  }
  return folder;
}
