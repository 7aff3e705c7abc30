import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedStatus, stopEmbeddedServer } from '../../src/embedded/server.ts';

/** A home of a test's own, for tests that let medallion run its embedded server. */
export interface TestHome {
  /** Does not exist yet; its parent does and holds nothing else. */
  readonly path: string;
  /** Stops the server, if one runs, and removes the home with all that belongs to it. */
  remove(): Promise<void>;
}

/** A home below a temporary folder that the server's user may enter when the tests run as root. */
export async function createTestHome(): Promise<TestHome> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'medallion-home-'));
  await chmod(folder, 0o711);
  const home = path.join(folder, 'home');
  return {
    path: home,
    remove: async () => {
      const context = { signal: AbortSignal.timeout(20_000), emit: () => undefined };
      while ((await embeddedStatus(home)).state === 'running') {
        await stopEmbeddedServer(home, context);
        await sleep(20);
      }
      // Below a private folder the cluster is a link to where it really lies.
      const place = await realpath(path.join(home, 'postgres/cluster')).catch(() => undefined);
      if (place !== undefined) {
        await rm(place, { recursive: true, force: true });
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `work` with a new home that is removed afterwards. */
export async function withTestHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = await createTestHome();
  try {
    return await work(home.path);
  } finally {
    await home.remove();
  }
}
