import { duckDbOpener, windowBytesFor, type DuckDbLimits } from '../../engine/duckdb/local.ts';
import { loadModels } from '../../model/load.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { dryRun } from '../../promote/dry-run.ts';
import type { RetryPolicy } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { renderDryRun, summary } from '../render/promotion-view.ts';

interface DryRunFlags extends DuckDbLimits {
  readonly chunkRows: number;
  readonly silver: boolean;
  readonly gold: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * Prints what a promotion would do, and how its checks come out.
 * @throws MedallionError check_failed where the promotion would; what `dryRun` throws
 */
export async function printDryRun(
  context: CommandContext,
  flags: DryRunFlags,
  retryPolicy: RetryPolicy,
): Promise<void> {
  const result = await withWarehouse(
    context.config,
    context,
    async (settings, retry) =>
      dryRun(
        settings,
        loadModels(),
        await duckDbOpener(context.config, settings, flags, context),
        {
          silver: flags.silver,
          gold: flags.gold,
          span: { since: flags.since, until: flags.until },
          every: 'mart',
          chunkRows: flags.chunkRows,
          windowBytes: windowBytesFor(flags.memoryLimit),
          retry,
          holder: `dry run, process ${String(context.processId)}`,
        },
        context,
      ),
    { migrate: false, writes: true, retryPolicy },
  );
  await context.write(renderDryRun(result, context.format ?? 'table', context));
  const { layers, seconds } = result;
  context.emit({
    type: 'note',
    message: `dry run: nothing was written\n${summary({ ...layers, seconds })}`,
  });
  if (result.failure !== undefined) {
    throw result.failure;
  }
}
