import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** What an installation for production brings, by the lockfile and the packages as they lie here. */

const ROOT = path.join(import.meta.dirname, '..');
const MEGABYTE = 1_000_000;

interface Locked {
  readonly dev?: boolean;
}

/** Places in node_modules of what `npm ci --omit=dev` installs, on this machine. */
function installed(): string[] {
  const lockfile = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  return Object.entries(lockfile.packages)
    .filter(([place, { dev }]) => place !== '' && dev !== true)
    .map(([place]) => place);
}

/** Bytes of the files below a folder; 0 where there is none, as of a package for another platform. */
function sizeOf(folder: string): number {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) {
    return found?.size ?? 0;
  }
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + sizeOf(path.join(folder, name)), 0);
}

test('a production install takes at most 160 MB', () => {
  const sizes = installed().map((place) => sizeOf(path.join(ROOT, place)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total / MEGABYTE).toBeLessThanOrEqual(160);
  // The two that it is for: DuckDB and PostgreSQL.
  expect(total / MEGABYTE).toBeGreaterThan(100);
});

test('a production install brings no compiler', () => {
  expect(installed().filter((place) => place.endsWith('node_modules/typescript'))).toEqual([]);
});
