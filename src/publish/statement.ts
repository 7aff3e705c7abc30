import { sqlFile } from '../sql-file.ts';

/**
 * The statements of a file of sql/publish, with what its `{placeholders}` stand for. Values are SQL: names that are quoted,
 * lists of them, and expressions of a model; never input.
 * @throws Error where a placeholder has no value
 */
export function statements(name: string, values: Readonly<Record<string, string>>): string[] {
  return sqlFile(`publish/${name}`)
    .replaceAll(/^\s*--.*\n/gm, '')
    .trim()
    .split(/;\n/)
    .map((statement) =>
      statement.replaceAll(/\{([^{}]+)\}/g, (_, placeholder: string) => {
        const value = values[placeholder];
        if (value === undefined) {
          throw new Error(`sql/publish/${name}.sql: nothing is given for {${placeholder}}`);
        }
        return value;
      }),
    );
}

/** The same for a file of one statement. */
export function statement(name: string, values: Readonly<Record<string, string>>): string {
  return statements(name, values).join(';\n');
}
