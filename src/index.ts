/**
 * medallion as a library: the stages of the pipeline as functions of a configuration. Each connects, does its work as the
 * command of its name does, and leaves nothing open. docs/library.md shows them together.
 */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { configOf, type Config, type ConfigFlags, type Environment } from './config.ts';
import { readSettingsFile } from './config/file.ts';
import { findSettingsFile, readEnvironment } from './config/load.ts';
import { resolveSettings } from './config/resolve.ts';
import { settingOf } from './config/settings.ts';
import { duckDbOpener, windowBytesFor } from './engine/duckdb/local.ts';
import type { GenerateOptions, GenerateResult } from './generate/generate.ts';
import { recordGenerate } from './generate/record.ts';
import { resolvePeriod } from './generate/timeline.ts';
import { ingest as ingestFrom, type IngestResult } from './bronze/ingest.ts';
import { openFileReader } from './log/files/reader.ts';
import { openLog } from './log/open.ts';
import { loadModels } from './model/load.ts';
import type { ConnectionSettings } from './postgres/client.ts';
import { withWarehouse as withWarehouseOf } from './postgres/warehouse.ts';
import type { Emit, StageContext } from './progress.ts';
import { promote as promoteWith, type PromoteResult } from './promote/promote.ts';
import { report as reportOn, type Report } from './report/report.ts';
import type { SectionName } from './report/sections.ts';

export type { Config, ConfigFlags, Environment } from './config.ts';
export { MedallionError, type ErrorCode } from './errors.ts';
export type { GenerateResult } from './generate/generate.ts';
export type { IngestResult } from './bronze/ingest.ts';
export type { ConnectionSettings } from './postgres/client.ts';
export type { ProgressEvent } from './progress.ts';
export type { PromoteResult } from './promote/promote.ts';
export type { Report } from './report/report.ts';
export type { SectionName, SectionRows, Sections } from './report/sections.ts';

/** What every call takes. */
export interface CallOptions {
  /** Aborted, it ends the call after what is under way: everything that was committed stays. */
  readonly signal?: AbortSignal;
  /** Hears of progress, warnings and notes. */
  readonly onEvent?: Emit;
}

export interface LoadOptions {
  /** Settings that win over all others: home, databaseUrl, brokers, topic and so on. */
  readonly flags?: ConfigFlags;
  /** Usually process.env; nothing unless given. */
  readonly env?: Environment;
  /** The folder of .env and medallion.yaml, and the one that relative paths start from. */
  readonly cwd: string;
  /** A configuration file in another place. */
  readonly file?: string;
}

/**
 * The configuration as the command line reads it: flags, environment, .env, medallion.yaml, defaults.
 * @throws MedallionError config, with everything that is wrong
 */
export function loadConfig({ flags = {}, env = {}, cwd, file }: LoadOptions): Config {
  const environment = readEnvironment(cwd, env);
  const found = findSettingsFile(cwd, file, environment.env);
  const settings = resolveSettings({
    ...environment,
    flags: { ...flags },
    file: found === undefined ? undefined : readSettingsFile(found, cwd),
  });
  return configOf(settings, environment.env, cwd);
}

export interface GenerateRequest extends CallOptions {
  /** Events in all, faults included. */
  readonly count: number;
  /** The same seed, period and sizes give the same events; another one each time when left out. */
  readonly seed?: number;
  /** First and last UTC day of the purchases, YYYY-MM-DD; the 31 days up to yesterday when left out. */
  readonly since?: string;
  readonly until?: string;
  readonly customers?: number;
  readonly products?: number;
  readonly cities?: number;
  /** Shares of all events, from 0 to 1. */
  readonly faults?: Partial<GenerateOptions['faults']>;
}

/**
 * Writes made-up purchases to the log: the topic, which has to exist, or the landing directory. Its record waits in the
 * home for the next call that opens the warehouse.
 * @throws MedallionError usage, unreachable, denied, config, storage
 */
