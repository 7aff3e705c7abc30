import type { Engine, Session, SilverBatch, BatchCounts } from '../engine/engine.ts';
import { isFact, isFilled, type Model } from '../model/model.ts';
import type { Publisher } from '../postgres/publisher.ts';
import { haveTriggers, tableOf } from '../schema/tables.ts';
import type { StageContext } from '../progress.ts';
import { CheckTally, runChecks, stagedRows } from './checks.ts';
import type { Deltas, TakenAway } from './deltas.ts';
import { lookUpIn, readReplaced } from './look-up.ts';
import { warnOfMembers } from './new-members.ts';
import {
  FIRST_TURN,
  publishBatch,
  writeBatch,
  type JudgedBatch,
  type Turn,
} from './publish-batch.ts';
import type { Run } from './run.ts';
import type { SilverResult } from './tally.ts';
import { readDedup } from './dedup.ts';
import type { BatchQueue } from './batches.ts';

/** While one batch is published the next one is prepared. */
const WORKPLACES = 2;

/** A session, and the connection that publishes what it has staged. */
interface Workplace {
  readonly session: Session;
  readonly publisher: Publisher;
}

interface Prepared extends Workplace {
  readonly batch: SilverBatch;
  readonly counts: BatchCounts;
  readonly filling: JudgedBatch['filling'];
  /** Whether the batch before may change what silver knows of its transactions. */
  readonly isShared: boolean;
}

export interface SilverRun extends Omit<Run, 'models' | 'options'> {
  readonly models: readonly Model[];
  /** Whether an event that loses its transaction makes its day stale, too. */
  readonly staleByLosers: boolean;
  /** Whether silver is filled from the beginning, without keys; see fill.ts. */
  readonly isFilling: boolean;
  /** Called after each batch that is committed. */
  readonly onCommitted: (batch: SilverBatch) => void;
}

type Publishing = Pick<SilverRun, 'runId' | 'tally' | 'checks' | 'staleByLosers'>;

interface Preparing {
  readonly prepared: Promise<Prepared | undefined>;
  /** Until the engine knows its transactions. */
  readonly seen: Promise<void>;
}

/** A batch whose staged rows are what is to be published, and what their checks counted. */
interface Judged extends JudgedBatch {
  readonly checked: CheckTally;
  readonly takenAway: TakenAway | undefined;
}

/**
 * Promotes events of bronze, batch by batch, each in one transaction; they are committed in order. While the facts of
 * a batch are published the next one is read and judged on the other session, and its facts published, too.
 * @param batches what is promoted: the backlog, or events that were rejected and are judged again
 * @param deltas takes what it adds to the marts of the same run, and what it takes away
 */
export async function promoteSilver(
  { client, openPublisher, models, context, isFilling, onCommitted, ...run }: SilverRun,
  engine: Engine,
  batches: BatchQueue,
  deltas: Deltas | undefined,
): Promise<SilverResult> {
  const { tally } = run;
  // Rows that triggers write are, for all that is known, those of several batches.
  const areApart = await haveTriggers(client, models.filter(isFact).map(tableOf));
  const places: Workplace[] = [];
  /** In the order in which they will be published, one on each session. */
  const preparing: Preparing[] = [];
  const begin = (
    place: Workplace,
    next: Promise<SilverBatch | undefined>,
    free: Promise<void> = Promise.resolve(),
  ): void => {
    const before = preparing.at(-1);
    const seen = new Signal();
    const prepared = free
      .then(async () => {
        const batch = await next;
        if (batch === undefined || context.signal.aborted) {
          return undefined;
        }
        return prepare(place, batch, before, { models, tally, isFilling }, seen.fire);
      })
      .finally(seen.fire);
    // It is awaited later; this keeps a failure in the meantime from ending the process unheard.
    prepared.catch(() => undefined);
    preparing.push({ prepared, seen: seen.fired });
  };
  /** How far the batch has come that was published last. */
  let turn: Turn = FIRST_TURN;
  try {
    while (places.length < WORKPLACES) {
      const next = batches.next();
      // Most promotions have a single batch.
      if ((await next) === undefined) {
        break;
      }
      // The session goes with its engine, the publisher would stay open if that could not be had.
      const place = { session: await engine.openSession(), publisher: await openPublisher() };
      places.push(place);
      begin(place, next);
    }
    for (;;) {
      const prepared = await preparing.shift()?.prepared;
      if (prepared === undefined) {
        break;
      }
      const { session, publisher, batch } = prepared;
      if (prepared.isShared || areApart) {
        await turn.committed;
      }
      const judged = await judge(prepared, turn, models, deltas, run);
      const nextKey = batch.firstKey + BigInt(prepared.counts.events);
      const begun = new Signal();
      const published = publish(judged, turn, models, { ...run, nextKey, context }, begun.fire);
      turn = { begun: Promise.race([begun.fired, published]), committed: published };
      // Whoever waits for it hears of a failure.
      turn.begun.catch(() => undefined);
      // While it is published: its rows do not change any more.
      const adding = judged.files.written.then(() => deltas?.add(session, judged.takenAway));
      adding.catch(() => undefined);
      begin(
        { session, publisher },
        batches.next(),
        published
          .then(() => {
            onCommitted(batch);
            context.emit({
              type: 'step.progress',
              step: 'silver',
              done: tally.silver.events,
              unit: 'events',
            });
          })
          .finally(async () => adding),
      );
    }
  } catch (error) {
    // Of two batches that fail the first one says why.
    await turn.committed;
    throw error;
  } finally {
    await Promise.allSettled(preparing.map(({ prepared }) => prepared));
    await Promise.all(places.map(({ publisher }) => publisher.close()));
  }
  await Promise.all(preparing.map(({ prepared }) => prepared));
  await Promise.all(places.map(({ session }) => session.close()));
  return tally.silver;
}

