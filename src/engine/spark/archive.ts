import { pathToFileURL } from 'node:url';
import { MedallionError } from '../../errors.ts';
import { isS3 } from '../../config/s3.ts';
import type { DuckDbSession } from '../duckdb/session.ts';
import { StatementError } from './connect.ts';
import { farSelect, nearSelect, type FileExchange, type StagedFiles } from './files.ts';
import { quoted } from './spell.ts';

/** How a cluster may name a file of the archive: a plain Apache Spark reads S3 as s3a, others as s3. */
const NAMINGS: readonly ((place: string) => string)[] = [
  (place) => (isS3(place) ? place : pathToFileURL(place).href),
  (place) => (isS3(place) ? place.replace('s3:', 's3a:') : pathToFileURL(place).href),
];

/** The archive for the cluster, which reads it where it lies if it can, with rights of its own. */
export class FarArchive {
  readonly #near: DuckDbSession;
  readonly #exchange: FileExchange;
  /** Those that have not failed; the first one is in use. */
  #namings = NAMINGS;

  constructor(near: DuckDbSession, exchange: FileExchange) {
    this.#near = near;
    this.#exchange = exchange;
  }

  /** Whether the cluster may see the archive, as far as is known. */
  get mayBeSeen(): boolean {
    return this.#namings.length > 0;
  }

  /**
   * A select of the cluster that has the events of a batch with their texts.
   * @param bronze the events: without a text where the archive holds them
   * @returns undefined, where the cluster does not find each of them in the files
   */
  async textsSelect(bronze: StagedFiles, places: readonly string[]): Promise<string | undefined> {
    const [row] = await this.#near.query(
      `select count(*) as events from (${nearSelect(bronze.files)}) where value is null`,
    );
    const expected = Number(row?.['events']);
    for (;;) {
      const [naming] = this.#namings;
      if (naming === undefined) {
        return undefined;
      }
      const names = places.map(naming);
      if ((await this.#count(bronze, names)) === expected) {
        return `${farSelect(bronze, COLUMNS.join(', '))} where value is not null
          union all
          ${archivedSelect(bronze, names)}`;
      }
      // Another one that says the same of these places would fail as well.
      this.#namings = this.#namings.filter((other) =>
        places.some((place, index) => other(place) !== names[index]),
      );
    }
  }

  async #count(bronze: StagedFiles, names: readonly string[]): Promise<number | undefined> {
    try {
      const count = await this.#exchange.take(
        'archived',
        `select count(*) as events from (${archivedSelect(bronze, names)}) as archived`,
        [{ name: 'events', type: 'bigint' }],
      );
      const [row] = await this.#near.query(nearSelect(count.files));
      await this.#exchange.remove(count);
      return Number(row?.['events']);
    } catch (error) {
      const isAboutFiles = error instanceof MedallionError && error.code === 'storage';
      if (isAboutFiles || error instanceof StatementError) {
        return undefined;
      }
      throw error;
    }
  }
}

const PLACE = ['topic', 'partition', 'offset'].map(quoted);
const COLUMNS = ['event_no', 'topic', 'partition', 'offset', 'produced_at', 'value', 'judged'].map(
  quoted,
);

function archivedSelect(bronze: StagedFiles, names: readonly string[]): string {
  const files = names.map(
    (name) => `select ${PLACE.join(', ')}, value from parquet.${quoted(name)}`,
  );
  const columns = COLUMNS.map((column) =>
    column === quoted('value') ? 'archived.value' : `own.${column}`,
  );
  const own = `(${farSelect(bronze, COLUMNS.join(', '))} where value is null) as own`;
  const isSame = PLACE.map((column) => `own.${column} = archived.${column}`).join(' and ');
  return `select ${columns.join(', ')} from ${own}
    inner join (${files.join(' union all ')}) as archived on ${isSame}`;
}
