import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import type { Publisher } from '../postgres/publisher.ts';
import type { StageContext } from '../progress.ts';
import type { CheckTally } from './checks.ts';
import type { Deltas } from './deltas.ts';
import type { SchemaChanges } from './refresh.ts';
import type { ModelTally } from './tally.ts';

/** Transactions whose inputs a session holds at once. */
export const BATCH_TRANSACTIONS = 50_000;

export interface GoldOptions {
  readonly runId: bigint;
  /** Opens a connection to publish by. */
  readonly openPublisher: () => Promise<Publisher>;
  /** The marts to compute. */
  readonly marts: readonly Model[];
  /** The days to publish. */
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

/** What gold is published with. */
export interface GoldRun {
  readonly client: Client;
  readonly models: { readonly silver: readonly Model[]; readonly gold: readonly Model[] };
  readonly options: GoldOptions;
  readonly tally: ModelTally;
  readonly checks: CheckTally;
  readonly context: StageContext;
}
