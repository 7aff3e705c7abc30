import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.ts';
import type { ConnectionSettings } from '../../config/server.ts';
import { isAlive } from '../../runner.ts';
import type { StageContext } from '../../progress.ts';
import type { Engine, WarehouseReader } from '../engine.ts';
import type { DuckDbOptions } from './engine.ts';

export interface DuckDbLimits {
  /** Memory before it spills to disk: 800MB, 2GiB. */
  readonly memoryLimit: string;
  /** One for each core when left out. */
  readonly threads?: number | undefined;
}

const SPILL_PREFIX = 'duckdb-';
/** How much larger than its text a batch becomes while it is worked on, two of them at once. */
const BATCH_GROWTH = 12;
const LARGEST_BATCH_BYTES = 64 * 1024 * 1024;

/** What opens DuckDB on a warehouse, with a spill folder below the home; what killed processes left there is removed. */
export async function duckDbOpener(
  config: Pick<Config, 'home' | 'duckdb'>,
  warehouse: ConnectionSettings,
  limits: DuckDbLimits,
  context: StageContext,
): Promise<(reader?: WarehouseReader) => Promise<Engine>> {
  const options = await duckDbOptions(config, warehouse, limits);
  return async (reader) => {
    // DuckDB takes longer to load than all the rest: only who opens it waits for it.
    const { openDuckDb } = await import('./engine.ts');
    return openDuckDb(options, context, reader);
  };
}

/** What DuckDB on a warehouse is opened with; what killed processes left in its spill folder is removed. */
export async function duckDbOptions(
  { home, duckdb }: Pick<Config, 'home' | 'duckdb'>,
  warehouse: ConnectionSettings,
  { memoryLimit, threads }: DuckDbLimits,
): Promise<DuckDbOptions> {
  const spill = path.join(home, 'tmp');
  await removeLeftSpill(spill);
  const spillDirectory = path.join(spill, `${SPILL_PREFIX}${String(process.pid)}`);
  return { warehouse, duckdb, memoryLimit, threads, spillDirectory };
}

/** Bytes of events' text that DuckDB can take at once. */
export function batchBytesFor(memoryLimit: string): number {
  return Math.min(LARGEST_BATCH_BYTES, Math.floor(memoryBytes(memoryLimit) / BATCH_GROWTH));
}

const UNIT_BYTES: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes of a size like 400MB or 1.5GiB; the difference between MB and MiB does not matter here. */
export function memoryBytes(size: string): number {
  return Number.parseFloat(size) * (UNIT_BYTES[/[KMGT]/i.exec(size)?.[0].toUpperCase() ?? ''] ?? 1);
}

/** Folders of promotions that were killed: their process is gone. */
async function removeLeftSpill(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(SPILL_PREFIX))) {
    if (!isAlive(Number(name.slice(SPILL_PREFIX.length)))) {
      await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }
}
