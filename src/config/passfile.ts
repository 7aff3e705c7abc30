import { readFileSync, statSync } from 'node:fs';
import type { ConnectionSettings } from './server.ts';

type PasswordOwner = Pick<ConnectionSettings, 'host' | 'port' | 'user' | 'database'>;

const OTHERS_MAY_READ = 0o077n;

/**
 * The password that a file of libpq's (~/.pgpass) has: of the first line host:port:database:user:password that fits, in
 * which * fits everything. As for psql, a file that is not there, or that others may read, says nothing.
 */
export function passwordIn(
  file: string,
  { host, port, user, database }: PasswordOwner,
): string | undefined {
  let text: string;
  try {
    const state = statSync(file, { bigint: true });
    const isShared = process.platform !== 'win32' && (state.mode & OTHERS_MAY_READ) !== 0n;
    if (isShared || !state.isFile()) {
      return undefined;
    }
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const owner = [host, String(port), database, user];
  for (const line of text.split(/\r?\n/).filter((each) => !each.startsWith('#'))) {
    const [, ...fields] = LINE.exec(line)?.map((text) => text.replaceAll(/\\(.)/g, '$1')) ?? [];
    if (owner.every((value, index) => fields[index] === '*' || fields[index] === value)) {
      return fields.at(-1);
    }
  }
  return undefined;
}

const FIELD = String.raw`((?:\\.|[^:\\])*)`;
/** A colon within one of the first four is escaped; the password is the rest. */
const LINE = new RegExp(`^${FIELD}:${FIELD}:${FIELD}:${FIELD}:(.*)$`);
