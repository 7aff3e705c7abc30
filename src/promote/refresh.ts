import { DEFAULT_REPORTING } from '../config/reporting.ts';
import { MedallionError } from '../errors.ts';
import { isFilled, type Model } from '../model/model.ts';
import { counted } from '../number.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import { recordReporting } from '../postgres/reporting.ts';
import { affectsRows, runAll } from '../postgres/ask.ts';
import { applyChanges, compareTables, schemaChangeStatements } from '../schema/changes.ts';
import type { TableChange } from '../schema/table-change.ts';
import { conflictError } from '../schema/objects.ts';
import {
  readStrayModels,
  recordProjectModels,
  resumeMarts,
  strayWarnings,
} from '../schema/project-models.ts';
import { tableOf } from '../schema/tables.ts';
import type { Models } from '../model/load.ts';
import type { StageContext } from '../progress.ts';
import { ALWAYS, tablesByDay, markStale } from './days.ts';
import { beginFill, endFill, isWithoutKeys } from './fill.ts';
import { describeChange, refreshCommand } from './plan.ts';
import {
  applyReportCurrency,
  compareReporting,
  holdsTransactions,
  refuseOtherReporting,
} from './reporting.ts';
import type { LayerOptions, SchemaChanges } from './run.ts';
import { withReaders } from './selection.ts';
import { sqlFile } from '../sql-file.ts';

/** What a promotion makes tables for. */
type RefreshOptions = LayerOptions & {
  /** Whether this run promotes what is new in bronze: what comes in later is the next run's, and fills nothing now. */
  readonly takesBronze: boolean;
  readonly isIdle: boolean;
};

/** How the tables stand before the first row of a promotion. */
export interface Prepared {
  readonly schemaChanges: SchemaChanges;
  /** Marts that are made from nothing, by their ids: what their tables hold, if anything, counts for nothing. */
  readonly emptied: ReadonlySet<string>;
  /** Whether silver was emptied, and this run fills it again with all that bronze holds. */
  readonly isSilverEmptied: boolean;
  /** Whether it is filled without keys; see fill.ts. */
  readonly isFilling: boolean;
}

/**
 * Makes the tables of the models where they are missing, changes them where nothing is lost by it, and marks what this
 * run has to compute again: with a full refresh all of it, for a span its days, for a new mart or column every day of
 * silver.
 * @param ready until the engine is there: awaited before anything changes, so that nothing is emptied that could not be
 *   filled again
 * @throws MedallionError model when a table differs from its model in a way that only a full refresh settles, and this
 *   run is none, or when something of somebody else's depends on what is to be changed
 */
