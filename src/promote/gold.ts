import { runAll } from '../postgres/ask.ts';
import type { Engine, RowFile, Session } from '../engine/engine.ts';
import { MedallionError, throwIfInterrupted } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import type { Publication } from '../postgres/publisher.ts';
import { withTransaction } from '../postgres/transaction.ts';
import { changedRows, isOverFacts, STALE_DAYS } from '../publish/additive.ts';
import { dates, PUBLISHED_PERIODS, publishedPeriods } from '../publish/loading.ts';
import { PUBLISHED_BEFORE, publishedBefore, restatementsOf } from '../publish/restatements.ts';
import { buildKeys, schemaChangeStatements } from '../schema/changes.ts';
import { dropKeys } from '../schema/keys.ts';
import { conflictError } from '../schema/objects.ts';
import type { TableChange } from '../schema/table-change.ts';
import { tableOf } from '../schema/tables.ts';
import { CheckTally, runChecks } from './checks.ts';
import { batchFacts, monthOf } from './days.ts';
import { followMart } from './follow.ts';
import { BATCH_TRANSACTIONS, type GoldOptions, type GoldRun, type SchemaChanges } from './run.ts';
import { checkScopes, SCOPES } from './inputs.ts';
import { recordRefreshes } from './refreshes.ts';
import { ModelTally } from './tally.ts';
import { loadStaged, sideBySide, stageAll } from './whole-marts.ts';

export interface GoldResult {
  days: string[];
  restated: number;
}

/**
 * Publishes some days, in one transaction that also clears the stale dates. Additive marts are brought on by their
 * deltas; the others are computed whole for these days, checked, and replaced.
 * @throws MedallionError check_failed: gold stays as it was; model: a mart that reads what is computed after it
 */
export async function promoteGold(engine: Engine, run: GoldRun): Promise<GoldResult> {
  const { client, models, options, tally, context } = run;
  const { marts } = options;
  const days = [...options.days];
  if (days.length === 0 && !options.isOverdue) {
    await changeEmptyTables(client, marts, options.schemaChanges);
    return { days, restated: 0 };
  }
  checkScopes(models.gold);
  const sessions = [await engine.openSession(), await engine.openSession()] as const;
  const additive = marts.filter(({ load }) => load === 'additive');
  tally.list([
    ...additive,
    ...SCOPES.flatMap((scope) => marts.filter(({ load }) => load === scope)),
  ]);
  await addStale(sessions, run);
  throwIfInterrupted(context.signal);
  // Counted apart until it is committed, so that what is reported of a run is what it did.
  const counted = { tally: new ModelTally(), checks: new CheckTally() };
  const publisher = await run.openPublisher();
  try {
    await publisher.transaction((transaction) =>
      publish(transaction, sessions, { ...run, ...counted }),
    );
  } catch (error) {
    if (error instanceof MedallionError && error.code === 'check_failed') {
      run.checks.merge(counted.checks);
    }
    throw conflictError(error);
  } finally {
    await publisher.close();
  }
  run.checks.merge(counted.checks);
  tally.add(counted.tally);
  for (const day of days) {
    tally.days.add(day);
  }
  tally.published();
  for (const session of sessions) {
    await session.close();
  }
  return { days, restated: await countRestatements(client, [run.runId]) };
}

async function addStale(
  sessions: readonly Session[],
  { client, options, context }: GoldRun,
): Promise<void> {
  const { stale, marts, deltas } = options;
  deltas.beginWhole();
  if (stale.length === 0 || !marts.some(isOverFacts)) {
    return;
  }
  const batches = await batchFacts(client, stale, BATCH_TRANSACTIONS);
  let done = 0;
  await sideBySide(sessions, batches, async (session, { condition, days }) => {
    throwIfInterrupted(context.signal);
    await deltas.addWhole(session, condition);
    done += days;
    const progress = { step: 'gold', done, total: stale.length, unit: 'days' } as const;
    context.emit({ type: 'step.progress', ...progress });
  });
}

