import { MedallionError } from '../errors.ts';
import { isFilled, type Model } from '../model/model.ts';
import { withTransaction, type Client } from '../postgres/client.ts';
import { ensureTables, tableOf } from '../postgres/tables.ts';
import type { Models } from '../model/load.ts';
import { touchDays, type DaySpan } from './days.ts';

export interface RefreshOptions {
  readonly silver: boolean;
  readonly gold: boolean;
  readonly fullRefresh: boolean;
  readonly span: DaySpan;
}

const ALWAYS: DaySpan = { since: undefined, until: undefined };

/**
 * Makes the tables of the models where they are missing, fills the seeds, and marks what this run has to compute
 * again: with a full refresh all of it, for a span its days, for a new mart every day of silver.
 */
export async function prepareTables(
  client: Client,
  models: Models,
  options: RefreshOptions,
  runId: bigint,
): Promise<void> {
  const refreshSilver = options.fullRefresh && options.silver;
  const madeInSilver = await ensureTables(client, models.silver, refreshSilver);
  const madeInGold = await ensureTables(client, models.gold, options.fullRefresh && options.gold);
  await fillSeeds(client, madeInSilver);
  const martsByDay = models.gold.filter(({ load }) => load === 'replace_days').map(tableOf);
  await withTransaction(client, async () => {
    if (refreshSilver) {
      await touchDays(client, ALWAYS, martsByDay);
      await emptySilver(client, models.silver);
      await client.query(
        `insert into medallion.refreshes (layer, run_id) values ('silver', $1) on conflict do nothing`,
        [runId],
      );
    }
    if (madeInGold.length > 0 || (options.fullRefresh && options.gold)) {
      await touchDays(client, ALWAYS, martsByDay);
    } else if (options.span.since !== undefined || options.span.until !== undefined) {
      await touchDays(client, options.span, martsByDay);
    }
  });
}

/** Seeds are plain rows of literals, so PostgreSQL runs their select itself. */
async function fillSeeds(client: Client, made: readonly Model[]): Promise<void> {
  for (const model of made.filter(({ load }) => load === 'seed')) {
    await client.query(`insert into ${tableOf(model)} ${model.sql} on conflict do nothing`);
  }
}

/** Back to the state before the first promotion. The days touched by what was there stay marked for gold. */
async function emptySilver(client: Client, models: readonly Model[]): Promise<void> {
  const tables = models.filter(isFilled).map(tableOf);
  await client.query(`truncate ${tables.join(', ')}`);
  await client.query(`delete from bronze.quarantine where stage = 'silver' and status = 'open'`);
  await client.query('delete from medallion.watermarks');
}

/** Silver holds again all that bronze does. */
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
      `silver is being made again since run ${refresh.run_id}, and is not complete: gold stays as it was`,
      { hint: 'medallion promote (without --layer gold) completes it.' },
    );
  }
}
