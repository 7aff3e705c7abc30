import type { Engine, Input, Lane } from '../engine/engine.ts';
import { MedallionError, throwIfInterrupted } from '../errors.ts';
import { PERIOD_COLUMN, type Load, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { publicationOf, PUBLISHED_PERIODS, restatementsOf } from '../postgres/publish.ts';
import { columnList, literal, tableOf } from '../postgres/tables.ts';
import type { StageContext } from '../progress.ts';
import { runChecks, verifyMarts, type CheckTally } from './checks.ts';
import {
  batchDays,
  daysOfMonths,
  keyCondition,
  monthOf,
  readTouchedDays,
  type DaySpan,
} from './days.ts';
import { copyRows, type ModelTally } from './tally.ts';

export interface GoldResult {
  /** UTC days that were published anew. */
  days: string[];
  restated: number;
}

/** Transactions whose inputs are held in the engine at once. */
const BATCH_TRANSACTIONS = 100_000;

/** Marts are computed by what they replace, smallest first; a mart may read those of its own scope and before. */
const SCOPES = ['replace_days', 'replace_months', 'replace_all'] as const satisfies readonly Load[];
type Scope = (typeof SCOPES)[number];

/** What one pass over some days needs: which days, and whether the inputs are worth keeping. */
interface Pass {
  readonly scope: Scope;
  readonly models: readonly Model[];
  /** Days of facts that the models read in this pass; undefined reads no facts at all. */
  readonly days: readonly string[] | undefined;
}

/**
 * Publishes the touched days: computes every mart for them whole, checks the rows, and replaces them in one
 * transaction that also clears the touched days.
 * @throws MedallionError check_failed: gold stays as it was; model: a mart that reads what is computed after it
 */
export async function promoteGold(
  engine: Engine,
  client: Client,
  models: { readonly silver: readonly Model[]; readonly gold: readonly Model[] },
  options: { readonly runId: bigint; readonly span: DaySpan },
  tally: ModelTally,
  checks: CheckTally,
  context: StageContext,
): Promise<GoldResult> {
  const days = await readTouchedDays(client, options.span);
  if (days.length === 0) {
    return { days, restated: 0 };
  }
  checkScopes(models.gold);
  const lane = await engine.openLane();
  const inputs = new GoldInputs([...models.silver, ...models.gold], days);
  for (const model of models.gold) {
    await lane.clear(model);
  }
  const byScope = (scope: Scope): Model[] => models.gold.filter(({ load }) => load === scope);

  let done = 0;
  for (const batch of await batchDays(client, days, BATCH_TRANSACTIONS)) {
    throwIfInterrupted(context.signal);
    await stagePass(
      lane,
      inputs,
      { scope: 'replace_days', models: byScope('replace_days'), days: batch.days },
      tally,
      batch.transactions,
    );
    done += batch.days.length;
    context.emit({ type: 'step.progress', step: 'gold', done, total: days.length, unit: 'days' });
  }
  throwIfInterrupted(context.signal);
  await stagePass(
    lane,
    inputs,
    { scope: 'replace_months', models: byScope('replace_months'), days: daysOfMonths(days) },
    tally,
    0,
  );
  await stagePass(
    lane,
    inputs,
    { scope: 'replace_all', models: byScope('replace_all'), days: undefined },
    tally,
    0,
  );
  await verifyMarts(lane, models.gold, days);
  await runChecks(lane, models.gold, checks);
  throwIfInterrupted(context.signal);
  await publish(lane, models.gold, days, options.runId, tally);
  await lane.close();
  return { days, restated: await countRestatements(client, options.runId) };
}

async function stagePass(
  lane: Lane,
  inputs: GoldInputs,
  pass: Pass,
  tally: ModelTally,
  read: number,
): Promise<void> {
  for (const id of inputs.of(pass.models)) {
    await lane.openInput(inputs.input(id, pass));
  }
  for (const model of pass.models) {
    await tally.time(model, async () => {
      await lane.stage(model);
    });
    tally.count(model, { read });
    // The next mart of this pass may read this one.
    if (inputs.of(pass.models).includes(model.id)) {
      await lane.openInput(inputs.input(model.id, pass));
    }
  }
}

/** Knows where the rows of each input come from, for the days of a run. */
class GoldInputs {
  readonly #models: ReadonlyMap<string, Model>;
  readonly #days: readonly string[];

  constructor(models: readonly Model[], days: readonly string[]) {
    this.#models = new Map(models.map((model) => [model.id, model]));
    this.#days = days;
  }

  /** The inputs of some models, each once. */
  of(models: readonly Model[]): string[] {
    return [...new Set(models.flatMap(({ inputs }) => inputs))];
  }

  input(id: string, pass: Pass): Input {
    const model = this.#models.get(id);
    if (model === undefined) {
      throw new MedallionError('model', `there is no model ${id}`);
    }
    const readers = pass.models.filter(({ inputs }) => inputs.includes(id));
    if (model.layer === 'gold') {
      return this.#mart(model, pass);
    }
    const columns = neededColumns(model, readers);
    const facts =
      model.window === undefined || pass.days === undefined
        ? ''
        : ` where ${keyCondition(pass.days)}`;
    return {
      id,
      sql: `select ${columns} from ${tableOf(model)}${facts}`,
      keep: readers.length > 1,
    };
  }

  /** A mart that another one reads: the rows staged now, and those that this run leaves in the warehouse. */
  #mart(model: Model, pass: Pass): Input {
    const period = PERIOD_COLUMN[model.load];
    if (pass.scope === model.load || period === undefined) {
      return { id: model.id, staged: model, keep: false };
    }
    const replaced = [
      ...new Set(model.load === 'replace_months' ? this.#days.map(monthOf) : this.#days),
    ];
    const columns = columnList(model.columns.map(({ name }) => name));
    const kept = `${period} <> all (array[${replaced.map(literal).join(', ')}]::date[])`;
    const within =
      pass.days === undefined
        ? ''
        : ` and ${period} = any (array[${pass.days.map(literal).join(', ')}]::date[])`;
    return {
      id: model.id,
      sql: `select ${columns} from ${tableOf(model)} where ${kept}${within}`,
      staged: model,
      keep: false,
    };
  }
}

/**
 * The columns of an input that the readers name anywhere in their SQL: too many now and then, never too few
 * (`select *` asks for all). A view leaves out a join whose columns nobody asks for.
 */
function neededColumns(input: Model, readers: readonly Model[]): string {
  const names = input.columns.map(({ name }) => name);
  const words = new Set(readers.flatMap(({ sql }) => sql.match(/[a-z_][a-z0-9_]*/g) ?? []));
  const needed = names.filter((name) => words.has(name));
  return columnList(needed.length === 0 ? names : needed);
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

async function publish(
  lane: Lane,
  models: readonly Model[],
  days: readonly string[],
  runId: bigint,
  tally: ModelTally,
): Promise<void> {
  const months = [...new Set(days.map(monthOf))];
  const dates = (column: string, values: readonly string[]): string =>
    `select cast(unnest([${values.map(literal).join(', ')}]) as date) as ${column}`;
  await lane.transaction(async (transaction) => {
    for (const [load, values] of [
      ['replace_days', days],
      ['replace_months', months],
    ] as const) {
      const column = PERIOD_COLUMN[load] ?? '';
      await transaction.copyTemporary(dates(column, values), {
        name: PUBLISHED_PERIODS[load],
        columns: [{ name: column, type: 'date' }],
      });
      await transaction.execute(`analyze pg_temp.${PUBLISHED_PERIODS[load]}`);
    }
    for (const model of models) {
      const publication = publicationOf(model);
      await tally.time(model, async () => {
        for (const statement of publication.before) {
          await transaction.execute(statement);
        }
        const written = await copyRows(transaction, model, publication);
        tally.count(model, { written });
        for (const statement of restatementsOf(model, runId)) {
          await transaction.execute(statement);
        }
      });
    }
    await transaction.execute(
      `delete from medallion.touched_days t using pg_temp.${PUBLISHED_PERIODS.replace_days} p where t.date_key = p.date_key`,
    );
  });
}

async function countRestatements(client: Client, runId: bigint): Promise<number> {
  const { rows } = await client.query<{ restated: string }>(
    'select count(*) as restated from gold.restatements where run_id = $1',
    [runId],
  );
  return Number(rows[0]?.restated);
}
