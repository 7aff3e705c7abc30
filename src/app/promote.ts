import type { Config } from '../config.ts';
import { DEFAULT_ENGINE } from '../config/stage-settings.ts';
import { settingOf } from '../config/settings.ts';
import { batchLimits, engineOpener, type EngineName } from '../engine/choice.ts';
import { duckDbOptions, memoryBytes } from '../engine/duckdb/local.ts';
import { OpenEngine } from '../engine/on-demand.ts';
import { usageError } from '../errors.ts';
import { loadModels } from '../model/load.ts';
import { loadSources } from '../source/read.ts';
import { dryRun as dryRunOf, type DryRun } from '../promote/dry-run.ts';
import { explain as explainModels, type Explanation } from '../promote/explain.ts';
import { planMappings, planProjects, planTables, type PlannedChange } from '../promote/plan.ts';
import {
  promote as promoteWith,
  type PromoteOptions,
  type PromoteResult,
} from '../promote/promote.ts';
import { selectMarts } from '../promote/selection.ts';
import type { Retry } from '../retry.ts';
import { withOpen, type CallOptions, type OpenWarehouse } from './call.ts';
import { onSchedule } from './schedule.ts';

/** Which engine, and what DuckDB may use. */
export interface EngineRequest {
  /** What computes the models; duckdb unless said otherwise. */
  readonly engine?: EngineName | undefined;
  /** What DuckDB may hold in memory before it spills; 800MB unless said otherwise. */
  readonly memoryLimit?: string | undefined;
  readonly threads?: number | undefined;
}

export interface PromoteRequest extends CallOptions, EngineRequest {
  /** One layer only. */
  readonly layer?: 'silver' | 'gold' | undefined;
  /** Make silver and gold again from bronze. */
  readonly fullRefresh?: boolean | undefined;
  /** With `fullRefresh`: only these marts, and those that read them. */
  readonly select?: readonly string[] | undefined;
  /** With `fullRefresh`: also when silver loses the events that were pruned from bronze. */
  readonly evenPruned?: boolean | undefined;
  /** Publish the marts of these days again, YYYY-MM-DD, changed or not. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Events in one transaction, at most. */
  readonly chunkRows?: number | undefined;
}

/**
 * Promotes what is new from bronze to silver and from silver to gold.
 * @throws MedallionError locked, check_failed, model, unreachable, interrupted
 */
export async function promote(
  config: Config,
  request: PromoteRequest = {},
): Promise<PromoteResult> {
  checkEngine(request);
  return withOpen(config, request, (warehouse) =>
    withPromotions(warehouse, request, (once) => once()),
  );
}

/** Promotes again and again until the signal; every `everyMs`, what there was to do goes to `onResult`. */
export async function watchPromote(
  config: Config,
  request: PromoteRequest,
  everyMs: number,
  onResult: (result: PromoteResult) => Promise<void>,
): Promise<void> {
  checkEngine(request);
  // What is asked for beyond the new events is done once, not every round.
  let round = request;
  await withOpen(config, request, (warehouse) =>
    withPromotions(warehouse, request, (once) =>
      onSchedule(everyMs, warehouse.context, async () => {
        const result = await once({ every: 'due mart' }, round);
        if (hasWork(result)) {
          await onResult(result);
        }
        round = { ...request, fullRefresh: false, select: [], since: undefined, until: undefined };
      }),
    ),
  );
}

/** Whether there was anything to promote. */
export function hasWork({ silver, gold }: PromoteResult): boolean {
  return (silver?.events ?? 0) > 0 || (gold?.days.length ?? 0) > 0;
}

type Once = (
  more?: Partial<Pick<PromoteOptions, 'replay' | 'onPublished' | 'every'>>,
  request?: PromoteRequest,
) => Promise<PromoteResult>;

