import type { SilverBatch } from '../engine/engine.ts';
import { isFact, type Model } from '../model/model.ts';
import { buildKeys } from '../schema/changes.ts';
import { dropKeys } from '../schema/keys.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import { columnList, ident } from '../postgres/quote.ts';
import { tableOf } from '../schema/tables.ts';
import { readBacklogs } from '../postgres/watermarks.ts';
import { sqlFile, statement } from '../sql-file.ts';
import { latestOrder, loadingOf, temporaryOf, type Loading } from '../publish/loading.ts';
import { placeLiteral, planPlaces, type BatchOptions, type PlaceRow } from './batches.ts';

/*
 * Silver that holds no facts yet is filled without keys: rows are appended, and indexes built once, when all are there.
 * Nobody can look a transaction up meanwhile, so the engine remembers which ones it has seen. Another event of one of
 * those is deferred: it is judged after the keys are built, as what comes in later is. Which event wins does not depend on
 * the order of arrival. Dimension rows of each batch are put by, and merged once.
 */

const isLatest = ({ load }: Model): boolean => load === 'upsert_latest';

/** Where the rows of a dimension wait for the end of a fill. */
function waitingTable(model: Model): string {
  return `medallion.${ident(`waiting_${model.name}`)}`;
}

/** How a fill loads a model: facts and dimension rows are appended, all else as ever. */
export function fillingOf(model: Model): Loading {
  if (isFact(model)) {
    return { ...loadingOf(model), before: [] };
  }
  return isLatest(model) ? { before: [], into: waitingTable(model), after: [] } : loadingOf(model);
}

/**
 * Begins to fill silver without keys where that pays, in the transaction of the caller: where the facts are empty, and
 * more waits than one batch holds.
 * @returns whether it is to be filled so
 */
export async function beginFill(
  client: Client,
  silver: readonly Model[],
  runId: bigint,
  chunkRows: number,
): Promise<boolean> {
  const facts = silver.filter(isFact);
  const filled = [...facts, ...silver.filter(isLatest)];
  const backlogs = await readBacklogs(client);
  const waiting = backlogs.reduce((sum, { from, to }) => sum + to - from, 0n);
  if (waiting <= BigInt(chunkRows) || !(await mayGoWithoutKeys(client, facts, filled))) {
    return false;
  }
  await dropKeys(client, facts);
  for (const model of filled.filter(isLatest)) {
    await client.query(`create table ${waitingTable(model)} (like ${tableOf(model)})`);
  }
  await client.query(
    `insert into medallion.refreshes (layer, run_id, without_keys) values ('silver', $1, true)
     on conflict (layer) do update set without_keys = true`,
    [runId],
  );
  return true;
}

async function mayGoWithoutKeys(
  client: Client,
  facts: readonly Model[],
  filled: readonly Model[],
): Promise<boolean> {
  const empty = facts.map((model) => `not exists (select from ${tableOf(model)})`);
  const { rows } = await client.query<{ empty: string }>(
    `select (${empty.join(' and ')})::text as empty`,
  );
  if (rows[0]?.empty !== 'true') {
    return false;
  }
  const { rows: rights } = await client.query<{ may: string }>(
    sqlFile('promote/may_go_without_keys'),
    [filled.map(tableOf)],
  );
  return rights[0]?.may === 't';
}

/** Whether a fill has begun, and its keys are not built: it goes on, or was killed. Who only reads gold is not told. */
export async function isWithoutKeys(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: string }>(
    `select has_schema_privilege('medallion', 'usage')::text as may`,
  );
  if (rows[0]?.may !== 'true') {
    return false;
  }
  const { rowCount } = await client.query('select from medallion.refreshes where without_keys');
  return rowCount === 1;
}

/** Merges the dimension rows that wait, and builds the keys and indexes of the facts. */
export async function endFill(client: Client, silver: readonly Model[]): Promise<void> {
  const facts = silver.filter(isFact);
  await withTransaction(client, async () => {
    // Enough to sort the ids of a few million transactions; a server that gives more keeps to that.
    await client.query(
      `select set_config('maintenance_work_mem', '256MB', true)
       where pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')`,
    );
    for (const model of silver.filter(isLatest)) {
      await mergeWaiting(client, model);
    }
    await buildKeys(client, facts);
    await client.query('update medallion.refreshes set without_keys = false');
  });
}

async function mergeWaiting(client: Client, model: Model): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [waitingTable(model)],
  );
  if (rows.length === 0) {
    return;
  }
  const latest = latestOrder(model, 'waiting').map((value) => `${value} desc`);
  const staged = ident(temporaryOf(model));
  await client.query(
    statement('promote/latest_waiting', {
      ...{ staged, key: columnList(model.key), columns: columnList(rows.map(({ name }) => name)) },
      ...{ waiting: waitingTable(model), latest_first: latest.join(', ') },
    }),
  );
  for (const sql of loadingOf(model).after) {
    await client.query(sql);
  }
  await client.query(`drop table pg_temp.${staged}`);
  await client.query(`drop table ${waitingTable(model)}`);
}

/** What a batch looks at a second time is deferred no more. */
export function judgedStatements({ again }: SilverBatch): string[] {
  return again.length === 0
    ? []
    : [
        `delete from medallion.deferred_events
         where (topic, partition, "offset") in (values ${again.map(placeLiteral).join(', ')})`,
      ];
}

/** Whether events wait for a second look. */
export async function haveDeferred(client: Client): Promise<boolean> {
  const { rowCount } = await client.query('select from medallion.deferred_events limit 1');
  return rowCount === 1;
}

/** Cuts the events that a fill has deferred into batches. */
export function planDeferred(
  client: Client,
  options: BatchOptions,
): AsyncGenerator<SilverBatch, undefined> {
  return planPlaces(client, options, async (most, after) => {
    const { rows } = await client.query<PlaceRow>(sqlFile('promote/deferred'), [
      ...[after?.topic ?? '', after?.partition ?? 0, after?.offset ?? -1n],
      most,
    ]);
    return rows;
  });
}
