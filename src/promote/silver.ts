import type { Engine, Lane, SilverWindow, WindowCounts } from '../engine/engine.ts';
import { isFilled, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { haveTriggers, tableOf } from '../postgres/tables.ts';
import type { StageContext } from '../progress.ts';
import { CheckTally, runChecks } from './checks.ts';
import type { KeptFacts } from './kept.ts';
import { isFact, publishWindow, type JudgedWindow, type Turn } from './publish-window.ts';
import type { ModelTally, SilverResult } from './tally.ts';
import { readVerdicts } from './verdicts.ts';
import type { WindowQueue } from './windows.ts';

interface Prepared {
  readonly lane: Lane;
  readonly window: SilverWindow;
  readonly counts: WindowCounts;
  /** Whether the window before may change what silver knows of its transactions. */
  readonly isShared: boolean;
}

/** What silver is promoted with. */
export interface SilverRun {
  readonly runId: bigint;
  readonly client: Client;
  readonly models: readonly Model[];
  readonly context: StageContext;
  readonly tally: ModelTally;
  readonly checks: CheckTally;
  /** Whether an event that loses its transaction makes its day stale, too. */
  readonly staleByLosers: boolean;
}

type Tallies = Pick<SilverRun, 'tally' | 'checks'>;
type Publishing = Pick<SilverRun, 'runId' | 'tally' | 'checks' | 'staleByLosers'>;

/** A window whose staged rows are what is to be published, and what their checks counted. */
interface Judged extends JudgedWindow {
  readonly checked: CheckTally;
}

/**
 * Promotes events of bronze, window by window, each in one transaction; they are committed in order. While the facts of
 * a window are published the next one is read and judged on the other lane, and its facts published, too.
 * @param windows what is promoted: the backlog, or events that were refused and are judged again
 * @param kept takes the facts that gold, in the same run, is to read
 */
export async function promoteSilver(
  { client, models, context, ...run }: SilverRun,
  engine: Engine,
  windows: WindowQueue,
  kept: KeptFacts | undefined,
): Promise<SilverResult> {
  const { tally } = run;
  // Rows that triggers write are, for all that is known, those of several windows.
  const [areApart, ...lanes] = await Promise.all([
    haveTriggers(client, models.filter(isFact).map(tableOf)),
    engine.openLane(),
    engine.openLane(),
  ]);
  /** In the order in which they will be published, one on each lane. */
  const preparing: Promise<Prepared | undefined>[] = [];
  const begin = (lane: Lane, free: Promise<void>): void => {
    const before = preparing.at(-1);
    const next = windows.next();
    const prepared = free.then(async () => {
      const window = await next;
      if (window === undefined || context.signal.aborted) {
        return undefined;
      }
      return prepare(lane, window, before, models, tally);
    });
    // It is awaited later; this keeps a failure in the meantime from ending the process unheard.
    prepared.catch(() => undefined);
    preparing.push(prepared);
  };
  /** Until the window that was published last is committed. */
  let committed: Promise<unknown> = Promise.resolve();
  try {
    for (const lane of lanes) {
      begin(lane, Promise.resolve());
    }
    for (let number = 1; ; number += 1) {
      const prepared = await preparing.shift();
      if (prepared === undefined) {
        break;
      }
      const { lane, window } = prepared;
      if (prepared.isShared || areApart) {
        await committed;
      }
      const turn = { number, committed };
      const judged = await judge(prepared, turn, models, run);
      const nextKey = window.firstKey + BigInt(prepared.counts.events);
      const published = publish(judged, turn, models, { ...run, nextKey });
      committed = published;
      // While it is published, too: its rows do not change any more.
      const keeping = kept?.keep(lane, window, {
        transactions: prepared.counts.accepted,
        nextKey,
        ...judged.verdicts,
      });
      keeping?.catch(() => undefined);
      begin(
        lane,
        published
          .then(() => {
            context.emit({
              type: 'step.progress',
              step: 'silver',
              done: tally.silver.events,
              unit: 'events',
            });
          })
          .finally(async () => keeping),
      );
    }
  } catch (error) {
    // Of two windows that fail the first one says why.
    await committed;
    throw error;
  } finally {
    await Promise.allSettled(preparing);
  }
  await Promise.all(preparing);
  await Promise.all(lanes.map((lane) => lane.close()));
  return tally.silver;
}

/** Models whose rows depend on what silver holds already are staged when the window is judged. */
function needsVerdicts(model: Model): boolean {
  return model.inputs.includes('source.verdicts');
}

async function prepare(
  lane: Lane,
  window: SilverWindow,
  before: Promise<Prepared | undefined> | undefined,
  models: readonly Model[],
  tally: ModelTally,
): Promise<Prepared> {
  const counts = await lane.readWindow(window);
  for (const model of models.filter(isFilled)) {
    await lane.clear(model);
    await lane.openInput({ id: model.id, staged: model, keep: false });
    if (!needsVerdicts(model)) {
      await tally.time(model, async () => lane.stage(model));
    }
  }
  const shared = await lane.lookUp((await before)?.lane);
  return { lane, window, counts, isShared: shared > 0 };
}

async function judge(
  prepared: Prepared,
  { committed }: Turn,
  models: readonly Model[],
  { tally, checks }: Tallies,
): Promise<Judged> {
  const { lane, isShared } = prepared;
  await lane.resolve(isShared);
  const loaded = models.filter(isFilled);
  // Lines before the transactions they find their key in.
  for (const model of loaded.filter(isFact).reverse()) {
    await lane.unstage(model, 'transaction_key in (select transaction_key from source.settled)');
  }
  for (const model of loaded.filter(needsVerdicts)) {
    await tally.time(model, async () => lane.stage(model));
  }
  const checked = new CheckTally();
  try {
    await runChecks(lane, loaded, checked);
  } catch (error) {
    await committed;
    checks.merge(checked);
    throw error;
  }
  return { ...prepared, checked, verdicts: await readVerdicts(lane) };
}

async function publish(
  judged: Judged,
  turn: Turn,
  models: readonly Model[],
  { tally, checks, ...run }: Publishing & { readonly nextKey: bigint },
): Promise<void> {
  const { lane, counts, verdicts, checked } = judged;
  const loaded = models.filter(isFilled);
  const written = await publishWindow(judged, turn, loaded, run, tally);
  // Counted once it is committed, so that what is told of a run is what it did.
  let transactions = 0;
  for (const [model, rows] of written) {
    const isTransactions = model.name === 'fact_transactions';
    const read = needsVerdicts(model) ? verdicts.contenders : counts.events;
    tally.count(model, { read, written: rows, refused: isTransactions ? counts.refused : 0 });
    transactions += isTransactions ? rows : 0;
  }
  checks.merge(checked);
  const { duplicates, superseded } = verdicts;
  tally.judged({ ...counts, written: transactions, duplicates, superseded });
  for (const { reason, events } of counts.refused > 0 ? await readRefusals(lane) : []) {
    tally.refuse(reason, events);
  }
  tally.published();
}

/** How many events of the window were refused for each reason. */
async function readRefusals(lane: Lane): Promise<{ reason: string; events: number }[]> {
  const rows = await lane.query(
    'select reason, count(*) as events from source.refused group by reason',
  );
  return rows.map(({ reason, events }) => ({ reason: String(reason), events: Number(events) }));
}