export async function prepareTables(
  client: Client,
  models: Models,
  options: RefreshOptions,
  runId: bigint,
  ready: () => Promise<unknown>,
  context: StageContext,
): Promise<Prepared> {
  const refreshSilver = options.fullRefresh && options.silver && options.select.length === 0;
  if (refreshSilver && !options.evenPruned) {
    await refuseToLosePruned(client);
  }
  const { reporting = DEFAULT_REPORTING } = options;
  if (!refreshSilver) {
    refuseOtherReporting(await compareReporting(client, reporting));
  }
  if (await isWithoutKeys(client)) {
    await endFill(client, models.silver);
  }
  const all = [...models.silver, ...models.gold];
  await warnOfStrays(client, all, options, context);
  await resumeMarts(client, all);
  const changes = await compareTables(client, all);
  const refreshed = new Set([
    ...(refreshSilver ? models.silver : []).map(({ id }) => id),
    ...(options.fullRefresh && options.gold ? withReaders(models.gold, options.select) : []).map(
      ({ id }) => id,
    ),
  ]);
  const has = (id: string, wanted: TableChange['kind']): boolean =>
    changes.some(({ model, kind }) => model.id === id && kind === wanted);
  refuseUnconfirmed(changes, refreshed);
  refuseBlocked(changes);
  const remade = new Set(
    changes.filter(({ step }) => step === 'refresh').map(({ model }) => model.id),
  );
  const martsByDay = tablesByDay(models.gold, remade);
  const isRefreshed = options.fullRefresh && options.gold && options.select.length === 0;
  const isSpan = options.span.since !== undefined || options.span.until !== undefined;
  const unfilled = await readUnfilled(client);
  const isToBeFilled = changes.some(asksForAllDays) || unfilled.isBehind;
  const marked = isRefreshed || isToBeFilled ? ALWAYS : isSpan ? options.span : undefined;
  if (refreshSilver || marked !== undefined || changes.length > 0) {
    await ready();
  }
  const isFilling = await withTransaction(client, async () => {
    await applyChanges(client, changes);
    await recordReporting(client, reporting);
    await applyReportCurrency(client, reporting);
    if (refreshSilver) {
      await markStale(client, ALWAYS, martsByDay);
      await emptySilver(
        client,
        // A table that becomes a view, or the other way round, is dropped, not emptied.
        models.silver.filter(({ id }) => !has(id, 'kind')),
      );
      const ofSilver = changes.filter(({ model }) => model.layer === 'silver');
      await runAll(client, schemaChangeStatements(ofSilver));
      await client.query(
        `insert into medallion.refreshes (layer, run_id) values ('silver', $1) on conflict do nothing`,
        [runId],
      );
    }
    if (marked !== undefined) {
      await markStale(client, marked, martsByDay);
    }
    await recordProjectModels(client, {
      ...{ models: all, project: options.project, whole: refreshSilver ? models.silver : [] },
      layers: LAYERS.filter((layer) => options[layer] && !options.isIdle),
    });
    return (
      options.takesBronze && (await beginFill(client, models.silver, runId, options.chunkRows))
    );
  }).catch((error: unknown) => {
    throw conflictError(error);
  });
  // A first promotion makes all tables; nobody needs to read that.
  const told = changes.filter(
    ({ kind, step }) => step === 'apply' && !['new table', 'comment'].includes(kind),
  );
  for (const change of told) {
    const { what, then } = describeChange(change);
    context.emit({ type: 'note', message: `${change.model.id}: ${what}: ${then}` });
  }
  const schemaChanges = new Map(
    models.gold
      .filter(({ id }) => remade.has(id))
      .map(({ id }) => [
        id,
        changes.filter(({ model, step }) => model.id === id && step === 'refresh'),
      ]),
  );
  const made = models.gold
    .map(({ id }) => id)
    .filter(
      (id) => refreshed.has(id) || remade.has(id) || has(id, 'new table') || unfilled.marts.has(id),
    );
  const emptied = made.length === 0 ? [] : withReaders(models.gold, made);
  return {
    schemaChanges,
    emptied: new Set(emptied.map(({ id }) => id)),
    isSilverEmptied: refreshSilver,
    isFilling,
  };
}

const LAYERS = ['silver', 'gold'] as const;

/** Says once what other projects promote here, and what was promoted without this one. */
async function warnOfStrays(
  client: Client,
  models: readonly Model[],
  { project, warned = new Set() }: RefreshOptions,
  context: StageContext,
): Promise<void> {
  const files = models.map(({ id, lines }) => ({ id, text: lines.join('\n') }));
  const strays = await readStrayModels(client, project, () => files);
  for (const warning of strayWarnings(strays, project)) {
    if (!warned.has(warning.message)) {
      warned.add(warning.message);
      context.emit({ type: 'warning', ...warning });
    }
  }
}

interface Unfilled {
  /** Marts that no promotion has filled since their tables were made, by their ids. */
  readonly marts: ReadonlySet<string>;
  readonly isBehind: boolean;
}

async function readUnfilled(client: Client): Promise<Unfilled> {
  const { rows } = await client.query<{ model: string }>(
    'select model from medallion.unfilled_marts',
  );
  const isBehind = rows.length > 0 && (await holdsTransactions(client));
  return { marts: new Set(rows.map(({ model }) => model)), isBehind };
}

