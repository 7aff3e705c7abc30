import { readFileSync } from 'node:fs';

const FOLDER = new URL('../sql/', import.meta.url);
const texts = new Map<string, string>();

/** The text of sql/<name>.sql, read once. */
export function sqlFile(name: string): string {
  const known = texts.get(name);
  if (known !== undefined) {
    return known;
  }
  const text = readFileSync(new URL(`${name}.sql`, FOLDER), 'utf8');
  texts.set(name, text);
  return text;
}
