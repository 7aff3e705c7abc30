import type { Engine, Lane, SilverWindow, TemporaryTable, WindowCounts } from '../engine/engine.ts';
import { isFilled, type Model } from '../model/model.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import { publicationOf, REPLACED_KEYS } from '../postgres/publish.ts';
import { advanceStatements } from '../postgres/watermarks.ts';
import type { StageContext } from '../progress.ts';
import { runChecks, type CheckTally } from './checks.ts';
import type { KeptFacts, PublishedFacts } from './kept.ts';
import { quarantineStatements, REFUSED } from './quarantine.ts';
import type { ModelTally } from './tally.ts';
import { copyRows } from './tally.ts';

export interface SilverResult {
  events: number;
  accepted: number;
  refused: number;
  /** Transactions written: new ones and corrected ones. */
  written: number;
  duplicates: number;
  superseded: number;
}

interface Prepared {
  readonly lane: Lane;
  readonly window: SilverWindow;
  readonly counts: WindowCounts;
  /** Whether the window before may change what silver knows of its transactions. */
  readonly isShared: boolean;
}

/** A window whose staged rows are what is to be published. */
interface Judged extends Prepared {
  readonly verdicts: VerdictCounts;
}

/**
 * Promotes events of bronze, window by window, each in one transaction; they are committed in order. While the facts of
 * a window are published the next one is read and judged on the other lane, and its facts published, too.
 * @param windows what is promoted: the backlog, or events that were refused and are judged again
 * @param kept takes the facts that gold, in the same run, is to read
 */
export async function promoteSilver(
  engine: Engine,
  windows: AsyncGenerator<SilverWindow, undefined>,
  models: readonly Model[],
  runId: bigint,
  kept: KeptFacts | undefined,
  tally: ModelTally,
  checks: CheckTally,
  context: StageContext,
): Promise<SilverResult> {
  const result: SilverResult = {
    events: 0,
    accepted: 0,
    refused: 0,
    written: 0,
    duplicates: 0,
    superseded: 0,
  };
  const lanes = [await engine.openLane(), await engine.openLane()] as const;
  /** In the order in which they will be published, one on each lane. */
  const preparing: Promise<Prepared | undefined>[] = [];
  // Always cut ahead, while the lanes are at work on those before it.
  let coming = windows.next();
  const begin = (lane: Lane, free: Promise<void>): void => {
    const before = preparing.at(-1);
    const next = coming;
    coming = windows.next();
    const prepared = free.then(async () => {
      const { value: window } = await next;
      if (window === undefined || context.signal.aborted) {
        return undefined;
      }
      return prepare(lane, window, before, models, tally);
    });
    // All are awaited later; this keeps a failure in the meantime from ending the process unheard.
    next.catch(() => undefined);
    coming.catch(() => undefined);
    prepared.catch(() => undefined);
    preparing.push(prepared);
  };
  try {
    for (const lane of lanes) {
      begin(lane, Promise.resolve());
    }
    /** Until the window before is committed. */
    let committed: Promise<unknown> = Promise.resolve();
    for (;;) {
      const prepared = await preparing.shift();
      if (prepared === undefined) {
        break;
      }
      const { lane, window } = prepared;
      const judged = await judge(prepared, committed, models, tally, checks);
      const published = publish(judged, committed, models, runId, result, tally);
      committed = published;
      begin(
        lane,
        published.then(async (facts) => {
          context.emit({
            type: 'step.progress',
            step: 'silver',
            done: result.events,
            unit: 'events',
          });
          await kept?.keep(lane, window, facts);
        }),
      );
    }
  } finally {
    await Promise.allSettled(preparing);
  }
  await Promise.all(preparing);
  for (const lane of lanes) {
    await lane.close();
  }
  return result;
}

/** Rows of a window's own transactions, under keys of its own; other rows are those of several windows. */
function isFact({ load }: Model): boolean {
  return load === 'replace_transactions';
}

/** Models whose rows depend on what silver holds already are staged when the window's turn to be published comes. */
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

/** @param committed until the window before is */
async function judge(
  prepared: Prepared,
  committed: Promise<unknown>,
  models: readonly Model[],
  tally: ModelTally,
  checks: CheckTally,
): Promise<Judged> {
  const { lane, isShared } = prepared;
  if (isShared) {
    await committed;
  }
  await lane.resolve(isShared);
  const loaded = models.filter(isFilled);
  // Lines before the transactions they find their key in.
  for (const model of loaded.filter(isFact).reverse()) {
    await lane.unstage(model, 'transaction_key in (select transaction_key from source.settled)');
  }
  for (const model of loaded.filter(needsVerdicts)) {
    await tally.time(model, async () => lane.stage(model));
  }
  await runChecks(lane, loaded, checks);
  return { ...prepared, verdicts: await readVerdictCounts(lane) };
}

