import path from 'node:path';
import type { KeptPart } from '../engine.ts';
import { fileToRead } from './sql.ts';

/**
 * Rows that lanes put by for each other, as Parquet files in the folder of the engine: they take no memory, and go with
 * the engine.
 */
export class KeptRows {
  readonly #folder: string;
  readonly #files = new Map<string, string[]>();
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A name for the next file. */
  nextFile(): string {
    this.#count += 1;
    return path.join(this.#folder, `kept-${String(this.#count)}.parquet`);
  }

  /** Adds a file that is whole to the rows of `id`. */
  add(id: string, file: string): void {
    this.#files.set(id, [...(this.#files.get(id) ?? []), file]);
  }

  /** A select of some of the rows kept under an id. */
  select(id: string, columns: string, { where, without }: KeptPart): string {
    const exception =
      without === undefined
        ? ''
        : ` and ${without.by} not in (select ${without.by} from ${this.#scan(without.id)})`;
    return `select ${columns} from ${this.#scan(id)} where (${where})${exception}`;
  }

  #scan(id: string): string {
    return `read_parquet([${(this.#files.get(id) ?? []).map(fileToRead).join(', ')}])`;
  }
}
