import type Pg from 'pg';
import { createRequire } from 'node:module';

/**
 * PostgreSQL's client. Where there is no `navigator`, which Node has from version 21 on, pg asks `Response` whether it
 * runs at Cloudflare's, for which Node loads its whole web client: 20 ms of every command.
 */
export const pg = withNavigator(() => createRequire(import.meta.url)('pg') as typeof Pg);

function withNavigator<T>(work: () => T): T {
  if ('navigator' in globalThis) {
    return work();
  }
  const value = { userAgent: `Node.js/${process.versions.node}` };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
  try {
    return work();
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator');
  }
}
