import { spawn } from 'node:child_process';
import type { Environment } from '../config.ts';
import { codeOf, messageOf } from '../errors.ts';

/** What opens a file with the program that its owner chose for it. No shell reads the name. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32.exe', 'url.dll,FileProtocolHandler'],
};
const OTHER_OPENER = ['xdg-open'] as const;

/** An opener that still runs after so long has become the browser, or waits for it. */
const SETTLED_MS = 3_000;

/**
 * Shows a file in the browser, which then goes on by itself.
 * @returns why it could not; undefined when it could
 */
export async function openInBrowser(
  file: string,
  platform: NodeJS.Platform,
  env: Environment,
): Promise<string | undefined> {
  const [opener, ...args] = OPENERS[platform] ?? OTHER_OPENER;
  const child = spawn(opener, [...args, file], { env, detached: true, stdio: 'ignore' });
  child.unref();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SETTLED_MS, undefined);
    const settle = (obstacle: string | undefined): void => {
      clearTimeout(timer);
      resolve(obstacle);
    };
    child.once('error', (error) => {
      settle(codeOf(error) === 'ENOENT' ? `there is no ${opener} here` : messageOf(error));
    });
    child.once('exit', (code) => {
      settle(code === 0 ? undefined : `${opener} failed with exit code ${String(code)}`);
    });
  });
}
