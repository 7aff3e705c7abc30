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

/**
 * The statements of sql/<name>.sql, with what its `{placeholders}` stand for. Values are SQL: names that are quoted, lists
 * of them, and expressions of a model; never input.
 * @throws Error where a placeholder has no value
 */
export function statements(name: string, values: Readonly<Record<string, string>>): string[] {
  return sqlFile(name)
    .replaceAll(/^\s*--.*\n/gm, '')
    .trim()
    .replace(/;$/, '')
    .split(/;\n/)
    .map((statement) =>
      statement.replaceAll(/\{([^{}]+)\}/g, (_, placeholder: string) => {
        const value = values[placeholder];
        if (value === undefined) {
          throw new Error(`sql/${name}.sql: nothing is given for {${placeholder}}`);
        }
        return value;
      }),
    );
}

/** The same for a file of one statement. */
export function statement(name: string, values: Readonly<Record<string, string>>): string {
  return statements(name, values).join(';\n');
}
