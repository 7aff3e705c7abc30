import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors.ts';

/**
 * Makes a folder and those above it, where they are missing. Not by Node's own `recursive`, which tries for ever where a
 * file system says of a new folder that its place does not exist, as /proc does.
 * @throws the system's error; ENOTSUP where no folder can be made
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    const parent = path.dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) {
      throw error;
    }
    await makeFolder(parent);
    await makeOne(folder).catch((again: unknown) => {
      throw codeOf(again) === 'ENOENT'
        ? Object.assign(new Error(`${parent} cannot have folders`, { cause: again }), {
            code: 'ENOTSUP',
          })
        : again;
    });
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const isThere =
      codeOf(error) === 'EEXIST' &&
      (await stat(folder).then(
        (found) => found.isDirectory(),
        () => false,
      ));
    if (!isThere) {
      throw error;
    }
  }
}
