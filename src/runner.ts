import { hostname, userInfo } from 'node:os';
import { codeOf } from './errors.ts';

/** Who runs a command, as the machine knows it. */
export interface Runner {
  readonly osUser: string;
  readonly host: string;
  readonly processId: number;
}

export function thisRunner(): Runner {
  return { osUser: userName(), host: hostname(), processId: process.pid };
}

/** Whether a process of this machine is known to be gone; of other machines nobody here can tell. */
export function isGone({ host, processId }: Pick<Runner, 'host' | 'processId'>): boolean {
  return host === hostname() && !isAlive(processId);
}

/** Whether a process of this machine runs, for all that this one may know. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** In a container a process may run as a user who has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
