import { stagedTable, type Lane } from '../engine/engine.ts';
import { MedallionError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';

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
      const [row] = await lane.query(
        `select count(*) as failing from ${stagedTable(model)} where (${check.that}) is not true`,
      );
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
