import type { Config } from '../config.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { sparkPlace } from '../config/spark.ts';
import { BATCH_EVENTS, type ENGINES } from '../config/stage-settings.ts';
import type { StageContext } from '../progress.ts';
import { atStart } from '../retry.ts';
import { duckDbOpener, batchBytesFor, type DuckDbLimits } from './duckdb/local.ts';
import type { Engine, WarehouseReader } from './engine.ts';

export type EngineName = (typeof ENGINES)[number];

/** Which engine, and what of this machine it may use. */
export interface EngineChoice extends DuckDbLimits {
  readonly engine: EngineName;
  /** Events in one batch, at most; what suits the engine unless given. */
  readonly chunkRows?: number | undefined;
}

/** What a batch of Spark holds lies in files, not in memory. */
const SPARK_BATCH_BYTES = 4 * 1024 ** 3;

/** How large batches are. */
export function batchLimits({
  engine,
  chunkRows = BATCH_EVENTS[engine],
  memoryLimit,
}: EngineChoice): { chunkRows: number; batchBytes: number } {
  return {
    chunkRows,
    batchBytes: engine === 'spark' ? SPARK_BATCH_BYTES : batchBytesFor(memoryLimit),
  };
}

/**
 * What opens the engine on a warehouse, again and again.
 * @throws MedallionError config, where Spark is wanted and the settings do not say where it is
 */
export async function engineOpener(
  config: Pick<Config, 'home' | 'duckdb' | 'spark'>,
  warehouse: ConnectionSettings,
  choice: EngineChoice,
  context: StageContext,
): Promise<(reader?: WarehouseReader) => Promise<Engine>> {
  const openDuckDb = await duckDbOpener(config, warehouse, choice, context);
  if (choice.engine === 'duckdb') {
    return openDuckDb;
  }
  const spark = sparkPlace(config.spark);
  let hasAnswered = false;
  return async (reader) => {
    // Loaded where it is wanted.
    const { openSpark } = await import('./spark/engine.ts');
    try {
      const engine = await openSpark(await openDuckDb(reader), spark, {
        duckdb: config.duckdb,
        context,
      });
      hasAnswered = true;
      return engine;
    } catch (error) {
      throw hasAnswered ? error : atStart(error);
    }
  };
}
