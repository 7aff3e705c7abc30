import type { Column, Session, RowFile, SilverBatch, BatchCounts } from '../engine/engine.ts';
import type { NewMember } from '../event/new-members.ts';
import { isFact, type Model } from '../model/model.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import { sqlFile, statement } from '../sql-file.ts';
import { loadingOf, REPLACED_KEYS } from '../publish/loading.ts';
import { temporary, type Publisher } from '../postgres/publisher.ts';
import { tableOf } from '../schema/tables.ts';
import { advanceStatements } from '../postgres/watermarks.ts';
import { fillingOf, judgedStatements } from './fill.ts';
import { quarantineStatements, REJECTED } from './quarantine.ts';
import { copyStaged, writeStaged, type ModelTally } from './tally.ts';
import type { DedupCounts } from './dedup.ts';
import { addMembers } from './new-members.ts';
import { recordMappings } from './topic-sources.ts';

/** A batch whose staged rows are what is to be published. */
export interface JudgedBatch {
  readonly session: Session;
  /** The connection that publishes what the session has staged. */
  readonly publisher: Publisher;
  readonly batch: SilverBatch;
  readonly counts: BatchCounts;
  readonly dedup: DedupCounts;
  /** How silver is being filled, if it is: events that are judged later, once its keys are built. */
  readonly filling: { readonly deferred: number } | undefined;
  readonly files: BatchFiles;
}

/** How far the batch before has come; batches are committed in order. */
export interface Turn {
  /** Until it holds the locks of all tables that batches write side by side. */
  readonly begun: Promise<unknown>;
  readonly committed: Promise<unknown>;
}

/** The first batch of a run has none before it. */
export const FIRST_TURN: Turn = { begun: Promise.resolve(), committed: Promise.resolve() };

export interface Published {
  readonly written: ReadonlyMap<Model, number>;
  /** The rows that its source has added to dimensions. */
  readonly added: readonly NewMember[];
}

/**
 * Publishes a batch in one transaction: its rows, the quarantine, the stale dates, the watermarks. What only this
 * batch writes, the facts, does not wait for the batch before; whatever both may write does.
 * @param models those with a table that a promotion fills
 * @param metadata the run, and the number after those of the batch's surrogate keys
 * @param onBegun called when the next batch may begin
 */
export async function publishBatch(
  judged: JudgedBatch,
  { begun, committed }: Turn,
  models: readonly Model[],
  { runId, nextKey }: { readonly runId: bigint; readonly nextKey: bigint },
  tally: ModelTally,
  onBegun: () => void,
): Promise<Published> {
  const { publisher, batch, counts, dedup, filling, files } = judged;
  const written = new Map<Model, number>();
  let added: readonly NewMember[] = [];
  await begun;
  await publisher.transaction(async (transaction) => {
    const load = async (model: Model): Promise<void> => {
      const loading = filling === undefined ? loadingOf(model) : fillingOf(model);
      const isSkipped = isFact(model) && dedup.replaced === 0;
      await tally.time(model, async () => {
        const file = await files.of(model);
        await transaction.execute(...(isSkipped ? [] : loading.before));
        written.set(model, await copyStaged(transaction, file, model, loading));
      });
    };
    // All at once: whoever wants one of the tables for themselves waits for both batches, or both for them.
    await transaction.execute(
      BEGIN_PUBLICATION,
      `lock table ${models.filter(isFact).map(tableOf).join(', ')} in row exclusive mode`,
    );
    onBegun();
    if (files.replaced !== undefined) {
      await transaction.copyTemporary(await files.replaced, REPLACED_KEYS);
      await transaction.execute(`analyze ${temporary(REPLACED_KEYS)}`);
    }
    if (files.relinked !== undefined) {
      await transaction.copyTemporary(await files.relinked, RELINKED);
      await transaction.execute(statement('promote/relink', { run_id: String(runId) }));
    }
    for (const model of models.filter(isFact)) {
      await load(model);
    }
    // Its end may have been a failure.
    await committed;
    for (const model of models.filter((one) => !isFact(one))) {
      await load(model);
    }
    if (files.rejected !== undefined) {
      await transaction.copyTemporary(await files.rejected, REJECTED.name);
    }
    if (files.deferred !== undefined) {
      await transaction.copy(await files.deferred, DEFERRED);
    }
    if (files.skipped !== undefined) {
      await transaction.copyTemporary(await files.skipped, SKIPPED);
    }
    await transaction.execute(
      ...advanceStatements(runId, batch.ranges, nextKey),
      ...(counts.skipped > 0 ? [statement('promote/skip', { run_id: String(runId) })] : []),
      ...judgedStatements(batch),
      ...quarantineStatements(batch, runId, counts.rejected > 0),
    );
    added = await transaction.lend(async (client) => {
      await recordMappings(client, batch);
      return addMembers(client, counts.added);
    });
    await transaction.copyTemporary(await files.staleDates, STALE_DATES);
    await transaction.execute(sqlFile('promote/stale_dates'));
  });
  return { written, added };
}

