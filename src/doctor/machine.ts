import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { MedallionError, messageOf } from '../errors.ts';
import { fail, ok, warn, type Check, type Finding } from './finding.ts';

const GB = 1e9;
/** The demo fits into this with room to spare; a million events take about five times as much. */
const ROOMY = 2 * GB;
/** Below this PostgreSQL soon has no room for its log. */
const CRAMPED = 0.2 * GB;

export const nodeCheck: Check = {
  title: 'Node.js',
  limitMs: 1000,
  run: () => Promise.resolve([judgeNode(process.versions.node)]),
};

/** Whether that version of Node.js is one that package.json asks for. */
export function judgeNode(version: string): Finding {
  const { engines } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { engines: { node: string } };
  const ranges = engines.node.split(' || ');
  return ranges.some((range) => isWithin(version, range))
    ? ok('Node.js', version)
    : fail(
        'Node.js',
        new MedallionError('config', `medallion does not run on ${version}`, {
          hint: `Install Node.js ${ranges.join(' or ')}.`,
        }),
      );
}

/** @param range "^20.19.0": that minor version or a later one of the same major; ">=24.0.0": a later major as well */
function isWithin(version: string, range: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  const [needMajor = 0, needMinor = 0] = numbersOf(range);
  return (
    (major === needMajor && minor >= needMinor) || (range.startsWith('>=') && major > needMajor)
  );
}

function numbersOf(version: string): number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}

export const homeCheck: Check = {
  title: 'home folder',
  limitMs: 10_000,
  run: async ({ home }) => {
    const nearest = await nearestFolder(home);
    const probe = await mkdtemp(path.join(nearest, '.medallion-doctor-')).catch(
      (error: unknown) => {
        throw new MedallionError('storage', `cannot write to ${nearest}: ${messageOf(error)}`, {
          hint: 'Make it writable, or choose another place with --home or MEDALLION_HOME.',
          cause: error,
        });
      },
    );
    await rm(probe, { recursive: true });
    return [ok('home folder', nearest === home ? home : `${home} (not created yet)`)];
  },
};

export const diskCheck: Check = {
  title: 'disk space',
  limitMs: 10_000,
  run: async ({ home }) => {
    const { bavail, bsize } = await statfs(await nearestFolder(home));
    return [judgeSpace(bavail * bsize)];
  },
};

/** @param free bytes that are left where the home is */
export function judgeSpace(free: number): Finding {
  const found = `${(free / GB).toFixed(1)} GB free`;
  const advice = 'Free some space, or choose another place with --home or MEDALLION_HOME.';
  if (free < CRAMPED) {
    return fail('disk space', new MedallionError('storage', found, { hint: advice }));
  }
  return free < ROOMY ? warn('disk space', found, advice) : ok('disk space', found);
}

/** The folder itself, or the nearest one above it that is there. */
async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) {
    throw new MedallionError('storage', `${folder} is not a folder`, {
      hint: 'Move that file away, or choose another place with --home or MEDALLION_HOME.',
    });
  }
  const parent = path.dirname(folder);
  return found !== undefined || parent === folder ? folder : nearestFolder(parent);
}
