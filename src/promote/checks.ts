import { stagedTable, type EngineRow, type Session } from '../engine/engine.ts';
import { MedallionError, messageOf } from '../errors.ts';
import { outcomeOf, type CheckOutcome } from '../model/limit.ts';
import { PERIOD_COLUMN, type Model, type ModelCheck } from '../model/model.ts';
import { grouped } from '../number.ts';
import type { Client } from '../postgres/client.ts';
import { monthOf } from './days.ts';
import { sqlFile } from '../sql-file.ts';

export interface CheckResult {
  readonly model: string;
  readonly name: string;
  readonly severity: 'warn' | 'error';
  readonly warnAbove: string | undefined;
  readonly errorAbove: string | undefined;
  checked: number;
  failing: number;
  /** By the limits; the worst of the batches. */
  outcome: CheckOutcome;
  /** The first of the failing rows. */
  readonly rows: EngineRow[];
}

/** Failing rows that are kept of each check and run: enough to see what is wrong. */
const SAMPLE_ROWS = 20;
/** Runs whose failing rows are kept of each check; with --watch there is a run every few seconds. */
const SAMPLED_RUNS = 20;

const WORST: readonly CheckOutcome[] = ['pass', 'warn', 'error'];

export class CheckTally {
  readonly #results = new Map<string, CheckResult>();

  get results(): CheckResult[] {
    return [...this.#results.values()];
  }

  /** Takes up what was counted apart. */
  merge(other: CheckTally): void {
    for (const result of other.results) {
      this.#take({ ...result, rows: [...result.rows] });
    }
  }

  /** Adds the numbers of what is published together. */
  add(model: Model, check: ModelCheck, checked: number, failing: number): CheckResult {
    return this.#take({
      ...{ model: model.id, name: check.name, severity: check.severity },
      warnAbove: check.warn_above,
      errorAbove: check.severity === 'error' ? (check.error_above ?? '0') : undefined,
      ...{ checked, failing, outcome: outcomeOf(check, failing, checked), rows: [] },
    });
  }

  #take(result: CheckResult): CheckResult {
    const key = `${result.model} ${result.name}`;
    const known = this.#results.get(key);
    if (known === undefined) {
      this.#results.set(key, result);
      return result;
    }
    known.checked += result.checked;
    known.failing += result.failing;
    known.outcome =
      WORST[Math.max(WORST.indexOf(known.outcome), WORST.indexOf(result.outcome))] ?? 'error';
    known.rows.push(...result.rows.slice(0, SAMPLE_ROWS - known.rows.length));
    return known;
  }
}

/** Where the rows lie that are about to be published: staged by an engine, or in the transaction that publishes them. */
export interface Rows {
  readonly query: (sql: string) => Promise<readonly EngineRow[]>;
  readonly tableOf: (model: Model) => string;
}

export function stagedRows(session: Session): Rows {
  return { query: (sql) => session.query(sql), tableOf: stagedTable };
}

/**
 * Counts the rows of each model that do not meet its checks, and keeps a few of them; unknown is not met.
 * @throws MedallionError check_failed when more rows fail a check than are allowed: nothing is to be published
 */
export async function runChecks(
  rows: Rows,
  models: readonly Model[],
  tally: CheckTally,
): Promise<void> {
  const failed: { model: Model; check: ModelCheck; message: string }[] = [];
  for (const model of models) {
    for (const check of model.checks) {
      const { checked, failing } = await countFailing(rows, model, check);
      const result = tally.add(model, check, checked, failing);
      if (failing > 0 && result.rows.length < SAMPLE_ROWS) {
        const wanted = SAMPLE_ROWS - result.rows.length;
        result.rows.push(...(await readFailing(rows, model, check, wanted)));
      }
      if (outcomeOf(check, failing, checked) === 'error') {
        const allowed =
          check.error_above === undefined ? '' : `, and ${check.error_above} are allowed`;
        failed.push({
          model,
          check,
          message: `${model.id}: ${grouped(failing)} of ${grouped(checked)} rows fail the check "${check.name}" (${check.that})${allowed}`,
        });
      }
    }
  }
  const [first] = failed;
  if (first !== undefined) {
    throw new MedallionError('check_failed', failed.map(({ message }) => message).join('\n'), {
      hint:
        `None of this was published. To see the rows: medallion checks show ${first.model.id} "${first.check.name}"\n` +
        `The checks are in ${[...new Set(failed.map(({ model }) => model.file))].join(', ')}.`,
    });
  }
}

