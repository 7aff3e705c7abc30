import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { SparkPlace } from '../../config/spark.ts';
import { MedallionError, messageOf } from '../../errors.ts';
import { isS3 } from '../../config/s3.ts';
import { isAlive } from '../../runner.ts';
import type { FileAccess } from '../duckdb/s3.ts';
import { openStore, type Store } from './store.ts';

/** One place of the staging folder. */
export interface StagingFolder {
  readonly near: string;
  readonly far: string;
}

const PREFIX = 'medallion-';
/** The run of another machine, whose processes cannot be seen, is over when nothing was written for so long. */
const ABANDONED_MS = 48 * 3_600_000;
/** A network file system may show a new file to another machine so much later. */
const VISIBLE_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 500;

/**
 * The folder of one process, in which every file that passes between it and the cluster lies. A name is used once, and is
 * known only here: what a statement that has failed left behind is never read.
 */
export class Staging {
  readonly #store: Store;
  readonly #folder: StagingFolder;
  #made = 0;

  private constructor(store: Store, folder: StagingFolder) {
    this.#store = store;
    this.#folder = folder;
  }

  /**
   * Makes the folder, and removes those of runs that have died.
   * @throws MedallionError storage; where it lies at S3, unreachable, denied
   */
  static async open(
    { folder, remote }: SparkPlace['staging'],
    access: FileAccess,
  ): Promise<Staging> {
    const store = await openStore(folder, access);
    try {
      await removeDead(store, folder);
      const name = `${PREFIX}${hostname()}-${String(process.pid)}-${Date.now().toString(36)}`;
      const near = `${folder}/${name}`;
      await store.make(near);
      const base = remote ?? (isS3(folder) ? folder : pathToFileURL(folder).href);
      return new Staging(store, { near, far: `${base.replace(/\/+$/, '')}/${name}` });
    } catch (error) {
      store.close();
      if (error instanceof MedallionError) {
        throw error;
      }
      throw new MedallionError('storage', `cannot write ${folder}: ${messageOf(error)}`, {
        hint: 'Set spark.staging to a folder that this machine and the workers of the cluster share.',
        cause: error,
      });
    }
  }

  /** A name for a folder that is not there yet. */
  next(name: string): StagingFolder {
    this.#made += 1;
    const own = `${String(this.#made)}-${name.replaceAll(/[^\w.-]/g, '_')}`;
    return { near: `${this.#folder.near}/${own}`, far: `${this.#folder.far}/${own}` };
  }

  async make({ near }: StagingFolder): Promise<void> {
    await this.#store.make(near);
  }

  /**
   * Waits until a file that the cluster has written is to be seen here.
   * @throws MedallionError storage
   */
  async waitFor(file: string): Promise<void> {
    const end = Date.now() + VISIBLE_WITHIN_MS;
    while (!(await this.#store.isThere(file))) {
      if (Date.now() > end) {
        throw new MedallionError(
          'storage',
          `Spark has written ${file}, but this machine does not see it`,
          {
            hint: 'spark.staging and spark.staging_remote must be the same folder: as named here, and as named on the cluster.',
          },
        );
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  async remove({ near }: StagingFolder): Promise<void> {
    await this.#store.remove(near);
  }

  /** Removes all that lies in it. */
  async empty(): Promise<void> {
    for (const name of await this.#store.names(this.#folder.near)) {
      await this.#store.remove(`${this.#folder.near}/${name}`);
    }
  }

  async close(): Promise<void> {
    await this.#store.remove(this.#folder.near);
    this.#store.close();
  }
}

async function removeDead(store: Store, folder: string): Promise<void> {
  const own = `${PREFIX}${hostname()}-`;
  for (const name of await store.names(folder)) {
    if (!name.startsWith(PREFIX)) {
      continue;
    }
    const found = `${folder}/${name}`;
    const isDead = name.startsWith(own)
      ? !isAlive(Number.parseInt(name.slice(own.length), 10))
      : await store.lastWritten(found).then(
          (at) => Date.now() - at.getTime() > ABANDONED_MS,
          () => false,
        );
    if (isDead) {
      await store.remove(found);
    }
  }
}
