import { link, rename, rm, stat, writeFile } from 'node:fs/promises';
import { codeOf } from '../errors.ts';
import { storageError } from '../log/landing/storage-error.ts';

/**
 * Writes a file whole or not at all.
 * @returns false, and nothing written, where there is one already that may not be replaced
 * @throws MedallionError storage
 */
export async function writeWholeFile(
  file: string,
  text: string,
  { mayReplace }: { readonly mayReplace: boolean },
): Promise<boolean> {
  const partial = `${file}.${String(process.pid)}.partial`;
  try {
    const before = await stat(file).catch(() => undefined);
    if (before !== undefined && !mayReplace) {
      return false;
    }
    await writeFile(partial, text, { mode: before === undefined ? 0o666 : before.mode & 0o777 });
    if (mayReplace) {
      await rename(partial, file);
    } else {
      // Unlike a rename it fails where somebody else was faster.
      await link(partial, file);
    }
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
