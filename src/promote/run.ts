import type { Reporting } from '../config/reporting.ts';
import type { Decoder } from '../format/decoder.ts';
import type { Models } from '../model/load.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import type { Publisher } from '../postgres/publisher.ts';
import type { Selection } from '../postgres/quarantine.ts';
import type { StageContext } from '../progress.ts';
import type { TableChange } from '../schema/table-change.ts';
import type { Sources } from '../source/mapping.ts';
import type { CheckTally } from './checks.ts';
import type { DaySpan } from './days.ts';
import type { Deltas } from './deltas.ts';
import type { ModelTally } from './tally.ts';

/** Transactions whose inputs a session holds at once. */
export const BATCH_TRANSACTIONS = 50_000;

export interface LayerOptions {
  readonly silver: boolean;
  readonly gold: boolean;
  /** Make the layers again from what lies below them. */
  readonly fullRefresh: boolean;
  /** Marts that alone are made again with a full refresh, by their ids, and with them those that read them. */
  readonly select: readonly string[];
  /** Promote these events, which silver rejected, in place of what is new in bronze. */
  readonly replay?: ReplayOptions;
  /** With `fullRefresh`: also when events of silver were pruned from bronze, and are lost by it. */
  readonly evenPruned: boolean;
  /** Days of gold to publish, changed or not; open at both ends it means all that changed. */
  readonly span: DaySpan;
  /** Of marts that say how often they are computed at most: all of them, or those that are due. */
  readonly every: 'mart' | 'due mart';
  /** Events in one batch of silver, at most. */
  readonly chunkRows: number;
  /** Bytes of their text, at most; what an engine can take depends on its memory. */
  readonly batchBytes: number;
  /** What marts are in; UTC unless given. */
  readonly reporting?: Reporting;
  /** The sources of the project; none unless given. */
  readonly sources?: Sources;
  /** Its folder. */
  readonly project?: string | undefined;
  /** Warnings of other projects that rounds before have given. */
  readonly warned?: Set<string>;
}

/** Which rejected events are judged again, and how. */
export interface ReplayOptions {
  /** Which events; of these the open ones are judged again. */
  readonly selection: Omit<Selection, 'status'>;
  /** Events that ingest found too large come into bronze when they are no larger than this. */
  readonly maxEventBytes: number;
  /** Of values that are not JSON themselves; undefined: there are none. */
  readonly decoding?: Decoding | undefined;
}

/** How values are decoded that ingest could not decode. */
export interface Decoding {
  /** Whether the values of a topic, as bronze names it, are of the declared format. */
  readonly isOf: (topic: string) => boolean;
  /** @throws MedallionError config, unreachable, denied, interrupted */
  readonly open: () => Promise<Decoder>;
}

/** A promotion at work. */
export interface Run {
  readonly runId: bigint;
  /** Runs of the same promotion that lost the warehouse, after some of the work. */
  readonly earlierRuns?: readonly bigint[];
  readonly client: Client;
  /** Opens a connection to publish by. */
  readonly openPublisher: () => Promise<Publisher>;
  readonly models: Models;
  readonly options: LayerOptions;
  readonly context: StageContext;
  readonly tally: ModelTally;
  readonly checks: CheckTally;
  /** Told when the tables are as their models say, before a row of them changes. */
  readonly onTables?: () => Promise<void>;
}

/** What a promotion has still to change about the marts that it makes again: with their rows, or not at all. */
export type SchemaChanges = ReadonlyMap<string, readonly TableChange[]>;

export interface GoldOptions {
  readonly marts: readonly Model[];
  readonly days: readonly string[];
  /** Those of them that are not known to be current without what this run adds: they are computed whole. */
  readonly stale: readonly string[];
  /** Days for which what this run has added counts for nothing: those, and stale dates that are not published now. */
  readonly left: readonly string[];
  /** Marts that are made again from nothing, by their ids. */
  readonly emptied: ReadonlySet<string>;
  /** Marts that are due without a day to publish: gold has changed under them. */
  readonly isOverdue: boolean;
  /** Marts that are not due, by their ids. */
  readonly later: ReadonlySet<string>;
  /** Whether the days are up to date afterwards, which they are where every mart is computed. */
  readonly clear: boolean;
  /** What changes about the tables of marts, with the rows of all days. */
  readonly schemaChanges: SchemaChanges;
  /** What this run has added to the marts over facts, and taken away. */
  readonly deltas: Deltas;
}

export interface GoldRun extends Omit<Run, 'options'> {
  readonly options: GoldOptions;
}
