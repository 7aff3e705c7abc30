import type { Config } from '../config.ts';
import {
  exportTables as exportWith,
  type ExportedTable,
  type ExportOptions,
  type ExportTarget,
} from '../export/export.ts';
import { READS, withOpen, type CallOptions, type OpenWarehouse } from './call.ts';
import { checkEngine, openerOf, type EngineRequest } from './promote.ts';

export { hasDays } from '../export/export.ts';

export type ExportRequest = CallOptions & EngineRequest & ExportOptions;

/**
 * Writes tables to files, all of one moment.
 * @throws MedallionError usage, storage, not_found, interrupted, unreachable, denied
 */
export async function exportTables(
  config: Config,
  targets: readonly ExportTarget[],
  request: ExportRequest,
): Promise<ExportedTable[]> {
  checkEngine(request);
  const work = async (warehouse: OpenWarehouse): Promise<ExportedTable[]> => {
    const engine = await (await openerOf(warehouse, request))();
    try {
      return await exportWith(engine, targets, request, warehouse.context);
    } finally {
      await engine.close();
    }
  };
  return withOpen(config, request, work, READS);
}
