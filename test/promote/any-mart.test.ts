import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadModels, type Models } from '../../src/model/load.ts';
import type { Model } from '../../src/model/model.ts';
import { purchase, type Order } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

/**
 * A mart may read any table or view of silver, and says after every promotion what a whole recomputation would say. Each
 * one here is a file, as a user writes it: all rows of each table and view, and by day and month what facts say with it.
 */

// Two promotions of some thirty marts a step, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Where a row comes from, which two ways to the same answer may tell differently. */
const LINEAGE = new Set(['produced_at', 'topic', 'partition', 'offset', 'run_id']);

const FACTS = 'silver.fact_transactions as t';
/** What a transaction says with each table or view: a value of one row a transaction, made of `from`. */
const BY_TRANSACTION: Readonly<Record<string, { readonly value: string; readonly from: string }>> =
  {
    customer_states: {
      value: 'max(cast(s.is_change as integer))',
      from: `${FACTS} left join silver.customer_states as s
             on t.customer_id = s.customer_id and t.event_timestamp = s.event_timestamp`,
    },
    dim_country: {
      value: 'max(c.name)',
      from: `${FACTS} left join silver.dim_country as c on t.customer_country = c.code`,
    },
    dim_currency: {
      value: 'max(c.name)',
      from: `${FACTS} left join silver.dim_currency as c on t.order_currency_id = c.id`,
    },
    dim_customer_versions: {
      value: `max(cast(v.version as varchar) || v.city || coalesce(cast(epoch_us(v.valid_to) as varchar), '-'))`,
      from: `${FACTS} left join silver.dim_customer_versions as v
             on t.customer_id = v.customer_id and t.event_timestamp >= v.valid_from
             and (v.valid_to is null or t.event_timestamp < v.valid_to)`,
    },
    dim_customers: {
      value: 'max(d.city)',
      from: `${FACTS} left join silver.dim_customers as d on t.customer_id = d.id`,
    },
    dim_date: {
      value: 'max(d.weekday_name)',
      from: `${FACTS} left join silver.dim_date as d on t.date_key = d.date_key`,
    },
    dim_order_status: {
      value: 'max(s.name)',
      from: `${FACTS} left join silver.dim_order_status as s on t.order_status_id = s.id`,
    },
    dim_payment_method: {
      value: 'max(m.name)',
      from: `${FACTS} left join silver.dim_payment_method as m on t.order_payment_method_id = m.id`,
    },
    dim_products: {
      value: 'max(p.unit_price)',
      from: `${FACTS}
             left join silver.fact_transaction_items as i on t.transaction_key = i.transaction_key
             left join silver.dim_products as p on i.item_id = p.id`,
    },
    discarded_events: {
      value: 'count(d.outcome)',
      from: `${FACTS} left join silver.discarded_events as d on t.transaction_id = d.transaction_id`,
    },
    exchange_rates: {
      value: 'count(r.rate)',
      from: `${FACTS} left join silver.exchange_rates as r on t.date_key >= r.valid_from`,
    },
    fact_transaction_items: {
      value: 'sum(i.quantity)',
      from: `${FACTS} left join silver.fact_transaction_items as i on t.transaction_key = i.transaction_key`,
    },
    fact_transaction_lines: {
      value: 'sum(i.quantity)',
      from: `${FACTS} left join silver.fact_transaction_lines as i on t.transaction_key = i.transaction_key`,
    },
    fact_transactions: { value: 'max(t.order_total_amount)', from: FACTS },
    fact_transactions_with_customer: {
      value: 'max(cast(t.customer_version as varchar) || t.customer_city)',
      from: 'silver.fact_transactions_with_customer as t',
    },
  };

function fileOf(header: readonly string[], sql: string): string {
  return `/* @model\n${['description: A mart of a test', ...header].join('\n')}\n*/\n${sql}\n`;
}

/** All rows of a table or view. */
function copyOf(model: Model): string {
  const columns = model.columns.filter(
    ({ name }) => model.key.includes(name) || !LINEAGE.has(name),
  );
  return fileOf(
    [
      ...[`grain: one row per row of it`, `key: [${model.key.join(', ')}]`, 'load: replace_all'],
      'columns:',
      ...columns.map(
        ({ name, type }) => `  ${name}: { type: '${type}', nullable: true, description: As there }`,
      ),
    ],
    `select ${columns.map(({ name }) => `"${name}"`).join(', ')} from ${model.id}`,
  );
}

function byPeriod({ name }: Model, load: 'replace_days' | 'replace_months'): string {
  const part = BY_TRANSACTION[name] ?? { value: 'no such mart', from: '' };
  const [period, day] =
    load === 'replace_days'
      ? ['date_key', 't.date_key']
      : ['month_key', `cast(date_trunc('month', t.date_key) as date)`];
  return fileOf(
    [
      ...['grain: one row per transaction', `key: [${period}, transaction_id]`, `load: ${load}`],
      'columns:',
      `  ${period}: { type: date, description: Period }`,
      `  transaction_id: { type: text, description: Transaction }`,
      `  said: { type: text, nullable: true, description: What the table says of it }`,
    ],
    `select ${day} as ${period}, t.transaction_id, cast(${part.value} as varchar) as said
     from ${part.from} group by ${day}, t.transaction_id`,
  );
}

