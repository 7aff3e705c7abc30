import { readFileSync } from 'node:fs';

/** Of Linux's clock in /proc, on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time in seconds: of a process itself, and of those of its children that have ended. */
export interface CpuTime {
  readonly own: number;
  readonly children: number;
}

/** What a process has used so far; undefined when it has ended, and on systems without /proc. */
export function cpuTimeOf(pid: number): CpuTime | undefined {
  const stat = statOf(pid);
  if (stat === undefined) {
    return undefined;
  }
  // utime, stime, cutime and cstime; the name before them, in brackets, may hold anything.
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { own: user + system, children: childrenUser + childrenSystem };
}

function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw error;
  }
}
