import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '../runner.ts';
import { ofPartial } from '../whole-file.ts';

/** Removes what processes of this machine that were killed have left of a name. */
export async function removeLeftPartials(target: string): Promise<void> {
  const folder = path.dirname(target);
  for (const name of await readdir(folder)) {
    const partial = ofPartial(name);
    const isLeft =
      partial?.target === path.basename(target) &&
      (partial.processId === process.pid || !isAlive(partial.processId));
    if (isLeft) {
      await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Gives what is whole its name. A file that is there stays until the very moment, a folder until just before. */
export async function bringToName(partial: string, target: string): Promise<void> {
  const before = await stat(target).catch(() => undefined);
  const isFolder = (await stat(partial)).isDirectory();
  if (before !== undefined && (before.isDirectory() || isFolder)) {
    await rm(target, { recursive: true, force: true });
  }
  await rename(partial, target);
}