/** Runs `work` with what promotes once, with a DuckDB that stays open in between, and models that are read once. */
export async function withPromotions<T>(
  warehouse: OpenWarehouse,
  request: PromoteRequest,
  work: (once: Once, lendEngine: OpenEngine['lend']) => Promise<T>,
): Promise<T> {
  const { settings, retry, context, config } = warehouse;
  const { reporting } = config;
  const engine = new OpenEngine(await openerOf(warehouse, request));
  const models = loadModels(config.project);
  const sources = loadSources(config.project);
  const warned = new Set<string>();
  try {
    return await work((more = {}, round = request) => {
      const replays = more.replay === undefined ? '' : 'quarantine replay, ';
      const options: PromoteOptions = {
        ...optionsOf(round, retry),
        ...{ sources, project: config.project, reporting, warned },
        fullRefresh: round.fullRefresh ?? false,
        select: selectMarts(models, round.select ?? []),
        evenPruned: round.evenPruned ?? false,
        arguments: round.arguments ?? [],
        holder: `${replays}process ${String(process.pid)}`,
        ...more,
      };
      return promoteWith(settings, models, engine.lend, options, context);
    }, engine.lend);
  } finally {
    await engine.close();
  }
}

/**
 * What a promotion would do, and how its checks come out: it is rolled back.
 * @throws MedallionError locked, config, model, unreachable, interrupted
 */
export async function dryRun(config: Config, request: PromoteRequest = {}): Promise<DryRun> {
  checkEngine(request);
  const holder = `dry run, process ${String(process.pid)}`;
  const work = async (warehouse: OpenWarehouse): Promise<DryRun> => {
    const { settings, retry, context } = warehouse;
    const { project, reporting } = config;
    const sources = loadSources(project);
    const options = { ...optionsOf(request, retry), sources, project, reporting, holder };
    const openEngine = await openerOf(warehouse, request);
    return dryRunOf(settings, loadModels(project), openEngine, options, context);
  };
  return withOpen(config, request, work, { migrate: false });
}

/** How tables differ from their models, and mappings from those that were followed last, and what becomes of it. */
export async function plan(config: Config, options: CallOptions = {}): Promise<PlannedChange[]> {
  const { project, reporting } = config;
  const work = async ({ settings }: OpenWarehouse): Promise<PlannedChange[]> => [
    ...(await planTables(settings, loadModels(project), reporting)),
    ...(await planProjects(settings, project)),
    ...(await planMappings(settings, loadSources(project))),
  ];
  return withOpen(config, options, work, { migrate: false });
}

/** What a promotion does with each model, in order. */
export function explain(
  { project }: Pick<Config, 'project'>,
  { layer }: Pick<PromoteRequest, 'layer'>,
): readonly Explanation[] {
  return explainModels(loadModels(project), layersOf(layer));
}

function layersOf(layer: PromoteRequest['layer']): { silver: boolean; gold: boolean } {
  return { silver: layer !== 'gold', gold: layer !== 'silver' };
}

/** What every kind of promotion takes. */
function optionsOf(request: PromoteRequest, retry: Retry) {
  const { engine = DEFAULT_ENGINE, layer, since, until, chunkRows } = request;
  const { memoryLimit = DEFAULT_MEMORY } = request;
  const limits = batchLimits({ engine, chunkRows, memoryLimit });
  return { ...layersOf(layer), ...limits, span: { since, until }, every: 'mart' as const, retry };
}

const DEFAULT_MEMORY = settingOf('promote.memory_limit').default ?? '';
/** Less does not hold DuckDB's own metadata and one batch of ordinary events. */
const LEAST_MEMORY = 100e6;
const MOST_THREADS = 256;

/** @throws MedallionError usage */
export function checkEngine({ memoryLimit = DEFAULT_MEMORY, threads = 1 }: EngineRequest): void {
  if (memoryBytes(memoryLimit) < LEAST_MEMORY) {
    throw usageError(`--memory-limit ${memoryLimit} is too little: DuckDB needs 100MB at least`);
  }
  if (threads > MOST_THREADS) {
    throw usageError(`--threads ${String(threads)} is too many: ${String(MOST_THREADS)} at most`);
  }
}

/** What opens the engine on a warehouse. */
export async function openerOf(
  { config, settings, context }: OpenWarehouse,
  { engine = DEFAULT_ENGINE, memoryLimit = DEFAULT_MEMORY, threads }: EngineRequest,
): ReturnType<typeof engineOpener> {
  return engineOpener(config, settings, { engine, memoryLimit, threads }, context);
}

/** What DuckDB on a warehouse is opened with. */
export async function engineOptionsOf(
  { config, settings }: OpenWarehouse,
  { memoryLimit = DEFAULT_MEMORY, threads }: EngineRequest = {},
): ReturnType<typeof duckDbOptions> {
  return duckDbOptions(config, settings, { memoryLimit, threads });
}