/** A mart or a column of one that every day of silver has rows for. */
function asksForAllDays({ model, kind, step }: TableChange): boolean {
  return (
    model.layer === 'gold' && step === 'apply' && (kind === 'new table' || kind === 'new column')
  );
}

function refuseUnconfirmed(changes: readonly TableChange[], refreshed: ReadonlySet<string>): void {
  const unconfirmed = changes.filter(
    ({ model, step }) => step === 'refresh' && !refreshed.has(model.id),
  );
  if (unconfirmed.length > 0) {
    throw new MedallionError(
      'model',
      unconfirmed
        .map(
          (change) => `${change.model.id} differs from its model: ${describeChange(change).what}`,
        )
        .join('\n'),
      {
        hint:
          'Nothing was changed. To see what would be done: medallion promote --plan. To do it:\n' +
          refreshCommand(unconfirmed.map(({ model }) => model)),
      },
    );
  }
}

function refuseBlocked(changes: readonly TableChange[]): void {
  const blocked = changes.filter(({ blockedBy }) => blockedBy.length > 0);
  if (blocked.length > 0) {
    throw new MedallionError(
      'model',
      blocked
        .map(
          (change) =>
            `${change.model.id}: ${describeChange(change).what}: ${change.blockedBy.join(', ')} depends on it`,
        )
        .join('\n'),
      {
        hint: 'Nothing was changed. Drop or change what depends on it, and run the command again.',
      },
    );
  }
}

/**
 * Back to the state before the first promotion. The days marked by what was there stay marked for gold; each event in
 * quarantine stays there until it is judged again.
 */
async function emptySilver(client: Client, models: readonly Model[]): Promise<void> {
  const tables = models.filter(isFilled).map(tableOf);
  await client.query(`truncate ${tables.join(', ')}`);
  await client.query('delete from medallion.watermarks');
  await client.query('delete from medallion.deferred_events');
  await client.query('truncate medallion.skipped_events');
  await client.query('update medallion.pruned set in_silver = false where in_silver');
}

/**
 * What was pruned from bronze is in silver only: made again, silver would be without it.
 * @throws MedallionError usage
 */
async function refuseToLosePruned(client: Client): Promise<void> {
  const { rows } = await client.query<{ events: string; before: string | null }>(
    sqlFile('promote/pruned'),
  );
  const [pruned] = rows;
  if (pruned !== undefined && pruned.events !== '0') {
    throw new MedallionError(
      'usage',
      `--full-refresh would lose ${counted(pruned.events, 'event')}: they were pruned from bronze ` +
        `(the log took them in before ${pruned.before ?? ''} UTC), and silver cannot be rebuilt from them`,
      {
        hint:
          'Nothing was changed. medallion promote --layer gold --full-refresh rebuilds gold and loses nothing. ' +
          'With --even-pruned, silver is rebuilt without these events, and they are lost permanently.',
      },
    );
  }
}

/** Whether silver was emptied and does not hold again all that bronze does. */
export async function isRefreshing(client: Client): Promise<boolean> {
  return affectsRows(client, `select from medallion.refreshes where layer = 'silver'`);
}

export async function endRefresh(client: Client): Promise<void> {
  await client.query(`delete from medallion.refreshes where layer = 'silver'`);
}

/**
 * Gold made of a silver that is half filled would lose days that were published.
 * @throws MedallionError check_failed
 */
export async function refuseHalfRefreshed(client: Client): Promise<void> {
  const { rows } = await client.query<{ run_id: string }>('select run_id from medallion.refreshes');
  const [refresh] = rows;
  if (refresh !== undefined) {
    throw new MedallionError(
      'check_failed',
      `run ${refresh.run_id} began to fill silver and did not finish: gold stays unchanged`,
      { hint: 'To complete it: medallion promote, without --layer gold' },
    );
  }
}
