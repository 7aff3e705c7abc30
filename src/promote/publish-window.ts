import type { Lane, SilverWindow, TemporaryTable, WindowCounts } from '../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { awaitWindow, beginWindow } from '../postgres/lock.ts';
import { publicationOf, REPLACED_KEYS } from '../postgres/publish.ts';
import { advanceStatements } from '../postgres/watermarks.ts';
import { quarantineStatements, REFUSED } from './quarantine.ts';
import { copyRows, type ModelTally } from './tally.ts';
import type { VerdictCounts } from './verdicts.ts';

/** A window whose staged rows are what is to be published. */
export interface JudgedWindow {
  readonly lane: Lane;
  readonly window: SilverWindow;
  readonly counts: WindowCounts;
  readonly verdicts: VerdictCounts;
}

/** Where a window stands among those of its run, which are committed in order. */
export interface Turn {
  readonly number: number;
  /** Until the window before is committed. */
  readonly committed: Promise<unknown>;
}

/** Rows of a window's own transactions, under keys of its own; other rows are those of several windows. */
export function isFact({ load }: Model): boolean {
  return load === 'replace_transactions';
}

/**
 * Publishes a window in one transaction: its rows, the quarantine, the touched days, the watermarks. What only this
 * window writes, the facts, does not wait for the window before; whatever both may write does.
 * @param models those with a table that a promotion fills
 * @param books the run, and the number after those of the window's surrogate keys
 * @returns the rows written of each model
 */
export async function publishWindow(
  { lane, window, counts, verdicts }: JudgedWindow,
  { number, committed }: Turn,
  models: readonly Model[],
  {
    runId,
    nextKey,
    staleByLosers,
  }: { readonly runId: bigint; readonly nextKey: bigint; readonly staleByLosers: boolean },
  tally: ModelTally,
): Promise<ReadonlyMap<Model, number>> {
  const written = new Map<Model, number>();
  await lane.transaction(async (transaction) => {
    const load = async (model: Model): Promise<void> => {
      const publication = publicationOf(model);
      const isSkipped = isFact(model) && verdicts.replaced === 0;
      await tally.time(model, async () => {
        await transaction.execute(...(isSkipped ? [] : publication.before));
        written.set(model, await copyRows(transaction, model, publication));
      });
    };
    if (verdicts.replaced > 0) {
      await transaction.copyTemporary('select transaction_key from source.replaced', REPLACED);
      await transaction.execute(`analyze pg_temp.${REPLACED_KEYS}`);
    }
    if (verdicts.adopted > 0) {
      await transaction.copyTemporary(
        'select transaction_key, topic, partition, "offset", produced_at from source.adopted',
        ADOPTED,
      );
      await transaction.execute(adoptStatement(runId));
    }
    for (const model of models.filter(isFact)) {
      await load(model);
    }
    await transaction.execute(awaitWindow(number - 1));
    // Its end may have been a failure.
    await committed;
    for (const model of models.filter((one) => !isFact(one))) {
      await load(model);
    }
    if (counts.refused > 0) {
      await transaction.copyTemporary('select * from source.refused', REFUSED);
    }
    await transaction.execute(...quarantineStatements(window, runId, counts.refused > 0));
    await transaction.copyTemporary(staleDates(staleByLosers), TOUCHED);
    await transaction.execute(TOUCH_STATEMENT, ...advanceStatements(runId, window.ranges, nextKey));
  }, beginWindow(number));
  return written;
}

const COORDINATES = [
  { name: 'topic', type: 'text' },
  { name: 'partition', type: 'integer' },
  { name: 'offset', type: 'bigint' },
  { name: 'produced_at', type: 'timestamptz' },
];
const TRANSACTION_KEY = { name: 'transaction_key', type: 'bigint' };
const REPLACED: TemporaryTable = { name: REPLACED_KEYS, columns: [TRANSACTION_KEY] };
const ADOPTED: TemporaryTable = { name: 'adopted', columns: [TRANSACTION_KEY, ...COORDINATES] };
const TOUCHED: TemporaryTable = {
  name: 'touched',
  columns: [
    { name: 'date_key', type: 'date' },
    { name: 'events', type: 'bigint' },
  ],
};

/**
 * Days with a new or corrected transaction, and days that a correction took one away from, each with the events that
 * did it: a correction counts for both its days, and once where they are the same.
 * @param byLosers also the days of events that lost their transaction now, which changes no fact
 */
function staleDates(byLosers: boolean): string {
  return `
  select date_key, sum(events) as events
  from (
      select date_key, 1 as events from silver.fact_transactions
      union all
      select date_key, 1
      from source.replaced
      where (transaction_id, date_key) not in (select transaction_id, date_key from silver.fact_transactions)
      ${byLosers ? LOSERS : ''}
  )
  group by date_key`;
}

const LOSERS = `union all
      select date_key, 0
      from source.verdicts
      where outcome <> 'current' and outcome is distinct from known_outcome`;

/** While silver is made again every event comes by once more, which makes none of them late. */
const TOUCH_STATEMENT = `
  insert into medallion.touched_days as days (date_key, events)
  select date_key, case when exists (select from medallion.refreshes where layer = 'silver') then 0 else events end
  from pg_temp.touched
  on conflict (date_key) do update set events = days.events + excluded.events`;

function adoptStatement(runId: bigint): string {
  return `update silver.fact_transactions t
    set produced_at = a.produced_at, topic = a.topic, partition = a.partition, "offset" = a."offset", run_id = ${String(runId)}
    from pg_temp.adopted a
    where t.transaction_key = a.transaction_key`;
}
