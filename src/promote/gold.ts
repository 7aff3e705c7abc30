import type { Engine, Lane } from '../engine/engine.ts';
import { MedallionError, throwIfInterrupted } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { withTransaction, type Client } from '../postgres/client.ts';
import { reshapeStatements, type TableChange } from '../postgres/changes.ts';
import { BEGIN_PUBLICATION } from '../postgres/lock.ts';
import {
  publicationOf,
  PUBLISHED_PERIODS,
  publishedPeriods,
  restatementOf,
  restatementsOf,
} from '../postgres/publish.ts';
import { conflictError } from '../postgres/objects.ts';
import { tableOf } from '../postgres/tables.ts';
import type { StageContext } from '../progress.ts';
import { CheckTally, runChecks, verifyMarts } from './checks.ts';
import { batchDays, daysOfMonths, monthOf } from './days.ts';
import type { Reshapes } from './refresh.ts';
import type { KeptFacts } from './kept.ts';
import { GoldInputs, SCOPES, type Pass, type Scope } from './inputs.ts';
import { copyRows, type ModelTally } from './tally.ts';

export interface GoldResult {
  /** UTC days that were published anew. */
  days: string[];
  restated: number;
}

/** Transactions whose inputs a lane holds at once. */
const BATCH_TRANSACTIONS = 50_000;

export interface GoldOptions {
  readonly runId: bigint;
  /** The marts to compute. */
  readonly marts: readonly Model[];
  /** The days to publish. */
  readonly days: readonly string[];
  /** Whether the days are up to date afterwards, which they are where every mart is computed. */
  readonly clear: boolean;
  /** What changes about the tables of marts, with the rows of all days. */
  readonly reshapes: Reshapes;
  /** Facts of this run that need not be read back. */
  readonly kept: KeptFacts | undefined;
}

/**
 * Publishes some days: computes the marts for them whole, checks the rows, and replaces them in one transaction that
 * also clears the touched days.
 * @throws MedallionError check_failed: gold stays as it was; model: a mart that reads what is computed after it
 */
export async function promoteGold(
  engine: Engine,
  client: Client,
  models: { readonly silver: readonly Model[]; readonly gold: readonly Model[] },
  options: GoldOptions,
  tally: ModelTally,
  checks: CheckTally,
  context: StageContext,
): Promise<GoldResult> {
  const { marts } = options;
  const days = [...options.days];
  if (days.length === 0) {
    await reshapeEmpty(client, marts, options.reshapes);
    return { days, restated: 0 };
  }
  checkScopes(models.gold);
  const months = daysOfMonths(days);
  await options.kept?.settle(client, [...new Set([...days, ...months])]);
  const inputs = new GoldInputs(
    [...models.silver, ...models.gold],
    days,
    new Set(marts.map(({ id }) => id)),
    new Set(options.reshapes.keys()),
    options.kept,
  );
  const byScope = (scope: Scope): Model[] => marts.filter(({ load }) => load === scope);
  const counting = batchDays(client, days, BATCH_TRANSACTIONS);
  // Awaited below; this keeps a failure in the meantime from ending the process unheard.
  counting.catch(() => undefined);
  const lanes = await Promise.all([engine.openLane(), engine.openLane()]);
  const [lane, second] = lanes;
  for (const model of marts) {
    await lane.clear(model);
    await second.clear(model);
  }
  const [byDay, byMonth, byAll] = SCOPES.map(byScope) as [Model[], Model[], Model[]];
  tally.list([...byDay, ...byMonth, ...byAll]);
  const batches = await counting;
  const daily = batches.map((batch): Work => ({ scope: 'replace_days', models: byDay, ...batch }));
  const monthly: Work = { scope: 'replace_months', models: byMonth, days: months, transactions: 0 };
  const isBuiltOnDays = byDay.some(({ id }) => inputs.of(byMonth).includes(id));
  for (const works of isBuiltOnDays ? [daily, [monthly]] : [[monthly, ...daily]]) {
    await stageSideBySide(lanes, inputs, works, tally, context);
    for (const model of new Set(works.flatMap((work) => work.models))) {
      await lane.gather(model, second);
    }
  }
  await second.close();
  throwIfInterrupted(context.signal);
  const all: Work = { scope: 'replace_all', models: byAll, days: undefined, transactions: 0 };
  await stagePass(lane, inputs, all, tally);
  await verifyMarts(lane, marts, days);
  const checked = new CheckTally();
  await runChecks(lane, marts, checked).catch((error: unknown) => {
    checks.merge(checked);
    throw error;
  });
  throwIfInterrupted(context.signal);
  const written = await publish(lane, options, tally);
  // Counted once it is committed, so that what is reported of a run is what it did.
  checks.merge(checked);
  for (const [model, rows] of written) {
    tally.count(model, { written: rows });
  }
  for (const day of days) {
    tally.days.add(day);
  }
  tally.published();
  await lane.close();
  return { days, restated: await countRestatements(client, [options.runId]) };
}

