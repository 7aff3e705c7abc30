import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SparkPlace } from '../../config/spark.ts';
import { MedallionError, messageOf } from '../../errors.ts';
import { makeFolder } from '../../folder.ts';
import { isAlive } from '../duckdb/local.ts';

/** One place of the staging folder. */
export interface StagingFolder {
  readonly near: string;
  readonly far: string;
}

const PREFIX = 'medallion-';
/** The run of another machine, whose processes cannot be seen, is over when nothing was written for so long. */
const ABANDONED_MS = 48 * 3_600_000;

/**
 * The folder of one process, in which every file that passes between it and the cluster lies. A name is used once, and is
 * known only here: what a statement that has failed left behind is never read.
 */
export class Staging {
  readonly #folder: StagingFolder;
  #made = 0;

  private constructor(folder: StagingFolder) {
    this.#folder = folder;
  }

  /**
   * Makes the folder, and removes those of runs that have died.
   * @throws MedallionError storage
   */
  static async open({ folder, remote }: SparkPlace['staging']): Promise<Staging> {
    try {
      await removeDead(folder);
      const name = `${PREFIX}${hostname()}-${String(process.pid)}-${Date.now().toString(36)}`;
      const near = path.join(folder, name);
      await makeFolder(near);
      const base = remote ?? pathToFileURL(folder).href;
      return new Staging({ near, far: `${base.replace(/\/+$/, '')}/${name}` });
    } catch (error) {
      throw new MedallionError('storage', `cannot write ${folder}: ${messageOf(error)}`, {
        hint: 'spark.staging names a folder that this machine and the workers of the cluster share.',
        cause: error,
      });
    }
  }

  /** A name for a folder that is not there yet. */
  next(name: string): StagingFolder {
    this.#made += 1;
    const own = `${String(this.#made)}-${name.replaceAll(/[^\w.-]/g, '_')}`;
    return { near: path.join(this.#folder.near, own), far: `${this.#folder.far}/${own}` };
  }

  /** Removes all that lies in it. */
  async empty(): Promise<void> {
    for (const name of await readdir(this.#folder.near).catch(() => [])) {
      await removeFolder(path.join(this.#folder.near, name));
    }
  }

  async close(): Promise<void> {
    await removeFolder(this.#folder.near);
  }
}

/** Removes a folder; a statement that still runs for a session that has ended may write into it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

async function removeDead(folder: string): Promise<void> {
  const own = `${PREFIX}${hostname()}-`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(PREFIX)) {
      continue;
    }
    const found = path.join(folder, name);
    const isDead = name.startsWith(own)
      ? !isAlive(Number.parseInt(name.slice(own.length), 10))
      : await stat(found).then(
          ({ mtimeMs }) => Date.now() - mtimeMs > ABANDONED_MS,
          () => false,
        );
    if (isDead) {
      await removeFolder(found);
    }
  }
}
