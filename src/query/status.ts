import type { Config } from '../config.ts';
import type { MedallionError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { openLogs } from '../log/open.ts';
import type { Client } from '../postgres/client.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { modelFiles } from '../model/load.ts';
import { readStrayModels, type StrayModel } from '../schema/project-models.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import { withSnapshot, type ResultTable } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { lookAtLog, type RecordedPlace, type LogLag } from './lag.ts';
import { hasTables } from '../postgres/ask.ts';
import { readRows } from '../postgres/rows.ts';
import { ask, rowsOf } from './ask.ts';

/** One way of an event: how much waits there, and for how long. Undefined is not known. */
export interface Waiting {
  readonly count: number | undefined;
  /** Since when the first one waits, in seconds; 0 when none does. */
  readonly seconds: number | undefined;
}

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly logEnd: bigint | undefined;
  /** The first offset that ingest has not written; undefined before the first event. */
  readonly nextOffset: bigint | undefined;
  readonly lag: Waiting;
  readonly promotion: Waiting;
  readonly note: string | undefined;
}

/** Where everything stands between the log and gold. */
export interface Status {
  readonly log: string;
  /** The consumer group that ingest reads in; undefined where the log is no Kafka topic. */
  readonly group: string | undefined;
  readonly problem: MedallionError | undefined;
  readonly partitions: readonly PartitionStatus[];
  /** Events in the log that are not in bronze. */
  readonly lag: Waiting;
  /** Events in bronze that are not in silver. */
  readonly promotion: Waiting;
  /** Days in silver that are not in gold. */
  readonly gold: Waiting;
  readonly quarantine: ResultTable;
  readonly quarantined: number;
  /** Events that their source leaves out. */
  readonly skipped: number;
  readonly freshness: ResultTable;
  /** Events, ever, whose time in the log cannot be right: freshness does not count it. */
  readonly implausible: number;
  readonly runs: ResultTable;
  /** Models of projects that do not stand as they left them. */
  readonly strays: readonly StrayModel[];
}

/** The consumer groups of some logs; undefined where they have none. */
function groupsOf(logs: readonly Log[], warehouse: string): string | undefined {
  const groups = logs.flatMap((log) => log.group(warehouse) ?? []);
  return groups.length === 0 ? undefined : groups.join(', ');
}

/**
 * Reads the metadata and asks the log. Nothing is counted that grows with the warehouse: the cost is that of the
 * partitions, of the open quarantine's index and of a few keys.
 */
export async function status(
  settings: ConnectionSettings,
  config: Config,
  context: StageContext,
): Promise<Status> {
  const { signal } = context;
  const { metadata, strays, group } = await withSnapshot(settings, signal, async (client) => ({
    metadata: await readMetadata(client),
    strays: await readStrayModels(client, config.project, () => modelFiles(config.project)),
    group: groupsOf(openLogs(config, context), await warehouseIdentity(client)),
  }));
  const log = await lookAtLog(config, metadata.partitions, signal);
  const partitions = joinPartitions(metadata.partitions, log);
  return {
    ...metadata,
    ...{ log: log.description, group, problem: log.problem, partitions, strays },
    lag:
      log.problem === undefined
        ? together(partitions.filter(({ isOfLog }) => isOfLog).map(({ lag }) => lag))
        : UNKNOWN,
    promotion: together(partitions.map(({ promotion }) => promotion)),
    quarantined: rowsOf<'events'>(metadata.quarantine).reduce(
      (sum, { events }) => sum + Number(events),
      0,
    ),
  };
}

const UNKNOWN: Waiting = { count: undefined, seconds: undefined };
const NOTHING: Waiting = { count: 0, seconds: 0 };

type Recorded = RecordedPlace & { readonly promotion: Waiting };

async function readMetadata(client: Client) {
  const [gold = NOTHING] = await readRows<Waiting>(client, 'query/gold_waiting');
  const [counted] = await readRows<Pick<Status, 'implausible' | 'skipped'>>(
    client,
    'query/counted_events',
  );
  return {
    ...{ implausible: 0, skipped: 0, ...counted, gold },
    partitions: await readPartitions(client),
    quarantine: await ask(client, 'quarantine_open'),
    freshness: await readFreshness(client),
    runs: await ask(client, 'last_runs'),
  };
}

async function readPartitions(client: Client): Promise<Recorded[]> {
  const rows = await readRows<RecordedPlace & Waiting>(client, 'query/partitions');
  return rows.map(({ count, seconds, ...row }) => ({
    ...{ ...row, position: row.position ?? null },
    promotion: { count, seconds },
  }));
}

/** A row for each layer that has tables. */
async function readFreshness(client: Client): Promise<ResultTable> {
  const bronze = await ask(client, 'freshness_bronze');
  if (!(await hasTables(client, 'silver.fact_transactions', 'gold.sales_performance'))) {
    return bronze;
  }
  const silver = await ask(client, 'freshness_silver');
  const gold = await ask(client, 'freshness_gold');
  return { columns: bronze.columns, rows: [...bronze.rows, ...silver.rows, ...gold.rows] };
}

/** Partitions of the log, and those of other logs of which something waits. */
function joinPartitions(
  recorded: readonly Recorded[],
  log: LogLag,
): (PartitionStatus & { readonly isOfLog: boolean })[] {
  const now = Date.now();
  const isSame = (a: { topic: string; partition: number }, b: typeof a): boolean =>
    a.topic === b.topic && a.partition === b.partition;
  const ofLog = log.partitions.map((lag) => {
    const row = recorded.find((candidate) => isSame(candidate, lag));
    return {
      ...{ topic: lag.topic, partition: lag.partition, isOfLog: true, note: lag.note },
      logEnd: lag.end,
      nextOffset: row?.nextOffset,
      lag: {
        count: lag.events,
        seconds: lag.events === undefined ? undefined : secondsSince(lag.since, now),
      },
      promotion: row?.promotion ?? NOTHING,
    };
  });
  const others = recorded
    .filter((row) => row.promotion.count !== 0 && !log.partitions.some((lag) => isSame(lag, row)))
    .map(({ topic, partition, nextOffset, promotion }) => ({
      ...{ topic, partition, nextOffset, promotion, isOfLog: false, lag: UNKNOWN },
      ...{ logEnd: undefined, note: undefined },
    }));
  return [...ofLog, ...others];
}

function secondsSince(since: number | undefined, now: number): number {
  return since === undefined ? 0 : Math.max(0, now - since) / 1000;
}

/** The sum, and the longest wait; not known when a part is not. */
function together(parts: readonly Waiting[]): Waiting {
  if (parts.some(({ count }) => count === undefined)) {
    return UNKNOWN;
  }
  return {
    count: parts.reduce((sum, { count = 0 }) => sum + count, 0),
    seconds: parts.reduce((longest, { seconds = 0 }) => Math.max(longest, seconds), 0),
  };
}
