import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { embeddedStatus, keepServerRunning } from '../../src/embedded/server.ts';
import { quietContext, until } from '../support/kafka.ts';
import { createTestHome } from '../support/home.ts';

/** A PostgreSQL of a test's own that may crash. */
export interface Server {
  readonly home: string;
  readonly settings: ConnectionSettings;
  /** kill -9 of the postmaster: every session ends, nothing is shut down. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts the server of a new home. */
export async function startServer(): Promise<Server> {
  const home = await createTestHome();
  const context = quietContext();
  const settings = await keepServerRunning(home.path, context);
  return {
    home: home.path,
    settings,
    crash: async () => {
      const { dataDirectory } = await embeddedStatus(home.path);
      const pidFile = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8');
      const pid = Number(pidFile.split('\n')[0]);
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid));
    },
    restart: async () => {
      await keepServerRunning(home.path, context);
    },
    remove: () => home.remove(),
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
