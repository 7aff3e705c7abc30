import type { Engine, WarehouseReader } from '../engine/engine.ts';
import { MedallionError, withHint } from '../errors.ts';
import type { Models } from '../model/load.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withRollback } from '../postgres/transaction.ts';
import { BEGIN_PUBLICATION, withPromotionLock } from '../postgres/lock.ts';
import { missingMigrations } from '../schema/migrate.ts';
import { Publisher } from '../postgres/publisher.ts';
import { countChanges, noteChanges, type RowChanges } from '../postgres/row-changes.ts';
import type { StageContext } from '../progress.ts';
import { CheckTally, type CheckResult } from './checks.ts';
import { promoteLayers, type LayerResults } from './layers.ts';
import type { Run } from './run.ts';
import { failureOf, retryLosses } from './losses.ts';
import type { PromoteOptions } from './promote.ts';
import { isRefreshing } from './refresh.ts';
import { ModelTally, type ModelCounts } from './tally.ts';

/** What a model would do: what a promotion tells of it, and what that comes to in its table. */
export interface DryModel extends ModelCounts {
  readonly changes: RowChanges;
}

export interface DryRun {
  /** Undefined when a check has failed, and the promotion would have stopped there. */
  readonly layers: LayerResults | undefined;
  readonly models: readonly DryModel[];
  readonly checks: readonly CheckResult[];
  /** What the promotion would have failed by, gold being as it was. */
  readonly failure: MedallionError | undefined;
  readonly seconds: number;
}

/** No run has this number. */
const NO_RUN = 0n;
const GIVEN_UP = 'Nothing was changed. Run the command again when the server is back.';

/**
 * A promotion in one transaction that is rolled back: the same batches, rules, checks and statements, of which nothing
 * stays. Everything reaches the warehouse through one connection, so a batch sees what those before it have written,
 * and gold sees silver. Other promotions are kept out as by any other one.
 * @throws MedallionError locked, config (migrations are missing), model, unreachable, interrupted; a check that fails
 *   is a part of the result
 */
export async function dryRun(
  settings: ConnectionSettings,
  models: Models,
  openEngine: (reader: WarehouseReader) => Promise<Engine>,
  options: Omit<PromoteOptions, 'fullRefresh' | 'select' | 'evenPruned' | 'replay' | 'arguments'>,
  context: StageContext,
): Promise<DryRun> {
  return retryLosses(
    settings,
    { retry: options.retry, hint: GIVEN_UP },
    context,
    (watched, onConnected) =>
      withPromotionLock(settings, options.holder, () =>
        withClient(settings, async (client) => {
          onConnected();
          await refuseUnmigrated(client, settings);
          const publisher = new Publisher(client);
          const run: Run = {
            runId: NO_RUN,
            ...{ client, models, context: watched },
            openPublisher: () => Promise.resolve(publisher),
            options: { ...options, fullRefresh: false, select: [], evenPruned: false },
            tally: new ModelTally(),
            checks: new CheckTally(),
            onTables: () => noteChanges(client, modelsOf(models, options)),
          };
          try {
            return await withRollback(client, () => runDry(run, () => openEngine(publisher)));
          } catch (error) {
            throw await failureOf(error, client, settings);
          }
        }),
      ),
  );
}

function modelsOf(
  { silver, gold }: Models,
  layers: { readonly silver: boolean; readonly gold: boolean },
): Models['silver'] {
  return [...(layers.silver ? silver : []), ...(layers.gold ? gold : [])];
}

async function runDry(run: Run, openEngine: () => Promise<Engine>): Promise<DryRun> {
  const started = performance.now();
  const { client, tally, checks } = run;
  // The next promotion waits for the end of this transaction, however its client ends.
  await client.query(BEGIN_PUBLICATION);
  await keepNumbers(client);
  let layers: LayerResults | undefined;
  let failure: MedallionError | undefined;
  try {
    layers = await promoteLayers(run, openEngine);
  } catch (error) {
    if (!(error instanceof MedallionError) || error.code !== 'check_failed') {
      throw error;
    }
    failure = withHint(error, WOULD_FAIL);
  }
  const changes = await countChanges(client, modelsOf(run.models, run.options));
  return {
    layers,
    models: tally.models.map((counts) => ({
      ...counts,
      changes: changes.get(counts.model) ?? { new: 0, changed: 0, removed: 0 },
    })),
    checks: checks.results,
    failure,
    seconds: (performance.now() - started) / 1000,
  };
}

const WOULD_FAIL =
  'promote would stop here, exit with 4, and leave gold unchanged. Nothing was written now; ' +
  '--output json shows the first of the rows that fail.';

/**
 * Where silver is being made again, what becomes of rejected events is noted with numbers of a sequence, and these are
 * not taken back by a rollback, unless the transaction has set the sequence itself.
 */
async function keepNumbers(client: Client): Promise<void> {
  if (!(await isRefreshing(client))) {
    return;
  }
  const { rows } = await client.query<{ name: string; next: string }>(
    `select name, (select coalesce(max(history_id), 0) + 1 from bronze.quarantine_history) as next
     from pg_get_serial_sequence('bronze.quarantine_history', 'history_id') as name`,
  );
  for (const { name, next } of rows) {
    await client.query(`alter sequence ${name} restart with ${next}`);
  }
}

/**
 * A dry run leaves the schema as it is, and its promotion needs the one of this version.
 * @throws MedallionError config
 */
async function refuseUnmigrated(client: Client, settings: ConnectionSettings): Promise<void> {
  const missing = await missingMigrations(client);
  if (missing.length > 0) {
    throw new MedallionError(
      'config',
      `the schema of ${describeServer(settings)} is not up to date: it lacks ${missing.join(', ')}`,
      {
        hint: 'A dry run changes nothing. Bring the schema up to date first: medallion db migrate',
      },
    );
  }
}
