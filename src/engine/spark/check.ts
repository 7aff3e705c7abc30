import type { SparkRemote } from '../../config/spark.ts';
import { isFilled, type Model } from '../../model/model.ts';
import { firstLine } from '../../errors.ts';
import { StatementError, type ConnectSession } from './connect.ts';
import { SOURCE_RELATIONS } from '../source-relations.ts';
import { openCluster } from './cluster.ts';
import { emptySelect, isNear } from './session.ts';
import { spelled, viewOf } from './spell.ts';

/** What a server does not understand of a model. */
export interface Incomprehension {
  readonly model: Model;
  /** Of the model's file, where it can be told. */
  readonly line: number;
  /** The function that the server does not know, if that is it. */
  readonly unknown: string | undefined;
  readonly message: string;
}

/**
 * Has a server analyse the select of every model that it would compute, against empty tables.
 * @returns the models that it computes, and what it does not understand
 * @throws MedallionError unreachable, denied
 */
export async function checkModels(
  remote: SparkRemote,
  models: readonly Model[],
): Promise<{ checked: Model[]; problems: Incomprehension[] }> {
  const cluster = await openCluster(remote);
  try {
    for (const [id, columns] of Object.entries(SOURCE_RELATIONS)) {
      await cluster.view(viewOf(id), emptySelect(columns));
    }
    for (const { id, columns } of models) {
      await cluster.view(viewOf(id), emptySelect(columns));
    }
    const checked = models.filter((model) => isComputed(model));
    const problems: Incomprehension[] = [];
    for (const model of checked) {
      problems.push(...(await problemsOf(cluster, model)));
    }
    return { checked, problems };
  } finally {
    await cluster.close();
  }
}

/** An additive mart over a mart is PostgreSQL's work; what reads the outcome of de-duplication is computed here. */
function isComputed(model: Model): boolean {
  const isOverMart =
    model.load === 'additive' && model.sources.some((id) => id.startsWith('gold.'));
  return isFilled(model) && !isNear(model) && !isOverMart;
}

async function problemsOf(cluster: ConnectSession, model: Model): Promise<Incomprehension[]> {
  try {
    const names = new Set(await cluster.columnsOf(spelled(model.sql)));
    const wanted = model.columns.filter(({ derived }) => derived === undefined);
    return wanted
      .filter(({ name }) => !names.has(name))
      .map(({ name }) => ({
        ...{ model, line: model.line, unknown: undefined },
        message: `the select has no column "${name}"`,
      }));
  } catch (error) {
    if (!(error instanceof StatementError)) {
      throw error;
    }
    const [, unknown] = UNKNOWN_FUNCTION.exec(error.message) ?? [];
    return [{ model, line: lineOf(model, unknown), unknown, message: firstLine(error.message) }];
  }
}

/** As Spark and Sail say it. */
const UNKNOWN_FUNCTION =
  /(?:cannot resolve routine|unknown function:?|undefined function:?) `?(\w+)/i;

function lineOf({ sql, line }: Model, unknown: string | undefined): number {
  const at = unknown === undefined ? -1 : sql.search(new RegExp(`\\b${unknown}\\s*\\(`, 'i'));
  return at < 0 ? line : line + sql.slice(0, at).split('\n').length - 1;
}
