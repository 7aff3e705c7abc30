import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf, MedallionError } from '../errors.ts';

const run = promisify(execFile);

/** The user as which the server runs; PostgreSQL refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';
/** Where root keeps what the server's user may not reach below a private folder such as /root. */
export const SHARED_FOLDER = '/var/lib/medallion';

/**
 * Who runs the server: undefined means the current user. Root hands over to the owner of an existing data
 * directory, or else to the user "postgres", which is created when there is none.
 * @throws MedallionError config when root cannot create that user
 */
export async function serverUser(dataDirectory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid };
  }
  return (await findUser()) ?? (await createUser());
}

async function findUser(): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createUser(): Promise<ServerUser> {
  let cause: unknown;
  // The second form is that of BusyBox.
  for (const [command, ...args] of [
    ['useradd', '--system', '--user-group', '--no-create-home', NAME],
    ['adduser', '-S', '-D', '-H', NAME],
  ] as const) {
    cause = await run(command, args).catch((error: unknown) => error);
    // Another command may have created it in the same instant.
    const user = await findUser();
    if (user !== undefined) {
      return user;
    }
  }
  throw new MedallionError(
    'config',
    `PostgreSQL does not run as root, and user "${NAME}" could not be created`,
    {
      hint: `Run medallion as another user, create user "${NAME}", or use your own PostgreSQL: set DATABASE_URL.`,
      cause,
    },
  );
}

/** The topmost folder on the way to `folder` that the user may not pass; folders that are still missing do not count. */
export async function firstClosed(folder: string, user: ServerUser): Promise<string | undefined> {
  const parent = path.dirname(folder);
  const above = parent === folder ? undefined : await firstClosed(parent, user);
  if (above !== undefined) {
    return above;
  }
  try {
    const { mode, uid, gid } = await stat(folder);
    const execute = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    return (mode & execute) === 0 ? folder : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
