import { stagedTable, type Lane } from '../engine/engine.ts';
import { MedallionError, messageOf } from '../errors.ts';
import { PERIOD_COLUMN, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { monthOf } from './days.ts';

export interface CheckResult {
  readonly model: string;
  readonly name: string;
  readonly severity: 'warn' | 'error';
  /** Rows that do not meet the condition. */
  failing: number;
}

/** What the checks of a run counted, by model and check. */
export class CheckTally {
  readonly #results = new Map<string, CheckResult>();

  get results(): CheckResult[] {
    return [...this.#results.values()];
  }

  add(model: Model, name: string, severity: CheckResult['severity'], failing: number): void {
    const key = `${model.id} ${name}`;
    const known = this.#results.get(key) ?? { model: model.id, name, severity, failing: 0 };
    known.failing += failing;
    this.#results.set(key, known);
  }
}

/**
 * Counts the staged rows of each model that do not meet its checks; unknown is not met.
 * @throws MedallionError check_failed when a check of severity error counts any: nothing is to be published
 */
export async function runChecks(
  lane: Lane,
  models: readonly Model[],
  tally: CheckTally,
): Promise<void> {
  const failed: string[] = [];
  for (const model of models) {
    for (const check of model.checks) {
      const [row] = await lane
        .query(
          `select count(*) as failing from ${stagedTable(model)} where (${check.that}) is not true`,
        )
        .catch((error: unknown) => {
          throw error instanceof MedallionError
            ? error
            : new MedallionError(
                'model',
                `${model.file}: check "${check.name}": ${messageOf(error)}`,
                { cause: error },
              );
        });
      const failing = Number(row?.['failing']);
      tally.add(model, check.name, check.severity, failing);
      if (failing > 0 && check.severity === 'error') {
        failed.push(
          `${model.id}: ${String(failing)} rows fail the check "${check.name}" (${check.that})`,
        );
      }
    }
  }
  if (failed.length > 0) {
    throw new MedallionError('check_failed', failed.join('\n'), {
      hint: `Nothing of this was published. The checks stand in ${[...new Set(models.map(({ file }) => file))].join(', ')}.`,
    });
  }
}

/**
 * Makes sure that the staged rows of marts are what their headers say, before anything is published: no key twice,
 * and no day or month but those that are to be replaced.
 * @throws MedallionError model
 */
export async function verifyMarts(
  lane: Lane,
  models: readonly Model[],
  days: readonly string[],
): Promise<void> {
  const dates = (values: readonly string[]): string =>
    values.map((value) => `date '${value}'`).join(', ');
  const allowed = { replace_days: days, replace_months: [...new Set(days.map(monthOf))] };
  for (const model of models) {
    const key = model.key.map((column) => `"${column}"`).join(', ');
    const [twice] = await lane.query(
      `select ${key} from ${stagedTable(model)} group by ${key} having count(*) > 1 limit 1`,
    );
    if (twice !== undefined) {
      throw new MedallionError(
        'model',
        `${model.file}: more than one row with the key ${Object.values(twice).join(', ')}`,
        {
          hint: `The header says ${model.grain}. Nothing of this was published.`,
        },
      );
    }
    const period = PERIOD_COLUMN[model.load];
    if (period === undefined) {
      continue;
    }
    const periods = model.load === 'replace_months' ? allowed.replace_months : allowed.replace_days;
    const [stray] = await lane.query(
      `select ${period} from ${stagedTable(model)} where ${period} not in (${dates(periods)}) limit 1`,
    );
    if (stray !== undefined) {
      throw new MedallionError(
        'model',
        `${model.file}: a row of ${String(stray[period])}, which no fact of the days being published has`,
        {
          hint: `${period} must be the day, or month, of the facts that a row is made of. Nothing was published.`,
        },
      );
    }
  }
}

/** Books what the checks of a run counted. */
export async function saveChecks(
  client: Client,
  runId: bigint,
  results: readonly CheckResult[],
): Promise<void> {
  for (const { model, name, severity, failing } of results) {
    await client.query(
      `insert into medallion.check_results (run_id, model, check_name, severity, failing) values ($1, $2, $3, $4, $5)`,
      [runId, model, name, severity, failing],
    );
  }
}
