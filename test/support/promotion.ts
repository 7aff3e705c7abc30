import type { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startCluster } from '../../scripts/spark/cluster.ts';
import { startSail } from '../../scripts/spark/sail.ts';
import { parseConfig, type DuckDbConfig } from '../../src/config.ts';
import { dropVariables } from '../../src/config/libpq.ts';
import {
  openDuckDb,
  openEngine,
  startDuckDb,
  type DuckDbOptions,
} from '../../src/engine/duckdb/engine.ts';
import type { Engine, WarehouseReader } from '../../src/engine/engine.ts';
import { openSpark } from '../../src/engine/spark/engine.ts';
import { sparkPlace } from '../../src/config/spark.ts';
import { loadModels, type Models } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import type { ProgressEvent, StageContext } from '../../src/progress.ts';
import { dryRun, type DryRun } from '../../src/promote/dry-run.ts';
import { promote, type PromoteOptions, type PromoteResult } from '../../src/promote/promote.ts';

export function quietContext(
  signal = new AbortController().signal,
): StageContext & { events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return { signal, emit: (event) => events.push(event), events };
}

/** What DuckDB may use in tests. One thread: batches are small here, and a second one would spin while it waits. */
function engineOptions(settings: ConnectionSettings): DuckDbOptions {
  const spillDirectory = mkdtempSync(path.join(tmpdir(), 'medallion-spill-'));
  return {
    warehouse: settings,
    duckdb: testDuckDb(),
    memoryLimit: '400MB',
    threads: 1,
    spillDirectory,
  };
}

/** How DuckDB finds its extensions. */
function testDuckDb(): DuckDbConfig {
  const env = { ...process.env };
  dropVariables(env);
  return parseConfig({}, env, process.cwd()).duckdb;
}

export async function openTestEngine(
  settings: ConnectionSettings,
  reader?: WarehouseReader,
): Promise<Engine> {
  return withCluster(await openDuckDb(engineOptions(settings), quietContext(), reader));
}

/** The engines that tests can promote with. */
export const ENGINES = ['duckdb', 'sail'] as const;
export type EngineName = (typeof ENGINES)[number];

let cluster: { readonly remote: string; readonly staging: string } | undefined;

/**
 * Makes all promotions of a test file, or of a part of it, use an engine: call it where tests are described. Sail serves
 * for Spark, because it speaks the same protocol without a JVM; npm run test:spark puts a cluster of Spark in its place.
 */
