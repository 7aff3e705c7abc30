import { fileToRead } from './sql.ts';

/**
 * Rows that sessions cache for each other, as Parquet files in the folder of the engine: they take no memory, and go with
 * the engine.
 */
export class RowCache {
  readonly #files = new Map<string, string[]>();

  /** Adds a file that is whole to the rows of `id`. */
  add(id: string, file: string): void {
    this.#files.set(id, [...(this.#files.get(id) ?? []), file]);
  }

  clear(): void {
    this.#files.clear();
  }

  /** A select of the rows that are cached under an id; none when there are none. */
  select(id: string): string[] {
    const files = this.#files.get(id);
    return files === undefined
      ? []
      : [`select * from read_parquet([${files.map(fileToRead).join(', ')}])`];
  }
}
