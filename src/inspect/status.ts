import type { Config } from '../config.ts';
import type { MedallionError } from '../errors.ts';
import { openLog } from '../log/open.ts';
import type { Client, ConnectionSettings } from '../postgres/client.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import { withSnapshot, type ResultTable } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { lookAtLog, type BookedPartition, type LogLag } from './lag.ts';
import { ask, askFile, rowsOf } from './sql-file.ts';

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
  /** The first offset that ingest has not landed; undefined before the first event. */
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
  readonly freshness: ResultTable;
  /** Events, ever, whose time in the log cannot be right: freshness does not count it. */
  readonly implausible: number;
  readonly runs: ResultTable;
}

/**
 * Looks at the books and at the log. Nothing is counted that grows with the warehouse: the cost is that of the
 * partitions, of the open quarantine's index and of a few keys.
 */
export async function status(
  settings: ConnectionSettings,
  config: Config,
  context: StageContext,
): Promise<Status> {
  const { signal } = context;
  const { books, group } = await withSnapshot(settings, signal, async (client) => ({
    books: await readBooks(client),
    group: openLog(config, context).group(await warehouseIdentity(client)),
  }));
  const log = await lookAtLog(config, books.partitions, signal);
  const partitions = joinPartitions(books.partitions, log);
  return {
    ...{ log: log.description, group, problem: log.problem, partitions },
    lag:
      log.problem === undefined
        ? together(partitions.filter(({ isOfLog }) => isOfLog).map(({ lag }) => lag))
        : UNKNOWN,
    promotion: together(partitions.map(({ promotion }) => promotion)),
    gold: books.gold,
    quarantine: books.quarantine,
    quarantined: rowsOf<'events'>(books.quarantine).reduce(
      (sum, { events }) => sum + Number(events),
      0,
    ),
    freshness: books.freshness,
    implausible: books.implausible,
    runs: books.runs,
  };
}

const UNKNOWN: Waiting = { count: undefined, seconds: undefined };
const NOTHING: Waiting = { count: 0, seconds: 0 };

type Booked = BookedPartition & { readonly promotion: Waiting };

interface Books {
  readonly partitions: readonly Booked[];
  readonly gold: Waiting;
  readonly quarantine: ResultTable;
  readonly freshness: ResultTable;
  readonly implausible: number;
  readonly runs: ResultTable;
}

async function readBooks(client: Client): Promise<Books> {
  const [gold] = rowsOf<'waiting_days' | 'waiting_seconds'>(await askFile(client, 'gold_waiting'));
  const quarantine = await askFile(client, 'quarantine_open');
  const [counted] = rowsOf<'events'>(
    await ask(client, 'select sum(implausible_events) as events from medallion.offsets'),
  );
  return {
    partitions: await readPartitions(client),
    gold: { count: Number(gold?.waiting_days ?? 0), seconds: Number(gold?.waiting_seconds ?? 0) },
    quarantine,
    freshness: await readFreshness(client),
    implausible: Number(counted?.events ?? 0),
    runs: await askFile(client, 'last_runs'),
  };
}

async function readPartitions(client: Client): Promise<Booked[]> {
  const rows = rowsOf<
    | 'topic'
    | 'partition'
    | 'next_offset'
    | 'waiting_events'
    | 'waiting_seconds'
    | 'source'
    | 'position'
    | 'digest'
    | 'last_produced_ms'
    | 'updated_ms'
  >(await askFile(client, 'partitions'));
  return rows.map((row) => ({
    topic: row.topic ?? '',
    partition: Number(row.partition),
    nextOffset: BigInt(row.next_offset ?? 0),
    source: row.source ?? '',
    position: row.position === null ? null : BigInt(row.position),
    digest: row.digest ?? undefined,
    readUpTo: Number(row.last_produced_ms ?? 0),
    updatedAt: Number(row.updated_ms),
    promotion: { count: Number(row.waiting_events), seconds: Number(row.waiting_seconds ?? 0) },
  }));
}

/** A row for each layer that has tables. */
async function readFreshness(client: Client): Promise<ResultTable> {
  const { rows } = await client.query<{ promoted: string }>(
    `select (to_regclass('silver.fact_transactions') is not null
             and to_regclass('gold.sales_performance') is not null)::text as promoted`,
  );
  const bronze = await askFile(client, 'freshness_bronze');
  if (rows[0]?.promoted !== 'true') {
    return bronze;
  }
  const silver = await askFile(client, 'freshness_silver');
  const gold = await askFile(client, 'freshness_gold');
  return { columns: bronze.columns, rows: [...bronze.rows, ...silver.rows, ...gold.rows] };
}

/** Partitions of the log, and those of other logs of which something waits. */
function joinPartitions(
  booked: readonly Booked[],
  log: LogLag,
): (PartitionStatus & { readonly isOfLog: boolean })[] {
  const now = Date.now();
  const isSame = (a: { topic: string; partition: number }, b: typeof a): boolean =>
    a.topic === b.topic && a.partition === b.partition;
  const ofLog = log.partitions.map((lag) => {
    const row = booked.find((candidate) => isSame(candidate, lag));
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
  const others = booked
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
