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
