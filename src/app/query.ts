import type { Config } from '../config.ts';
import type { Answer } from '../engine/duckdb/archive-sql.ts';
import { landingTopic } from '../log/files/landing.ts';
import { openLogs } from '../log/open.ts';
import { loadModels } from '../model/load.ts';
import type { ConnectionSettings } from '../config/server.ts';
import type { Client } from '../postgres/client.ts';
import type { Selection } from '../postgres/quarantine.ts';
import { query, type QueryOptions, type ResultStream } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { readChecks, readFailingRows } from '../query/checks.ts';
import { exportQuarantined, type ExportResult } from '../query/quarantine/export.ts';
import { listQuarantined, summarizeQuarantine } from '../query/quarantine/chosen.ts';
import { showQuarantined } from '../query/quarantine/show.ts';
import { reconcile as reconcileWith, type ReconcileResult } from '../query/reconcile/reconcile.ts';
import { report as reportOn, type Report, type ReportQuery } from '../query/report/report.ts';
import { listRuns, showRun } from '../query/runs.ts';
import { status as statusOf, type Status } from '../query/status.ts';
import { traceEvent, traceTransaction, type Trace } from '../query/trace.ts';
import { loadSources } from '../source/read.ts';
import {
  openLines,
  readSnapshot,
  READS,
  withOpen,
  type CallOptions,
  type LineTarget,
  type OpenWarehouse,
} from './call.ts';
import { engineOptionsOf } from './promote.ts';

/** All that reads the warehouse. Each call opens it, answers, and leaves nothing open. */

async function read<Answer>(
  config: Config,
  options: CallOptions,
  work: (settings: ConnectionSettings, context: StageContext) => Promise<Answer>,
): Promise<Answer> {
  return withOpen(config, options, ({ settings, context }) => work(settings, context), READS);
}

/** A query of one snapshot as a call. */
function reading<Args extends readonly unknown[], Answer>(
  work: (client: Client, ...args: Args) => Promise<Answer>,
): (config: Config, options: CallOptions, ...args: Args) => Promise<Answer> {
  return (config, options, ...args) =>
    readSnapshot(config, options, (client) => work(client, ...args));
}

export const runs = reading(listRuns);
export const oneRun = reading(showRun);
export const checks = reading(readChecks);
export const failingRows = reading(readFailingRows);
export const quarantined = reading(listQuarantined);
export const quarantineSummary = reading(summarizeQuarantine);
export const quarantinedEvent = reading(showQuarantined);

/**
 * Writes rejected events as lines; see `exportQuarantined`.
 * @throws MedallionError storage, interrupted
 */
export async function writeQuarantined(
  config: Config,
  options: CallOptions,
  selection: Selection,
  target: LineTarget,
): Promise<ExportResult & { readonly target: string }> {
  return readSnapshot(config, options, async (client, { signal }) => {
    const writer = await openLines(target);
    try {
      const result = await exportQuarantined(client, selection, writer, signal);
      await writer.close();
      return { ...result, target: writer.description };
    } catch (error) {
      await writer.discard?.();
      throw error;
    }
  });
}

/** Where everything stands between the log and gold. */
export async function status(config: Config, options: CallOptions = {}): Promise<Status> {
  return read(config, options, (settings, context) => statusOf(settings, config, context));
}

/** Runs `work` with what looks where everything stands, as often as it likes. */
export async function watchStatus(
  config: Config,
  options: CallOptions,
  work: (look: () => Promise<Status>) => Promise<void>,
): Promise<void> {
  await read(config, options, (settings, context) =>
    work(() => statusOf(settings, config, context)),
  );
}

/** Compares what each layer holds with the layer before. @param since as PostgreSQL reads a time */
export async function reconcile(
  config: Config,
  options: CallOptions & { readonly since?: string | undefined },
): Promise<ReconcileResult> {
  return readSnapshot(config, options, (client, context) =>
    reconcileWith(client, config, options.since, context),
  );
}

/** An event by its place in the log. */
export interface TracedEvent {
  /** As bronze names it; the topic of the settings, in Kafka or the landing directory, when left out. */
  readonly topic: string | undefined;
  readonly partition: number;
  readonly offset: bigint;
}

/**
 * Follows a transaction by its id, or an event from its place in the log.
 * @throws MedallionError not_found
 */
export async function trace(
  config: Config,
  options: CallOptions,
  what: string | TracedEvent,
): Promise<Trace> {
  const models = loadModels(config.project);
  return readSnapshot(config, options, (client, context) => {
    const archive = { duckdb: config.duckdb, context };
    if (typeof what === 'string') {
      return traceTransaction(client, models, what, archive);
    }
    const topics = what.topic === undefined ? topicsOf(config, context) : [what.topic];
    const sources = loadSources(config.project);
    return traceEvent(client, models, { ...what, topics }, archive, sources);
  });
}

/** What bronze may call the topics of the configuration. */
function topicsOf(config: Config, context: StageContext): string[] {
  const named = [config.log.topic, ...(config.log.others ?? [])];
  const topics = openLogs(config, context).map(({ topic }) => topic);
  return [...new Set([...topics, ...named, ...named.map(landingTopic)])];
}

export type ReportRequest = CallOptions & ReportQuery;

/**
 * Reads figures from gold, all from one snapshot. Numbers are text, so that no digit is lost.
 * @throws MedallionError usage, unreachable, model
 */
export async function report(config: Config, request: ReportRequest = {}): Promise<Report> {
  return readSnapshot(config, request, (client) => reportOn(client, request));
}

/** Runs SQL statements, and hands over what the last one answers. */
export async function sql(
  config: Config,
  options: CallOptions & Pick<QueryOptions, 'write'>,
  source: string,
  receive: (result: ResultStream) => Promise<void>,
): Promise<void> {
  const { write } = options;
  await read(config, options, (settings, { signal }) =>
    query(settings, source, { write, signal }, receive),
  );
}

/**
 * The same in DuckDB's dialect, read-only, with the events of the archive in bronze.events.
 * @throws MedallionError input for SQL that DuckDB refuses
 */
export async function sqlWithArchive(
  config: Config,
  options: CallOptions,
  source: string,
  receive: (answer: Answer) => Promise<void>,
): Promise<void> {
  const work = async (warehouse: OpenWarehouse): Promise<void> => {
    const { queryWithArchive } = await import('../engine/duckdb/archive-sql.ts');
    const engine = await engineOptionsOf(warehouse);
    await queryWithArchive(engine, source, warehouse.context, receive);
  };
  await withOpen(config, options, work, READS);
}
