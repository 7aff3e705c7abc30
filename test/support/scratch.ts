import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
/** What a run may take there, and as much again for everybody else. */
const ROOM = 4 * 1024 ** 3;

/**
 * Where the servers of the tests keep what nobody needs after the run: in memory if there is room, where a copied
 * database costs a sixth of what it costs on a disk. Nothing may be executed there.
 */
export function scratchFolder(): string {
  if (!existsSync(MEMORY)) {
    return tmpdir();
  }
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ROOM ? MEMORY : tmpdir();
}