class Signal {
  fire = (): void => undefined;
  readonly fired = new Promise<void>((resolve) => {
    this.fire = resolve;
  });
}

/** Models whose rows depend on what silver holds already are staged when the batch is judged. */
function needsDedup(model: Model): boolean {
  return model.inputs.includes('source.dedup_results');
}

async function prepare(
  { session, publisher }: Workplace,
  batch: SilverBatch,
  before: Preparing | undefined,
  { models, tally, isFilling }: Pick<SilverRun, 'models' | 'tally' | 'isFilling'>,
  onSeen: () => void,
): Promise<Prepared> {
  const counts = { ...(await session.readBatch(batch)) };
  let filling: Prepared['filling'];
  if (isFilling) {
    // In the order of the batches, so that a fill always comes to the same.
    await before?.seen;
    const deferred = await session.defer();
    onSeen();
    counts.events -= deferred;
    counts.accepted -= deferred;
    filling = { deferred };
  }
  for (const model of models.filter(isFilled)) {
    await session.clear(model);
    await session.openInput({ id: model.id, staged: model, keep: false });
    if (!needsDedup(model)) {
      await tally.time(model, async () => session.stage(model));
    }
  }
  const shared = isFilling
    ? await session.lookUp(undefined, undefined)
    : await session.lookUp(lookUpIn(publisher), (await before?.prepared)?.session);
  return { session, publisher, batch, counts, filling, isShared: shared > 0 };
}

async function judge(
  prepared: Prepared,
  { committed }: Turn,
  models: readonly Model[],
  deltas: Deltas | undefined,
  { tally, checks, staleByLosers }: Publishing,
): Promise<Judged> {
  const { session, publisher, isShared } = prepared;
  await session.resolve(isShared ? lookUpIn(publisher) : undefined);
  const loaded = models.filter(isFilled);
  // Lines before the transactions they find their key in.
  for (const model of loaded.filter(isFact).reverse()) {
    await session.unstage(
      model,
      'transaction_key in (select transaction_key from source.unchanged)',
    );
  }
  for (const model of loaded.filter(needsDedup)) {
    await tally.time(model, async () => session.stage(model));
  }
  const checked = new CheckTally();
  try {
    await runChecks(stagedRows(session), loaded, checked);
  } catch (error) {
    await committed;
    checks.merge(checked);
    throw error;
  }
  const dedup = await readDedup(session);
  const takenAway =
    dedup.replaced > 0 && deltas !== undefined
      ? await readReplaced(publisher, session, deltas.facts)
      : undefined;
  const judged = { ...prepared, checked, dedup, takenAway };
  return { ...judged, files: writeBatch(judged, loaded, staleByLosers) };
}

async function publish(
  judged: Judged,
  turn: Turn,
  models: readonly Model[],
  {
    tally,
    checks,
    context,
    ...run
  }: Publishing & { readonly nextKey: bigint; readonly context: StageContext },
  onBegun: () => void,
): Promise<void> {
  const { session, counts, dedup, checked, batch } = judged;
  const loaded = models.filter(isFilled);
  const { written, added } = await publishBatch(judged, turn, loaded, run, tally, onBegun);
  // Counted once it is committed, so that what is told of a run is what it did.
  let transactions = 0;
  for (const [model, rows] of written) {
    const isTransactions = model.name === 'fact_transactions';
    const read = needsDedup(model) ? dedup.candidates : counts.events;
    tally.count(model, { read, written: rows, rejected: isTransactions ? counts.rejected : 0 });
    transactions += isTransactions ? rows : 0;
  }
  checks.merge(checked);
  warnOfMembers(added, batch.source?.file ?? '', context);
  const { duplicates, superseded } = dedup;
  tally.judged({
    events: counts.events,
    accepted: counts.accepted,
    rejected: counts.rejected,
    skipped: counts.skipped,
    written: transactions,
    duplicates,
    superseded,
  });
  for (const { reason, events } of counts.rejected > 0 ? await readRejections(session) : []) {
    tally.reject(reason, events);
  }
  tally.published();
}

async function readRejections(session: Session): Promise<{ reason: string; events: number }[]> {
  const rows = await session.query(
    'select reason, count(*) as events from source.rejected group by reason',
  );
  return rows.map(({ reason, events }) => ({ reason: String(reason), events: Number(events) }));
}
