import { MedallionError } from '../../errors.ts';
import { withClient, type Client } from '../../postgres/client.ts';
import { warehouseIdentity } from '../../postgres/identity.ts';
import { BEGIN_PUBLICATION, lockQuarantine } from '../../postgres/lock.ts';
import { ident } from '../../postgres/quote.ts';
import type { ConnectionSettings } from '../../config/server.ts';
import { withTransaction } from '../../postgres/transaction.ts';
import type { StageContext } from '../../progress.ts';
import { sqlFile } from '../../sql-file.ts';
import { sortOutBegun } from '../begun-files.ts';
import { withRun } from '../run.ts';
import { eraseArchive, rewriteFile } from './archive.ts';
import { eraseStored, write } from './stored.ts';
import {
  count,
  hasTable,
  workOn,
  type ForgetOptions,
  type ForgottenRows,
  type Work,
} from './work.ts';

export interface ForgetPlan {
  readonly places: readonly ForgottenRows[];
  /** Topics and files whose events they are, as the log calls them. */
  readonly topics: readonly string[];
}

export interface ForgetResult extends ForgetPlan {
  readonly seconds: number;
}

const STEP = 'forget';
/** What a source keeps of orders stays, since marts are made of it: nobody knows whether it identifies the customer. */
export const EXTRA = 'silver.fact_transactions.extra';

/**
 * Says what `forget` would change now; changes nothing.
 * @throws MedallionError not_found where nothing speaks of the customer, check_failed
 */
export async function planForget(
  settings: ConnectionSettings,
  options: ForgetOptions,
  context: StageContext,
): Promise<ForgetPlan> {
  return withClient(settings, async (client) => {
    return withTransaction(client, async () => {
      await client.query('set transaction isolation level repeatable read, read only');
      const work = await openWork(client, options, context);
      await eraseArchive(work);
      await eraseStored(work);
      await renameCustomer(work);
      return planOf(work);
    });
  });
}

/**
 * Takes a customer out of the warehouse: events in bronze, in the quarantine and in the archive lose what identifies
 * the person, and silver and gold, which stay as they are, know the customer by a random id. One transaction does all of it: files of
 * the archive are written beside the old ones before, and the old ones are removed behind it, by the next run where this one
 * is killed. Promotions wait meanwhile, ingest does not.
 * @throws MedallionError locked, not_found, check_failed, storage, unreachable, denied, interrupted
 */
export async function forget(
  settings: ConnectionSettings,
  options: ForgetOptions,
  context: StageContext,
): Promise<ForgetResult> {
  const started = performance.now();
  let counts: Record<string, number> = {};
  return withRun(
    settings,
    'forget',
    options,
    () => counts,
    async (client, runId) => {
      const warehouse = await warehouseIdentity(client);
      // A file that a killed archive has begun may hold the customer: the next archive begins anew, for bronze has its events.
      const clean = (): Promise<unknown> => sortOutBegun(client, warehouse, () => false, context);
      await clean();
      context.emit({ type: 'step.started', step: STEP });
      const work = await withTransaction(client, () => openWork(client, options, context));
      const exchanges: (() => Promise<void>)[] = [];
      await eraseArchive(work, async (rewriter, file, changes) => {
        exchanges.push(await rewriteFile(work, rewriter, file, changes, { warehouse, runId }));
      });
      await withTransaction(client, async () => {
        await client.query(BEGIN_PUBLICATION);
        // The files that nobody needs any more go behind it: it must not be taken back by a crash.
        await client.query('set local synchronous_commit = on');
        await lockQuarantine(client, 'transaction');
        for (const exchange of exchanges) {
          await exchange();
        }
        await eraseStored(work, write);
        await renameCustomer(work, work.replacement);
      });
      await clean();
      await vacuum(work);
      context.emit({ type: 'step.finished', step: STEP });
      const plan = planOf(work);
      counts = countsOf(plan);
      return { ...plan, seconds: (performance.now() - started) / 1000 };
    },
  );
}

