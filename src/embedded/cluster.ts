import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, MedallionError, messageOf } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import type { Binaries } from './binaries.ts';
import { firstClosed, SHARED_FOLDER, type ServerUser } from './user.ts';

const run = promisify(execFile);

/** The superuser of the cluster; its password is the content of the cluster's password file. */
export const SUPERUSER = 'medallion';
const DRAFT_PREFIX = 'initdb-';
const ABANDONED_AFTER_MS = 600_000;
/** Nothing of the caller's environment (PG*, LC_*) may change what the server does. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

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
  const linked =
    user !== undefined && (await firstClosed(path.dirname(folder), user)) !== undefined;
  const parent = linked ? SHARED_FOLDER : path.dirname(folder);
  await makeFolder(parent);
  if (linked) {
    await chmod(parent, 0o755);
  }
  await removeAbandonedDrafts(parent);
  const draft = await mkdtemp(path.join(parent, DRAFT_PREFIX));
  const place = linked ? draft.replace(DRAFT_PREFIX, 'cluster-') : folder;
  try {
    await initialise(clusterAt(draft), binaries, user);
    await rename(draft, place);
    if (linked) {
      await symlink(place, folder);
    }
    return place;
  } catch (error) {
    if (linked) {
      await rm(place, { recursive: true, force: true });
    }
    // Having lost to another command that was quicker is no failure.
    if ((await versionOf(clusterAt(folder))) === undefined) {
      throw error;
    }
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What commands left that were killed while they made a cluster; nobody takes this long. */
async function removeAbandonedDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const draft = path.join(parent, name);
    const made = name.startsWith(DRAFT_PREFIX) && (await stat(draft).catch(() => undefined));
    if (made && Date.now() - made.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(draft, { recursive: true, force: true });
    }
  }
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
        // As PostgreSQL had it up to 17: with checksums the first read of every new row writes its page to the log,
        // which makes a first promotion write three times as much and take a fifth longer.
        '--no-data-checksums',
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
  const [, reason = messageOf(error)] =
    /(?:error|fatal): (.*)/i.exec(stderr) ?? /^initdb: (.*)/m.exec(stderr) ?? [];
  if (/no space left/i.test(stderr)) {
    return new MedallionError('storage', `no disk space left for a database in ${cluster.folder}`, {
      hint: 'A new one needs about 50 MB. Free some space, or choose another place with --home.',
      cause: error,
    });
  }
  return new MedallionError('storage', `cannot create a database in ${cluster.folder}: ${reason}`, {
    hint: /could not look up effective user/.test(stderr)
      ? 'PostgreSQL needs a user that is in /etc/passwd: run medallion as one, or use your own PostgreSQL: set DATABASE_URL.'
      : 'Choose another place with --home, or use your own PostgreSQL: set DATABASE_URL.',
    cause: error,
  });
}
