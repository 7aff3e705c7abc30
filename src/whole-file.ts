import { constants } from 'node:fs';
import { access, link, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, MedallionError, messageOf } from './errors.ts';

/**
 * Files that appear under their name when they are whole: written beside it, then renamed, so that half a file is never
 * taken for a whole one.
 */

/** Where a file lies until it is whole: beside its name, under that of the process that writes it. */
export function partialName(file: string): string {
  return `${file}.${String(process.pid)}.partial`;
}

/** What a file, or one in a folder, that lies so is to be, and who writes it; undefined: it lies under its own name. */
export function ofPartial(
  file: string,
): { readonly target: string; readonly processId: number } | undefined {
  const found = /\.(\d+)\.partial(?:$|\/)/.exec(file);
  return found === null
    ? undefined
    : { target: file.slice(0, found.index), processId: Number(found[1]) };
}

/** Whether a file is a pipe, a device or a folder: those cannot be replaced. */
export async function isSpecial(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => !found.isFile(),
    () => false,
  );
}

/**
 * Finds out before the work whether its result can be written after it.
 * @throws MedallionError storage
 */
export async function checkWritable(file: string): Promise<void> {
  try {
    await access((await isSpecial(file)) ? file : path.dirname(file), constants.W_OK);
  } catch (error) {
    throw storageError(file, error);
  }
}

/**
 * Writes a file whole or not at all; one that is replaced keeps its rights.
 * @returns false, and nothing written, where there is one already that may not be replaced
 * @throws MedallionError storage
 */
export async function writeWhole(
  file: string,
  text: string,
  { mayReplace = true }: { readonly mayReplace?: boolean } = {},
): Promise<boolean> {
  const partial = partialName(file);
  try {
    const before = await stat(file).catch(() => undefined);
    if (before !== undefined && !mayReplace) {
      return false;
    }
    if (before?.isFile() === false) {
      await writeFile(file, text);
      return true;
    }
    await writeFile(partial, text, { mode: before === undefined ? 0o666 : before.mode & 0o777 });
    // Unlike a rename a link fails where somebody else was faster.
    await (mayReplace ? rename : link)(partial, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && !mayReplace) {
      return false;
    }
    throw storageError(file, error);
  } finally {
    await rm(partial, { force: true });
  }
}

const MAKE_ROOM = 'Free some space, then run the command again.';
const MAY_NOT = ['permission denied', 'Choose a place that you can write to.'] as const;
const NO_FOLDER = [
  'a part of the path is not a folder',
  'Choose a path whose parts are folders.',
] as const;
const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['the disk is full', MAKE_ROOM],
  EDQUOT: ['the disk quota is used up', MAKE_ROOM],
  EFBIG: [
    'the file has reached the size limit',
    'Raise the limit (ulimit -f), or write elsewhere.',
  ],
  EACCES: MAY_NOT,
  EPERM: MAY_NOT,
  EROFS: ['the file system is read-only', MAY_NOT[1]],
  ENOENT: ['the folder does not exist', 'Make the folder first, or choose another one.'],
  ENOTDIR: NO_FOLDER,
  EEXIST: NO_FOLDER,
  ENOTSUP: ['the file system has no folders there', 'Choose another place.'],
  EISDIR: ['it is a folder', 'Give the name of a file.'],
};

/** A failed write as an error for people; anything but a system error is a defect and stays what it is. */
export function storageError(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof MedallionError || code === undefined) {
    return error;
  }
  const [what, hint] = REASONS[code] ?? [messageOf(error)];
  return new MedallionError('storage', `cannot write ${file}: ${what}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