export async function generate(config: Config, request: GenerateRequest): Promise<GenerateResult> {
  const { customers = 1000, products = 200, cities = 40 } = request;
  const context = contextOf(request);
  const log = openLog(config, context);
  const options: GenerateOptions = {
    seed: request.seed ?? randomInt(2 ** 32),
    count: request.count,
    period: resolvePeriod(request.since, request.until),
    rate: undefined,
    sizes: { customers, products, cities },
    faults: { late: 0, duplicates: 0, corrections: 0, malformed: 0, ...request.faults },
    manifest: false,
  };
  const { home } = config;
  const run = { home, topic: log.topic, arguments: [], open: () => log.write() };
  const { result } = await recordGenerate(options, run, context);
  return result;
}

export interface IngestRequest extends CallOptions {
  /** Files of NDJSON, plain or gzip, instead of the log of the configuration. */
  readonly files?: readonly string[];
  /** Go on as events arrive, until the signal. */
  readonly follow?: boolean;
}

/**
 * Writes what is new in the log to bronze, each event exactly once.
 * @throws MedallionError unreachable, denied, input, source_changed, storage
 */
export async function ingest(config: Config, request: IngestRequest = {}): Promise<IngestResult> {
  const context = contextOf(request);
  const { files } = request;
  const reader =
    files === undefined
      ? await openLog(config, context).read()
      : await openFileReader(files.map((file) => path.resolve(file)));
  return withWarehouseOf(
    config,
    context,
    (settings, retry) =>
      ingestFrom(
        reader,
        settings,
        { follow: request.follow ?? false, retry, arguments: [] },
        context,
      ),
    { writes: true },
  );
}

export interface PromoteRequest extends CallOptions {
  /** Make silver and gold again from bronze. */
  readonly fullRefresh?: boolean;
  /** Publish the marts of these UTC days again, YYYY-MM-DD, changed or not. */
  readonly since?: string;
  readonly until?: string;
  /** What DuckDB may hold in memory before it spills; 800MB unless said otherwise. */
  readonly memoryLimit?: string;
  readonly threads?: number;
}

/**
 * Promotes what is new from bronze to silver and from silver to gold.
 * @throws MedallionError locked, check_failed, model, unreachable, interrupted
 */
export async function promote(
  config: Config,
  request: PromoteRequest = {},
): Promise<PromoteResult> {
  const context = contextOf(request);
  const { memoryLimit = settingOf('promote.memory_limit').default ?? '', threads } = request;
  return withWarehouseOf(
    config,
    context,
    async (settings, retry) =>
      promoteWith(
        settings,
        loadModels(),
        await duckDbOpener(config, settings, { memoryLimit, threads }, context),
        {
          silver: true,
          gold: true,
          fullRefresh: request.fullRefresh ?? false,
          select: [],
          evenPruned: false,
          span: { since: request.since, until: request.until },
          every: 'mart',
          chunkRows: Number(settingOf('promote.chunk_rows').default),
          windowBytes: windowBytesFor(memoryLimit),
          retry,
          arguments: [],
          holder: `process ${String(process.pid)}`,
        },
        context,
      ),
    { writes: true },
  );
}

export interface ReportRequest extends CallOptions {
  /** First and last UTC day, YYYY-MM-DD; the 31 days up to the latest with sales when left out. */
  readonly since?: string;
  readonly until?: string;
  /** All of them when left out. */
  readonly sections?: readonly SectionName[];
  /** Rows of the sections that list leaders; 10 unless said otherwise. */
  readonly top?: number;
}

/**
 * Reads figures from gold, all from one snapshot. Numbers are text, so that no digit is lost.
 * @throws MedallionError usage, unreachable, model
 */
export async function report(config: Config, request: ReportRequest = {}): Promise<Report> {
  const context = contextOf(request);
  const { since, until, sections, top = 10 } = request;
  return withWarehouseOf(config, context, (settings) =>
    reportOn(settings, { since, until, sections, top }, context),
  );
}

/**
 * Runs `work` while the warehouse is up and its schema current: with what any PostgreSQL client connects with. Calls of
 * the other functions meanwhile share an embedded server.
 * @throws MedallionError unreachable, denied, config, storage
 */
export async function withWarehouse<T>(
  config: Config,
  work: (settings: ConnectionSettings) => Promise<T>,
  options: CallOptions = {},
): Promise<T> {
  return withWarehouseOf(config, contextOf(options), work);
}

function contextOf({ signal, onEvent }: CallOptions): StageContext {
  return { signal: signal ?? new AbortController().signal, emit: onEvent ?? (() => undefined) };
}