let db: TestDatabase;
let folder: string;
let models: Models;
let marts: readonly Model[];
let landed = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-any-mart-'));
  await mkdir(path.join(folder, 'models/gold'), { recursive: true });
  const { silver } = loadModels();
  for (const model of silver) {
    const gold = (name: string): string => path.join(folder, 'models/gold', `${name}.sql`);
    await writeFile(gold(`all_${model.name}`), copyOf(model));
    await writeFile(gold(`day_${model.name}`), byPeriod(model, 'replace_days'));
    await writeFile(gold(`month_${model.name}`), byPeriod(model, 'replace_months'));
  }
  models = loadModels(folder);
  marts = models.gold.filter(({ name }) => /^(all|day|month)_/.test(name));
  db = await createTestDatabase();
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true });
});

async function martRows(): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const { id, key } of marts) {
    const order = key.map((column) => `"${column}"`).join(', ');
    rows[id] = await rowsOf(db.settings, `select * from ${id} order by ${order}`);
  }
  return rows;
}

const order = (id: string, at: string, city: string, more: Partial<Order> = {}): string =>
  purchase({ id, at, customer: { id: 'c', city }, ...more });

const FIRST = [
  order('a', '2026-01-10T09:00:00', 'Berlin'),
  order('b', '2026-01-20T09:00:00', 'Hamburg'),
  order('d', '2026-02-10T09:00:00', 'Hamburg', { items: [{ unit_price: 3 }, { id: 'prod_2' }] }),
  order('e', '2026-03-10T09:00:00', 'Berlin'),
];
const STEPS: [what: string, events: readonly string[], chunkRows?: number][] = [
  ['the first promotion, batch by batch', FIRST, 1],
  [
    'new versions of a customer, and a new customer',
    [
      order('f', '2026-03-20T09:00:00', 'Wien', { items: [{ unit_price: 12 }] }),
      order('g', '2026-03-21T09:00:00', 'Bonn', { customer: { id: 'k', city: 'Bonn' } }),
    ],
  ],
  [
    'a late event that splits a version and renumbers those after it',
    [order('late', '2026-01-15T09:00:00', 'Graz')],
  ],
  [
    'corrections: another city, another day, another customer',
    [
      order('late', '2026-01-15T09:00:00', 'Berlin'),
      order('b', '2026-02-25T10:00:00', 'Kiel'),
      order('e', '2026-03-10T09:00:01', 'Bonn', { customer: { id: 'k', city: 'Bonn' } }),
    ],
    2,
  ],
  ['repeated events alone', [FIRST[0] ?? '', FIRST[2] ?? '']],
  [
    'an event that comes after its correction, the only one of its customer and product',
    [
      order('d', '2026-01-01T00:00:00', 'Rom', {
        customer: { id: 'only', city: 'Rom' },
        items: [{ id: 'prod_only' }],
      }),
    ],
  ],
  [
    'all of it at once',
    [
      order('h', '2025-12-31T23:59:59', 'Bern'),
      FIRST[0] ?? '',
      order('a', '2026-01-10T09:00:01', 'Basel'),
      order('i', '2026-03-22T00:00:00', 'Genf'),
      order('h', '2026-03-22T00:00:00', 'Bern'),
    ],
    1,
  ],
];

test('there is a mart for each table and view of silver', () => {
  expect(Object.keys(BY_TRANSACTION).sort()).toEqual(models.silver.map(({ name }) => name).sort());
  expect(marts).toHaveLength(3 * models.silver.length);
});

describe('after each promotion every mart says what a whole recomputation says', () => {
  test.each(STEPS)('%s', async (_, events, chunkRows = 50_000) => {
    const producedAt = new Date(Date.UTC(2026, 3, 1, 0, landed)).toISOString();
    await landEvents(db.settings, events, { from: landed, producedAt });
    landed += events.length;
    await promoteAll(db.settings, { models, chunkRows });
    const incremental = await martRows();
    await promoteAll(db.settings, { models, silver: false, fullRefresh: true });
    const whole = await martRows();
    for (const { id } of marts) {
      expect(incremental[id], id).toEqual(whole[id]);
    }
    // And what PostgreSQL says itself.
    for (const { name, columns, key } of models.silver) {
      const names = columns
        .map((column) => column.name)
        .filter((column) => key.includes(column) || !LINEAGE.has(column))
        .map((column) => `"${column}"`);
      const order = key.map((column) => `"${column}"`).join(', ');
      expect(incremental[`gold.all_${name}`], name).toEqual(
        await rowsOf(
          db.settings,
          `select ${names.join(', ')} from silver.${name} order by ${order}`,
        ),
      );
    }
  });
});
