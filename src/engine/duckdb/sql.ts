/** Text as a DuckDB string literal. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a DuckDB identifier. */
export function doubleQuoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The path of a file that DuckDB reads, as a literal: it means that file, whatever its folders are called. */
export function fileToRead(file: string): string {
  return singleQuoted(file.replaceAll(/[*?[]/g, '[$&]'));
}

/** Statements of PostgreSQL as one text; any may end with a comment. */
export function inOneGo(statements: readonly string[]): string {
  return statements.join('\n;\n');
}