/** A pass, and how many transactions it reads of its days, where they are counted. */
interface Work extends Pass {
  readonly transactions: number;
}

/** Stages what does not need each other: each lane takes what comes next when it is free. */
async function stageSideBySide(
  lanes: readonly Lane[],
  inputs: GoldInputs,
  works: readonly Work[],
  tally: ModelTally,
  context: StageContext,
): Promise<void> {
  const daysOf = ({ scope, days = [] }: Work): number =>
    scope === 'replace_days' ? days.length : 0;
  const total = works.reduce((sum, work) => sum + daysOf(work), 0);
  const waiting = works.filter(({ models }) => models.length > 0);
  let done = 0;
  const stageWaiting = async (lane: Lane): Promise<void> => {
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) {
      throwIfInterrupted(context.signal);
      await stagePass(lane, inputs, work, tally);
      if (daysOf(work) > 0) {
        done += daysOf(work);
        context.emit({ type: 'step.progress', step: 'gold', done, total, unit: 'days' });
      }
    }
  };
  // All have come to rest before an error goes on: the engine is closed then.
  const outcomes = await Promise.allSettled(lanes.map(stageWaiting));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    throw failure.reason;
  }
}

async function stagePass(
  lane: Lane,
  inputs: GoldInputs,
  pass: Work,
  tally: ModelTally,
): Promise<void> {
  for (const id of inputs.of(pass.models)) {
    await lane.openInput(inputs.input(id, pass));
  }
  for (const model of pass.models) {
    await tally.time(model, async () => {
      await lane.stage(model);
    });
    tally.count(model, { read: pass.transactions });
    // The next mart of this pass may read this one.
    if (inputs.of(pass.models).includes(model.id)) {
      await lane.openInput(inputs.input(model.id, pass));
    }
  }
}

function checkScopes(models: readonly Model[]): void {
  const rank = (model: Model): number => SCOPES.findIndex((scope) => scope === model.load);
  for (const model of models) {
    if (rank(model) < 0) {
      throw new MedallionError(
        'model',
        `${model.file}: a mart is loaded by ${SCOPES.join(', ')}, not ${model.load}`,
      );
    }
    for (const input of models.filter(({ id }) => model.inputs.includes(id))) {
      if (rank(input) > rank(model)) {
        throw new MedallionError(
          'model',
          `${model.file}: loaded by ${model.load} it cannot read ${input.id}, which is loaded by ${input.load}`,
        );
      }
    }
  }
}

/** Without a day there are no rows either: whatever a table still holds was published of days that are gone. */
async function reshapeEmpty(
  client: Client,
  models: readonly Model[],
  reshapes: Reshapes,
): Promise<void> {
  await withTransaction(client, async () => {
    for (const model of models.filter(({ id }) => reshapes.has(id))) {
      await client.query(`delete from ${tableOf(model)}`);
      for (const statement of reshapeStatements(reshapes.get(model.id) ?? [])) {
        await client.query(statement);
      }
    }
  }).catch((error: unknown) => {
    throw conflictError(error);
  });
}

/** @returns the rows written of each mart */
async function publish(
  lane: Lane,
  { marts, days, runId, reshapes, clear }: GoldOptions,
  tally: ModelTally,
): Promise<ReadonlyMap<Model, number>> {
  const written = new Map<Model, number>();
  const opening = [
    BEGIN_PUBLICATION,
    ...publishedPeriods('replace_days', days),
    ...publishedPeriods('replace_months', [...new Set(days.map(monthOf))]),
  ];
  await lane
    .transaction(async (transaction) => {
      for (const model of marts) {
        const reshape = reshapes.get(model.id);
        const publication = publicationOf(
          model,
          reshape === undefined ? undefined : reshapeStatements(reshape),
        );
        const restates = reshape === undefined || keepsRestatements(model, reshape);
        await tally.time(model, async () => {
          await transaction.execute(
            ...(restates ? restatementOf(model) : []),
            ...publication.before,
          );
          written.set(model, await copyRows(transaction, model, publication));
          await transaction.execute(...(restates ? restatementsOf(model, runId) : []));
        });
      }
      if (clear) {
        await transaction.execute(
          `delete from medallion.touched_days t using pg_temp.${PUBLISHED_PERIODS.replace_days} p where t.date_key = p.date_key`,
        );
      }
    }, opening)
    .catch((error: unknown) => {
      throw conflictError(error);
    });
  return written;
}

/** The figures before can be read where their columns were there. */
function keepsRestatements({ restatements }: Model, reshape: readonly TableChange[]): boolean {
  const lost = reshape
    .filter(({ kind }) => kind === 'new column')
    .map(({ detail }) => detail.split(' ')[0]);
  return !Object.values(restatements ?? {}).some((column) => lost.includes(column));
}

/** How many published figures these runs have changed. */
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
