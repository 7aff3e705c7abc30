import { constants } from 'node:fs';
import { access, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { storageError } from './storage-error.ts';

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
 * Writes a file whole or not at all, in place of one that was there.
 * @throws MedallionError storage
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  if (await isSpecial(file)) {
    await writeFile(file, text).catch((error: unknown) => {
      throw storageError(file, error);
    });
    return;
  }
  const partial = partialName(file);
  try {
    await writeFile(partial, text);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw storageError(file, error);
  }
}

/** Where a file lies until it is whole. */
export function partialName(file: string): string {
  return `${file}.${String(process.pid)}.partial`;
}

/** Whether a file is a pipe, a device or a folder: those cannot be replaced. */
export async function isSpecial(file: string): Promise<boolean> {
  try {
    return !(await stat(file)).isFile();
  } catch {
    return false;
  }
}