const DEFERRED = 'medallion.deferred_events';
const RELINKED = 'relinked';
const SKIPPED = 'skipped';
const STALE_DATES = 'stale_dates';
const TRANSACTION_KEY: Column = { name: 'transaction_key', type: 'bigint' };
const PLACE: readonly Column[] = [
  { name: 'topic', type: 'text' },
  { name: 'partition', type: 'integer' },
  { name: 'offset', type: 'bigint' },
];
/** With the time of the log, by which prune finds it. */
const EVENT_PLACE: readonly Column[] = [...PLACE, { name: 'produced_at', type: 'timestamptz' }];
const DAY_COLUMNS: readonly Column[] = [
  { name: 'date_key', type: 'date' },
  { name: 'events', type: 'bigint' },
];

export interface BatchFiles {
  readonly replaced: Promise<RowFile> | undefined;
  readonly relinked: Promise<RowFile> | undefined;
  readonly of: (model: Model) => Promise<RowFile>;
  readonly rejected: Promise<RowFile> | undefined;
  readonly skipped: Promise<RowFile> | undefined;
  readonly deferred: Promise<RowFile> | undefined;
  readonly staleDates: Promise<RowFile>;
  /** Until all of them are written. */
  readonly written: Promise<unknown>;
}

/** Begins to write the rows of a batch, in the order in which they are wanted: each while those before it are copied. */
export function writeBatch(
  { session, counts, dedup, filling }: Omit<JudgedBatch, 'files'>,
  models: readonly Model[],
  staleByLosers: boolean,
): BatchFiles {
  let last: Promise<unknown> = Promise.resolve();
  const after = (write: () => Promise<RowFile>): Promise<RowFile> => {
    const file = last.then(write);
    // Whoever takes it hears of a failure; in the meantime it must not end the process.
    file.catch(() => undefined);
    last = file;
    return file;
  };
  const ifAny = (rows: number, sql: string, columns: readonly Column[]): BatchFiles['replaced'] =>
    rows === 0 ? undefined : after(() => session.writeRows(sql, columns));
  const replaced = ifAny(dedup.replaced, 'select transaction_key from source.replaced', [
    TRANSACTION_KEY,
  ]);
  const relinked = ifAny(
    dedup.relinked,
    'select transaction_key, topic, partition, "offset", produced_at from source.relinked',
    [TRANSACTION_KEY, ...EVENT_PLACE],
  );
  const ordered = [...models.filter(isFact), ...models.filter((model) => !isFact(model))];
  const staged = new Map(ordered.map((model) => [model, after(() => writeStaged(session, model))]));
  const rejected = ifAny(counts.rejected, 'select * from source.rejected', REJECTED.columns);
  const skipped = ifAny(counts.skipped, 'select * from source.skipped', EVENT_PLACE);
  const deferred = ifAny(
    filling?.deferred ?? 0,
    'select topic, partition, "offset" from source.deferred',
    PLACE,
  );
  return {
    replaced,
    relinked,
    deferred,
    of: (model) => staged.get(model) ?? writeStaged(session, model),
    rejected,
    skipped,
    staleDates: after(() =>
      session.writeRows(
        // A loser that changes no fact makes its day stale only where a mart by day reads losers.
        statement('source/stale_dates', { by_losers: String(staleByLosers) }),
        DAY_COLUMNS,
      ),
    ),
    written: last,
  };
}
