import type { Session } from '../engine/engine.ts';
import { throwIfInterrupted } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { Publication } from '../postgres/publisher.ts';
import { loadingOf, makingAgain } from '../publish/loading.ts';
import { schemaChangeStatements } from '../schema/changes.ts';
import { runChecks, stagedRows, verifyMarts } from './checks.ts';
import { batchDays, daysOfMonths } from './days.ts';
import { BATCH_TRANSACTIONS, type GoldRun } from './run.ts';
import { inputFor, inputsOf, type InputRun, SCOPES, type Pass, type Scope } from './inputs.ts';
import { copyStaged, writeStaged, type ModelTally } from './tally.ts';

/** Computes the marts that are not additive, for the days whole; the rows of other marts are those of the transaction. */
export async function stageAll(
  transaction: Publication,
  sessions: readonly [Session, Session],
  marts: readonly Model[],
  { client, models, options, tally, checks, context }: GoldRun,
): Promise<void> {
  const { days, schemaChanges } = options;
  const [session, second] = sessions;
  const inputs: InputRun = {
    models: new Map([...models.silver, ...models.gold].map((model) => [model.id, model])),
    days,
    staged: new Set(marts.map(({ id }) => id)),
    remade: schemaChanges,
  };
  for (const model of marts) {
    await session.clear(model);
    await second.clear(model);
  }
  const byScope = (scope: Scope): Model[] => marts.filter(({ load }) => load === scope);
  const [byDay, byMonth, byAll] = SCOPES.map(byScope) as [Model[], Model[], Model[]];
  const months = daysOfMonths(days);
  const batches = byDay.length === 0 ? [] : await batchDays(client, days, BATCH_TRANSACTIONS);
  const daily = batches.map((batch): Work => ({ scope: 'replace_days', models: byDay, ...batch }));
  const monthly: Work = { scope: 'replace_months', models: byMonth, days: months, transactions: 0 };
  const isBuiltOnDays = byDay.some(({ id }) => inputsOf(byMonth).includes(id));
  const stage = (on: Session, work: Work): Promise<void> => {
    throwIfInterrupted(context.signal);
    return stagePass(on, inputs, work, transaction, tally);
  };
  for (const works of isBuiltOnDays ? [daily, [monthly]] : [[monthly, ...daily]]) {
    await sideBySide(
      sessions,
      works.filter((work) => work.models.length > 0),
      stage,
    );
    for (const model of new Set(works.flatMap((work) => work.models))) {
      await session.gather(model, second);
    }
  }
  await stage(session, { scope: 'replace_all', models: byAll, days: undefined, transactions: 0 });
  await verifyMarts(session, marts, days);
  await runChecks(stagedRows(session), marts, checks);
}

/** Puts the staged rows of a mart in place of those that it has. */
export async function loadStaged(
  transaction: Publication,
  session: Session,
  model: Model,
  { options: { schemaChanges, emptied }, tally }: GoldRun,
): Promise<void> {
  const schemaChange = schemaChanges.get(model.id);
  const loading =
    schemaChange !== undefined || emptied.has(model.id)
      ? makingAgain(model, schemaChangeStatements(schemaChange ?? []))
      : loadingOf(model);
  await tally.time(model, async () => {
    const file = await writeStaged(session, model);
    await transaction.execute(...loading.before);
    tally.count(model, { written: await copyStaged(transaction, file, model, loading) });
  });
}

/** A pass, and how many transactions it reads of its days, where they are counted. */
interface Work extends Pass {
  readonly transactions: number;
}

async function stagePass(
  session: Session,
  inputs: InputRun,
  pass: Work,
  transaction: Publication,
  tally: ModelTally,
): Promise<void> {
  const open = async (id: string): Promise<void> => {
    const { sql, ...input } = inputFor(id, pass, inputs);
    await session.openInput(
      sql === undefined || !id.startsWith('gold.')
        ? { ...input, ...(sql === undefined ? {} : { sql }) }
        : { ...input, file: await transaction.read(sql, session.nextFile('csv')) },
    );
  };
  for (const id of inputsOf(pass.models)) {
    await open(id);
  }
  for (const model of pass.models) {
    await tally.time(model, async () => {
      await session.stage(model);
    });
    tally.count(model, { read: pass.transactions });
    // The next mart of this pass may read this one.
    if (inputsOf(pass.models).includes(model.id)) {
      await open(model.id);
    }
  }
}

/** Each session takes what comes next when it is free. All have come to rest before an error goes on. */
export async function sideBySide<T>(
  sessions: readonly Session[],
  works: readonly T[],
  work: (session: Session, one: T) => Promise<void>,
): Promise<void> {
  const waiting = [...works];
  const outcomes = await Promise.allSettled(
    sessions.map(async (session) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await work(session, next);
      }
    }),
  );
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    throw failure.reason;
  }
}
