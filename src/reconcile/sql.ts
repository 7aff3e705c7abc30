import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../sql/reconcile/', import.meta.url);

/** The text of one file of sql/reconcile. */
export function reconcileSql(name: string): string {
  return readFileSync(new URL(`${name}.sql`, FOLDER), 'utf8');
}
