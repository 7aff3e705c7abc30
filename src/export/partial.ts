import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isGone, thisRunner } from '../postgres/runner.ts';

/** The name for which something is written; the path itself where it is no such thing. */
export function targetOf(file: string): string {
  return file.replace(/\.\d+\.partial($|\/.*)/, '');
}

/** Removes what processes of this machine that were killed have left of a name. */
export async function removeLeftPartials(target: string): Promise<void> {
  const folder = path.dirname(target);
  const prefix = `${path.basename(target)}.`;
  for (const name of await readdir(folder)) {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    const processId = Number(/^(\d+)\.partial$/.exec(rest)?.[1] ?? Number.NaN);
    const isLeft =
      processId === process.pid ||
      (Number.isInteger(processId) && isGone({ ...thisRunner(), processId }));
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