async function publish(
  transaction: Publication,
  sessions: readonly [Session, Session],
  run: GoldRun,
): Promise<void> {
  const { runId, models, options, tally, checks, context } = run;
  const { marts, days, stale, schemaChanges, emptied, later, clear } = options;
  await transaction.execute(BEGIN_PUBLICATION);
  const periods = { replace_days: days, replace_months: [...new Set(days.map(monthOf))] };
  for (const load of ['replace_days', 'replace_months'] as const) {
    await transaction.keepTemporary(PUBLISHED_PERIODS[load], publishedPeriods(load, periods[load]));
  }
  await transaction.keepTemporary(STALE_DAYS, `select ${dates(stale)} as date_key`);
  // The expressions of derived columns name functions of the tool's own.
  await transaction.execute('set local search_path = medallion, pg_catalog');
  const restating = marts.filter((model) => restates(model, schemaChanges.get(model.id)));
  for (const model of restating) {
    await transaction.keepTemporary(PUBLISHED_BEFORE, publishedBefore(model) ?? '');
  }
  for (const model of marts.filter(({ id, load }) => emptied.has(id) && load === 'additive')) {
    await transaction.execute(
      `delete from ${tableOf(model)}`,
      ...schemaChangeStatements(schemaChanges.get(model.id) ?? []),
    );
  }
  // Nobody misses the keys of an empty table, and they are built sooner than kept.
  const filled = await emptyOf(
    transaction,
    marts.filter(({ id }) => emptied.has(id) && !schemaChanges.has(id)),
  );
  await transaction.lend((client) => dropKeys(client, filled));
  const additive = marts.filter(({ load }) => load === 'additive');
  const cells = writeCells(sessions[0], additive.filter(isOverFacts), options);
  try {
    for (const model of additive) {
      await followMart(transaction, model, cells.get(model), models.gold, options, tally);
    }
  } finally {
    await Promise.allSettled(cells.values());
  }
  await runChecks(
    {
      query: (sql) => transaction.query(sql),
      tableOf: (model) => (emptied.has(model.id) ? tableOf(model) : changedRows(model)),
    },
    additive,
    checks,
  );
  const others = marts.filter(({ load }) => load !== 'additive');
  if (others.length > 0) {
    await stageAll(transaction, sessions, others, run);
    throwIfInterrupted(context.signal);
    for (const model of others) {
      await loadStaged(transaction, sessions[0], model, run);
    }
  }
  await transaction.lend((client) => buildKeys(client, filled));
  await recordRefreshes(transaction, marts, later);
  await transaction.query('delete from medallion.unfilled_marts where model = any ($1)', [
    marts.map(({ id }) => id),
  ]);
  for (const model of restating) {
    await transaction.execute(...restatementsOf(model, runId));
  }
  if (clear) {
    await transaction.execute(
      `delete from medallion.stale_dates t using pg_temp.${PUBLISHED_PERIODS.replace_days} p where t.date_key = p.date_key`,
    );
  }
}

async function emptyOf(transaction: Publication, marts: readonly Model[]): Promise<Model[]> {
  const empty: Model[] = [];
  for (const mart of marts) {
    const rows = await transaction.query(`select from ${tableOf(mart)} limit 1`);
    if (rows.length === 0) {
      empty.push(mart);
    }
  }
  return empty;
}

/** Begins to write what is summed for each mart, one after the other: each while the one before is published. */
function writeCells(
  session: Session,
  marts: readonly Model[],
  { deltas, left, emptied }: GoldOptions,
): ReadonlyMap<Model, Promise<RowFile>> {
  const cells = new Map<Model, Promise<RowFile>>();
  let last: Promise<unknown> = Promise.resolve();
  for (const mart of marts) {
    const isWhole = emptied.has(mart.id);
    const file = last.then(() => deltas.write(session, mart, left, { isWhole }));
    // Whoever takes it hears of a failure; in the meantime it must not end the process.
    file.catch(() => undefined);
    cells.set(mart, file);
    last = file;
  }
  return cells;
}

/** Without a day there are no rows either: whatever a table still holds was published of days that are gone. */
async function changeEmptyTables(
  client: Client,
  models: readonly Model[],
  schemaChanges: SchemaChanges,
): Promise<void> {
  await withTransaction(client, async () => {
    for (const model of models.filter(({ id }) => schemaChanges.has(id))) {
      await client.query(`delete from ${tableOf(model)}`);
      await runAll(client, schemaChangeStatements(schemaChanges.get(model.id) ?? []));
    }
  }).catch((error: unknown) => {
    throw conflictError(error);
  });
}

/** The figures before can be read where their columns were there. */
function restates({ restatements }: Model, schemaChange: readonly TableChange[] = []): boolean {
  const lost = schemaChange
    .filter(({ kind }) => kind === 'new column')
    .map(({ detail }) => detail.split(' ')[0]);
  return (
    restatements !== undefined &&
    !Object.values(restatements).some((column) => lost.includes(column))
  );
}

export async function countRestatements(
  client: Client,
  runIds: readonly bigint[],
): Promise<number> {
  const { rows } = await client.query<{ restated: string }>(
    'select count(*) as restated from gold.restatements where run_id = any ($1::bigint[])',
    [runIds],
  );
  return Number(rows[0]?.restated);
}