export function useEngine(name: EngineName): void {
  let server: { readonly remote: string; readonly stop: () => Promise<void> } | undefined;
  let folder: string | undefined;
  beforeAll(async () => {
    if (name === 'sail') {
      folder = mkdtempSync(path.join(tmpdir(), 'medallion-sail-'));
      server = await (process.env['TEST_SPARK'] === 'cluster'
        ? startCluster({ dir: folder, workers: 2 })
        : startSail({ dir: folder }));
      cluster = { remote: server.remote, staging: path.join(folder, 'staging') };
    }
  });
  afterAll(async () => {
    cluster = undefined;
    await server?.stop();
    if (folder !== undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** The same engine, or Spark with it. */
async function withCluster(near: Engine): Promise<Engine> {
  if (cluster === undefined) {
    return near;
  }
  const { remote, staging } = cluster;
  return openSpark(
    near,
    sparkPlace({ remote, staging, token: undefined, caFile: undefined, stagingRemote: undefined }),
    { duckdb: testDuckDb(), context: quietContext() },
  );
}

/** DuckDBs of this process that have been started and are not in use: starting one takes longer than most promotions. */
const idle: DuckDBInstance[] = [];

/**
 * Runs `work` with what opens an engine, the first one on a DuckDB that served before, if there is one. It serves again
 * when all went well.
 */
async function withEngine<T>(
  settings: ConnectionSettings,
  work: (open: (reader?: WarehouseReader) => Promise<Engine>) => Promise<T>,
  name?: EngineName,
): Promise<T> {
  const options = engineOptions(settings);
  let instance: DuckDBInstance | undefined;
  try {
    const result = await work(async (reader) => {
      if (instance !== undefined) {
        return openTestEngine(settings, reader);
      }
      // It outlives this folder.
      const spillDirectory = `${options.spillDirectory}-shared`;
      instance = idle.pop() ?? (await startDuckDb({ ...options, spillDirectory }, quietContext()));
      const near = await openEngine(instance, options, reader);
      return name === 'duckdb' ? near : withCluster(near);
    });
    if (instance !== undefined) {
      const connection = await instance.connect();
      await connection.run('detach database if exists warehouse');
      connection.closeSync();
      idle.push(instance);
    }
    return result;
  } catch (error) {
    instance?.closeSync();
    throw error;
  } finally {
    rmSync(options.spillDirectory, { recursive: true, force: true });
  }
}

export interface LandOptions {
  readonly topic?: string;
  readonly partition?: number;
  /** Offset of the first event. */
  readonly from?: number;
  /** When the log took in the first event; each later one a second after. */
  readonly producedAt?: string;
}

/** Events as text, which is what reaches bronze: what is none is rejected before. */
export function textsOf(events: readonly Buffer[]): string[] {
  return events.flatMap((event) => {
    const text = event.toString('utf8');
    return Buffer.from(text).equals(event) && !text.includes('\0') ? [text] : [];
  });
}

/** Puts events into bronze and its books, as ingest leaves them. */
export async function landEvents(
  settings: ConnectionSettings,
  events: readonly string[],
  {
    topic = 'sales',
    partition = 0,
    from = 0,
    producedAt = '2026-02-01T00:00:00Z',
  }: LandOptions = {},
): Promise<void> {
  const start = Date.parse(producedAt);
  await withClient(settings, async (client) => {
    await client.query(
      `insert into bronze.events (topic, partition, "offset", value, produced_at, ingested_at, run_id)
       select $1, $2, $3 + n - 1, value, to_timestamp($4::float8 / 1000) + (n - 1) * interval '1 second', now(), 0
       from unnest($5::text[]) with ordinality as events (value, n)`,
      [topic, partition, from, start, events],
    );
    await client.query(
      `insert into medallion.offsets as books (topic, partition, next_offset, source, ingested_events)
       values ($1, $2, $3, 'test', $4)
       on conflict (topic, partition) do update
       set next_offset = excluded.next_offset, ingested_events = books.ingested_events + excluded.ingested_events`,
      [topic, partition, from + events.length, events.length],
    );
  });
}

export const PROMOTE_TEST_OPTIONS: PromoteOptions = {
  silver: true,
  gold: true,
  fullRefresh: false,
  select: [],
  evenPruned: false,
  span: { since: undefined, until: undefined },
  every: 'mart',
  chunkRows: 50_000,
  batchBytes: 32 * 1024 * 1024,
  arguments: ['promote'],
  holder: 'test',
};

let shipped: Models | undefined;

/** The models of sql/, read once. */
function shippedModels(): Models {
  shipped ??= loadModels();
  return shipped;
}

export async function promoteAll(
  settings: ConnectionSettings,
  options: Partial<PromoteOptions> & {
    models?: Models;
    context?: StageContext;
    /** Another engine than the one of the test file. */
    engine?: EngineName;
  } = {},
): Promise<PromoteResult> {
  const { models = shippedModels(), context = quietContext(), engine, ...rest } = options;
  return withEngine(
    settings,
    (open) =>
      promote(settings, models, () => open(), { ...PROMOTE_TEST_OPTIONS, ...rest }, context),
    engine,
  );
}

/** The same without a trace. */
export async function dryRunAll(
  settings: ConnectionSettings,
  options: Partial<PromoteOptions> & {
    models?: Models;
    openEngine?: (reader: WarehouseReader) => Promise<Engine>;
  } = {},
): Promise<DryRun> {
  const { models = shippedModels(), openEngine: given, ...rest } = options;
  return withEngine(settings, (open) =>
    dryRun(settings, models, given ?? open, { ...PROMOTE_TEST_OPTIONS, ...rest }, quietContext()),
  );
}

/** Rows of a query, every value as text. */
export async function rowsOf(
  settings: ConnectionSettings,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, string | null>[]> {
  return withClient(settings, async (client) => {
    const { rows } = await client.query<Record<string, string | null>>(sql, [...values]);
    return rows;
  });
}

export async function rowOf(
  settings: ConnectionSettings,
  sql: string,
): Promise<Record<string, string | null>> {
  return (await rowsOf(settings, sql))[0] ?? {};
}

/** How many transactions silver has; none before its table is made. */
export async function countTransactions(settings: ConnectionSettings): Promise<number> {
  const { made } = await rowOf(
    settings,
    `select (to_regclass('silver.fact_transactions') is not null)::text as made`,
  );
  const sql = 'select count(*) as transactions from silver.fact_transactions';
  return made === 'true' ? Number((await rowOf(settings, sql))['transactions']) : 0;
}

/**
 * What silver and gold say, without what may differ between two ways to the same answer: surrogate keys, the runs
 * that wrote, and where in the log an event of several equal ones stood.
 */
export async function answersOf(settings: ConnectionSettings): Promise<Record<string, unknown>> {
  const queries = {
    transactions: `select transaction_id, event_type, event_version, event_timestamp, date_key, customer_id, customer_type,
        customer_country, customer_city, order_status_id, order_payment_method_id, order_currency_id, order_subtotal,
        order_tax_amount, order_shipping_amount, order_discount_amount, order_total_amount
      from silver.fact_transactions order by transaction_id`,
    items: `select transaction_id, line_number, item_id, event_timestamp, category, unit_price, quantity, discount, cost
      from silver.fact_transaction_items order by transaction_id, line_number`,
    customers: 'select id, type, city, country from silver.dim_customers order by id',
    customer_versions: 'select * from silver.dim_customer_versions order by 1, 2',
    versions_of_transactions: `select transaction_id, customer_id, customer_version, customer_valid_from, customer_type,
        customer_country, customer_city
      from silver.fact_transactions_with_customer order by transaction_id`,
    products: 'select id, category, unit_price, cost from silver.dim_products order by id',
    discarded: `select outcome, count(*) from silver.discarded_events group by outcome order by outcome`,
    quarantine: `select reason, field, count(*), md5(string_agg(md5(raw), '' order by md5(raw))) as bytes
      from bronze.quarantine group by reason, field order by reason, field`,
    sales: 'select * from gold.sales_performance order by 1',
    categories: 'select * from gold.item_category_performance order by 1, 2',
    products_by_day: 'select * from gold.product_performance order by 1, 2',
    products_by_month: 'select * from gold.product_months order by 1, 2',
    places: 'select * from gold.geography_performance order by 1, 2, 3',
    payments: 'select * from gold.payment_performance order by 1, 2',
    hours: 'select * from gold.hourly_sales order by 1, 2',
    order_states: 'select * from gold.order_performance order by 1, 2, 3',
    net_sales: 'select * from gold.net_sales order by 1, 2',
    cohort_retention: 'select * from gold.cohort_retention order by 1, 2',
    customer_days: 'select * from gold.customer_days order by 1, 2, 3, 4',
    customer_cohorts: 'select * from gold.customer_cohorts order by 1, 2',
    customer_sales: 'select * from gold.customer_sales order by 1',
    customers_by_value: 'select * from gold.customer_performance order by 1',
  };
  return withClient(settings, async (client) => {
    const answers: Record<string, unknown> = {};
    for (const [name, sql] of Object.entries(queries)) {
      answers[name] = (await client.query<Record<string, string | null>>(sql)).rows;
    }
    return answers;
  });
}