/**
 * @param committed until the window before is. What only this window writes, the facts, does not wait for that; whatever
 *   both may write does, so that neither waits for the other within PostgreSQL.
 */
async function publish(
  { lane, window, counts, verdicts }: Judged,
  committed: Promise<unknown>,
  models: readonly Model[],
  runId: bigint,
  result: SilverResult,
  tally: ModelTally,
): Promise<PublishedFacts> {
  const loaded = models.filter(isFilled);
  const nextKey = window.firstKey + BigInt(counts.events);
  const written = new Map<Model, number>();

  await lane.transaction(async (transaction) => {
    const load = async (model: Model): Promise<void> => {
      const publication = publicationOf(model);
      const isSkipped = isFact(model) && verdicts.replaced === 0;
      await tally.time(model, async () => {
        for (const statement of isSkipped ? [] : publication.before) {
          await transaction.execute(statement);
        }
        written.set(model, await copyRows(transaction, model, publication));
      });
    };
    await transaction.execute(BEGIN_PUBLICATION);
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
    for (const model of loaded.filter(isFact)) {
      await load(model);
    }
    await committed;
    for (const model of loaded.filter((one) => !isFact(one))) {
      await load(model);
    }
    if (counts.refused > 0) {
      await transaction.copyTemporary('select * from source.refused', REFUSED);
    }
    for (const statement of quarantineStatements(window, runId, counts.refused > 0)) {
      await transaction.execute(statement);
    }
    await transaction.copyTemporary(TOUCHED_DAYS, TOUCHED);
    await transaction.execute(TOUCH_STATEMENT);
    for (const statement of advanceStatements(runId, window.ranges, nextKey)) {
      await transaction.execute(statement);
    }
  });
  let transactions = 0;
  for (const [model, rows] of written) {
    const isTransactions = model.name === 'fact_transactions';
    const read = needsVerdicts(model) ? verdicts.contenders : counts.events;
    tally.count(model, { read, written: rows, refused: isTransactions ? counts.refused : 0 });
    transactions += isTransactions ? rows : 0;
  }
  result.written += transactions;
  result.events += counts.events;
  result.accepted += counts.accepted;
  result.refused += counts.refused;
  result.duplicates += verdicts.duplicates;
  result.superseded += verdicts.superseded;
  for (const { reason, events } of counts.refused > 0 ? await readRefusals(lane) : []) {
    tally.refuse(reason, events);
  }
  tally.published();
  return { transactions, nextKey, replaced: verdicts.replaced, adopted: verdicts.adopted };
}

/** How many events of the window were refused for each reason. */
async function readRefusals(lane: Lane): Promise<{ reason: string; events: number }[]> {
  const rows = await lane.query(
    'select reason, count(*) as events from source.refused group by reason',
  );
  return rows.map(({ reason, events }) => ({ reason: String(reason), events: Number(events) }));
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
 */
const TOUCHED_DAYS = `
  select date_key, count(*) as events
  from (
      select date_key from silver.fact_transactions
      union all
      select date_key
      from source.replaced
      where (transaction_id, date_key) not in (select transaction_id, date_key from silver.fact_transactions)
  )
  group by date_key`;

/** While silver is made again every event comes by once more, which makes none of them late. */
const TOUCH_STATEMENT = `
  insert into medallion.touched_days as days (date_key, events)
  select date_key, case when exists (select from medallion.refreshes where layer = 'silver') then 0 else events end
  from pg_temp.touched
  on conflict (date_key) do update set events = days.events + excluded.events`;

interface VerdictCounts {
  readonly contenders: number;
  readonly replaced: number;
  readonly adopted: number;
  readonly duplicates: number;
  readonly superseded: number;
}

/** What this window adds: an event known before counts only where its verdict changed. */
async function readVerdictCounts(lane: Lane): Promise<VerdictCounts> {
  const [row] = await lane.query(`
    select
        count(*) as contenders,
        (select count(*) from source.replaced) as replaced,
        (select count(*) from source.adopted) as adopted,
        count(*) filter (where outcome = 'duplicate')
        - count(*) filter (where known_outcome = 'duplicate') as duplicates,
        count(*) filter (where outcome = 'superseded')
        - count(*) filter (where known_outcome = 'superseded') as superseded
    from source.verdicts`);
  const number = (name: string): number => Number(row?.[name] ?? 0);
  return {
    contenders: number('contenders'),
    replaced: number('replaced'),
    adopted: number('adopted'),
    duplicates: number('duplicates'),
    superseded: number('superseded'),
  };
}

function adoptStatement(runId: bigint): string {
  return `update silver.fact_transactions t
    set produced_at = a.produced_at, topic = a.topic, partition = a.partition, "offset" = a."offset", run_id = ${String(runId)}
    from pg_temp.adopted a
    where t.transaction_key = a.transaction_key`;
}