async function countFailing(
  { query, tableOf }: Rows,
  model: Model,
  check: ModelCheck,
): Promise<{ checked: number; failing: number }> {
  const [row] = await query(
    `select count(*) as checked, count(*) filter (where (${check.that}) is not true) as failing
     from ${tableOf(model)}`,
  ).catch((error: unknown) => {
    throw error instanceof MedallionError
      ? error
      : new MedallionError('model', `${model.file}: check "${check.name}": ${messageOf(error)}`, {
          cause: error,
        });
  });
  return { checked: Number(row?.['checked']), failing: Number(row?.['failing']) };
}

/** The first failing rows by the model's key, each value as text. */
async function readFailing(
  { query, tableOf }: Rows,
  model: Model,
  check: ModelCheck,
  limit: number,
): Promise<readonly EngineRow[]> {
  const columns = model.columns.map(({ name }) => `cast(staged."${name}" as varchar) as "${name}"`);
  const key = model.key.map((column) => `staged."${column}"`);
  return query(
    `select ${columns.join(', ')} from (select * from ${tableOf(model)} where (${check.that}) is not true) as staged
     order by ${key.join(', ')} limit ${String(limit)}`,
  );
}

/**
 * Makes sure that the staged rows of marts are what their headers say, before anything is published: no key twice,
 * and no day or month but those that are to be replaced.
 * @throws MedallionError model
 */
export async function verifyMarts(
  session: Session,
  models: readonly Model[],
  days: readonly string[],
): Promise<void> {
  const dates = (values: readonly string[]): string =>
    values.map((value) => `date '${value}'`).join(', ');
  const allowed = { replace_days: days, replace_months: [...new Set(days.map(monthOf))] };
  for (const model of models) {
    const key = model.key.map((column) => `"${column}"`).join(', ');
    const [twice] = await session.query(
      `select ${key} from ${stagedTable(model)} group by ${key} having count(*) > 1 limit 1`,
    );
    if (twice !== undefined) {
      throw new MedallionError(
        'model',
        `${model.file}: the select makes more than one row with the key ${Object.values(twice).join(', ')}`,
        {
          hint: `None of this was published. The header says ${model.grain}: group the select by the key, or change the key.`,
        },
      );
    }
    const period = PERIOD_COLUMN[model.load];
    if (period === undefined) {
      continue;
    }
    const periods = model.load === 'replace_months' ? allowed.replace_months : allowed.replace_days;
    const [stray] = await session.query(
      `select ${period} from ${stagedTable(model)} where ${period} not in (${dates(periods)}) limit 1`,
    );
    if (stray !== undefined) {
      throw new MedallionError(
        'model',
        `${model.file}: the select makes a row with ${period} ${String(stray[period])}, but no fact of the days being published has that`,
        {
          hint: `Nothing was published. ${period} must be the day, or the month, of the facts that the row is made from.`,
        },
      );
    }
  }
}

export async function saveChecks(
  client: Client,
  runId: bigint,
  results: readonly CheckResult[],
): Promise<void> {
  const column = <Value>(of: (result: CheckResult) => Value): Value[] => results.map(of);
  await client.query(sqlFile('promote/record_checks'), [
    runId,
    column(({ model }) => model),
    column(({ name }) => name),
    column(({ severity }) => severity),
    column(({ warnAbove }) => warnAbove),
    column(({ errorAbove }) => errorAbove),
    column(({ checked }) => checked),
    column(({ failing }) => failing),
    column(({ outcome }) => outcome),
  ]);
  for (const result of results.filter(({ failing }) => failing > 0)) {
    await saveFailing(client, runId, result);
  }
}

async function saveFailing(
  client: Client,
  runId: bigint,
  { model, name, rows }: CheckResult,
): Promise<void> {
  await client.query(sqlFile('promote/record_failing_rows'), [
    runId,
    model,
    name,
    rows.map((row) => JSON.stringify(row)),
  ]);
  await client.query(sqlFile('promote/forget_failing_rows'), [model, name, SAMPLED_RUNS]);
}