/** In a transaction. The customer's orders are looked up first: versions of a guest, and refunds, may not name the customer. */
async function openWork(
  client: Client,
  options: ForgetOptions,
  context: StageContext,
): Promise<Work> {
  const lookUp = await workOn(new Set(), client, options, context);
  await eraseArchive(lookUp);
  await eraseStored(lookUp);
  const orders = new Set([...lookUp.found, ...(await ordersInSilver(lookUp))]);
  return workOn(orders, client, options, context);
}

/** Orders whose own events may be pruned. */
async function ordersInSilver({ client, options, columns }: Work): Promise<string[]> {
  if (!hasTable(columns, 'silver', 'fact_transactions')) {
    return [];
  }
  const { rows } = await client.query<{ id: string }>(
    'select transaction_id as id from silver.fact_transactions where customer_id = $1',
    [options.customer],
  );
  return rows.map(({ id }) => id);
}

/**
 * Gives the customer's rows in silver and gold another id, or only counts them.
 * @param replacement undefined: they are counted
 */
async function renameCustomer(work: Work, replacement?: string): Promise<void> {
  const { client, options, columns, places } = work;
  const { customer, shippedTables } = options;
  if (replacement !== undefined && hasTable(columns, 'silver', 'discarded_events')) {
    await client.query(sqlFile('forget/rehash_current'), [customer, replacement]);
  }
  const rowsWhere = async (table: string, condition: string): Promise<number> => {
    const sql = `select count(*) as n from ${table} where ${condition}`;
    const { rows } = await client.query<{ n: string }>(sql, [customer]);
    return Number(rows[0]?.n);
  };
  if (columns.some(({ table, name }) => table === 'fact_transactions' && name === 'extra')) {
    const extras = 'customer_id = $1 and extra is not null';
    const rows = await rowsWhere('silver.fact_transactions', extras);
    count(places, { place: EXTRA, rows, isChanged: false });
  }
  for (const { schema, table, name, isCustomer } of columns) {
    const id = `${schema}.${table}`;
    const quoted = `${ident(schema)}.${ident(table)}`;
    const isTheirs = `${ident(name)} = $1`;
    if (isCustomer && replacement !== undefined) {
      const update = `update ${quoted} set ${ident(name)} = $2 where ${isTheirs}`;
      const { rowCount } = await client.query(update, [customer, replacement]);
      count(places, { place: id, rows: rowCount ?? 0, isChanged: true });
    } else if (isCustomer) {
      count(places, { place: id, rows: await rowsWhere(quoted, isTheirs), isChanged: true });
    } else if (!shippedTables.has(id)) {
      const rows = await rowsWhere(quoted, isTheirs);
      count(places, { place: `${id}.${name}`, rows, isChanged: false });
    }
  }
  if (replacement !== undefined) {
    await client.query(sqlFile('forget/failing_rows'), [customer, replacement]);
  }
}

/** @throws MedallionError not_found */
function planOf({ places, topics }: Work): ForgetPlan {
  if (places.size === 0) {
    throw new MedallionError('not_found', 'no event and no row has a customer with this id', {
      hint: 'Give the id exactly as the events have it. silver.dim_customers has the ids that were promoted.',
    });
  }
  return { places: [...places.values()], topics: [...topics].sort() };
}

/** For the run's record: how much, and not who. */
function countsOf({ places }: ForgetPlan): Record<string, number> {
  return Object.fromEntries(
    places.filter(({ isChanged }) => isChanged).map(({ place, rows }) => [place, rows]),
  );
}

/** The old rows stay in the files of PostgreSQL until then. */
async function vacuum({ client, places }: Work): Promise<void> {
  for (const { place, isChanged } of places.values()) {
    if (isChanged && place !== 'archive') {
      await client.query(`vacuum (skip_locked) ${place.split('.').map(ident).join('.')}`);
    }
  }
}
