import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModels, type Models } from '../../src/model/load.ts';
import type { Model, ModelColumn } from '../../src/model/model.ts';
import { planTables } from '../../src/promote/plan.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  landEvents,
  promoteAll,
  quietContext,
  rowOf,
  rowsOf,
} from '../support/promotion.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

/** The models with one of them changed. */
function changed(id: string, change: (model: Model) => Partial<Model>): Models {
  const apply = (model: Model): Model => (model.id === id ? { ...model, ...change(model) } : model);
  const { silver, gold } = loadModels();
  return { silver: silver.map(apply), gold: gold.map(apply) };
}

const column = (name: string, type: string, nullable = false): ModelColumn => ({
  ...{ name, type, nullable, description: `The ${name}` },
});

/** Two days; a line is sold for 10 and costs 4, so each of its units earns 6. */
const SALES = [
  purchase({ id: 'a', at: '2026-01-01T10:00:00', items: [{ quantity: 3 }] }),
  purchase({ id: 'b', at: '2026-01-02T10:00:00', items: [{ id: 'prod_2' }] }),
];
const LATER = purchase({ id: 'c', at: '2026-01-03T10:00:00' });

/** Margin leaves, a share that may be null comes, and units are counted in numeric. */
const LEANER = changed('gold.product_performance', (model) => ({
  columns: [
    ...model.columns
      .filter(({ name }) => name !== 'margin')
      .map((one) => (one.name === 'units' ? { ...one, type: 'numeric(38,2)' } : one)),
    column('share', 'numeric(22,4)', true),
  ],
  sql: model.sql
    .replace(/sum\(quantity\) as units,/, 'sum(quantity) as units, 0.25 as share,')
    .replace(/,\s*sum\([^\n]* as margin/, ''),
  checks: [],
}));
const PRODUCTS = 'select * from gold.product_performance order by date_key, item_id';
const CATALOG = `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
  where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`;

describe('what loses nothing', () => {
  test('a column that may be null, an index and comments come by themselves, and a mart is filled for all days', async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    await rowsOf(
      db.settings,
      'create view public.mine as select date_key, margin from gold.product_performance',
    );
    const models = changed('gold.product_performance', (model) => ({
      description: 'Products by day, with what a unit earns',
      // Not the last in the header: a table keeps the order it has.
      columns: [
        ...model.columns.slice(0, 2),
        column('unit_margin', 'numeric(22,4)', true),
        ...model.columns.slice(2),
      ],
      indexes: ['(item_id)', 'using btree (units desc) where units > 1'],
      sql: model.sql.replace(
        'sum(quantity) as units,',
        'sum(quantity) as units, exact_mean(sum(unit_price - cost), count(*)) as unit_margin,',
      ),
    }));
    const plan = await planTables(db.settings, models);
    expect(plan.map(({ model, what, step }) => [model, what, step])).toEqual([
      ['gold.product_performance', 'new column: unit_margin numeric(22,4)', 'apply'],
      ['gold.product_performance', 'new index: (item_id)', 'apply'],
      ['gold.product_performance', 'new index: using btree (units desc) where units > 1', 'apply'],
      ['gold.product_performance', 'comment: gold.product_performance', 'apply'],
    ]);
    expect(plan[0]?.then).toBe('added by the next promotion, which computes all days');

    const context = quietContext();
    await promoteAll(db.settings, { models, context });
    expect(await rowsOf(db.settings, PRODUCTS)).toEqual([
      expect.objectContaining({ date_key: '2026-01-01', units: '3.000', unit_margin: '6.0000' }),
      expect.objectContaining({ date_key: '2026-01-02', units: '1.000', unit_margin: '6.0000' }),
    ]);
    expect(
      await rowOf(
        db.settings,
        `select col_description('gold.product_performance'::regclass, 7) as column,
           obj_description('gold.product_performance'::regclass) like 'Products by day, with%' as comment,
           (select string_agg(margin::text, ' ' order by date_key) from public.mine) as mine,
           (select count(*) from pg_index where indrelid = 'gold.product_performance'::regclass) as indexes`,
      ),
    ).toEqual({ column: 'The unit_margin', comment: 't', mine: '18.00 6.00', indexes: '3' });
    const notes = context.events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
    expect(notes[0]).toBe(
      'gold.product_performance: new column: unit_margin numeric(22,4): added by the next promotion, which computes all days',
    );
    expect(await planTables(db.settings, models)).toEqual([]);
    expect((await promoteAll(db.settings, { models })).gold?.days).toEqual([]);
  });

  test('a new column of silver is null in the rows that are there, filled from then on, and by a full refresh', async () => {
    const [first = '', second = ''] = SALES;
    await landEvents(db.settings, [first]);
    await promoteAll(db.settings);
    const models = changed('silver.dim_products', (model) => ({
      columns: [...model.columns, column('is_cheap', 'boolean', true)],
      sql: model.sql.replace('ranked.category,', 'ranked.category, true as is_cheap,'),
    }));
    const [plan] = await planTables(db.settings, models);
    expect(plan).toMatchObject({ what: 'new column: is_cheap boolean', step: 'apply' });
    expect(plan?.then).toMatch(/null in the rows that are there.*--full-refresh fills all/);
    await landEvents(db.settings, [second], { from: 1 });
    await promoteAll(db.settings, { models });
    const products = 'select id, is_cheap from silver.dim_products order by id';
    expect(await rowsOf(db.settings, products)).toEqual([
      { id: 'prod_1', is_cheap: null },
      { id: 'prod_2', is_cheap: 't' },
    ]);
    await promoteAll(db.settings, { models, fullRefresh: true });
    expect(await rowsOf(db.settings, products)).toEqual([
      { id: 'prod_1', is_cheap: 't' },
      { id: 'prod_2', is_cheap: 't' },
    ]);
  });

  test("somebody's own index stays, and the plan says so", async () => {
    await promoteAll(db.settings);
    await rowsOf(db.settings, 'create index mine on gold.product_performance (margin)');
    expect(await planTables(db.settings, loadModels())).toEqual([
      {
        ...{ model: 'gold.product_performance', step: 'leave' },
        what: 'other index: gold.mine using btree (margin)',
        then: 'left unchanged; to remove it: drop index gold.mine',
      },
    ]);
    await promoteAll(db.settings, { fullRefresh: true });
    expect(await rowOf(db.settings, `select to_regclass('gold.mine') as mine`)).toEqual({
      mine: 'gold.mine',
    });
  });

  test('the definition of a view', async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    const narrowed = changed('silver.fact_transaction_items', (model) => ({
      sql: `${model.sql} where lines.quantity > 1`,
    }));
    expect((await planTables(db.settings, narrowed)).map(({ step }) => step)).toEqual(['apply']);
    await promoteAll(db.settings, { models: narrowed });
    expect(
      await rowsOf(db.settings, 'select transaction_id from silver.fact_transaction_items'),
    ).toEqual([{ transaction_id: 'a' }]);
    expect(await planTables(db.settings, narrowed)).toEqual([]);
  });
});

describe('what needs a full refresh', () => {
  test('is refused with the command that does it, and nothing is changed', async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    await landEvents(db.settings, [LATER], { from: 2 });
    const before = await answersOf(db.settings);
    await expect(promoteAll(db.settings, { models: LEANER })).rejects.toMatchObject({
      ...{ code: 'model', exitCode: 2 },
      message: [
        'gold.product_performance differs from its model: removed column: margin numeric(38,2)',
        'gold.product_performance differs from its model: type: units numeric(38,3) becomes numeric(38,2)',
        'gold.product_performance differs from its model: new column: share numeric(22,4)',
      ].join('\n'),
      hint: expect.stringMatching(
        /^Nothing was changed\. .*\nmedallion promote --full-refresh --select gold\.product_performance$/,
      ) as string,
    });
    expect(await answersOf(db.settings)).toEqual(before);
    expect(await rowsOf(db.settings, CATALOG, ['gold.product_performance'])).toHaveLength(6);
    expect((await planTables(db.settings, LEANER)).map(({ what, step }) => [what, step])).toEqual([
      ['removed column: margin numeric(38,2)', 'refresh'],
      ['type: units numeric(38,3) becomes numeric(38,2)', 'refresh'],
      ['new column: share numeric(22,4)', 'refresh'],
    ]);
  });

  test('of a mart changes it with its rows, keeps rights, and writes no other mart', async () => {
    const role = `reader_${String(process.pid)}`;
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    await rowsOf(db.settings, `create role ${role}`);
    try {
      await rowsOf(db.settings, `grant select on gold.product_performance to ${role}`);
      await rowsOf(db.settings, `grant update (units) on gold.product_performance to ${role}`);
      const sales = 'select *, xmin from gold.sales_performance order by 1';
      const before = await rowsOf(db.settings, sales);
      const refresh = { models: LEANER, fullRefresh: true, select: ['gold.product_performance'] };
      await promoteAll(db.settings, { ...refresh, silver: false });
      const row = { revenue: '10.00', cost: '4.00', share: '0.2500' };
      expect(await rowsOf(db.settings, PRODUCTS)).toEqual([
        {
          ...{ date_key: '2026-01-01', item_id: 'prod_1', units: '3.00' },
          ...{ ...row, revenue: '30.00', cost: '12.00' },
        },
        { date_key: '2026-01-02', item_id: 'prod_2', units: '1.00', ...row },
      ]);
      expect(await rowsOf(db.settings, sales)).toEqual(before);
      expect(
        await rowOf(
          db.settings,
          `select has_table_privilege('${role}', 'gold.product_performance', 'select') as can_read,
             has_column_privilege('${role}', 'gold.product_performance', 'units', 'update') as can_update,
             has_table_privilege('${role}', 'gold.product_performance', 'delete') as can_delete`,
        ),
      ).toEqual({ can_read: 't', can_update: 't', can_delete: 'f' });
      expect(await planTables(db.settings, LEANER)).toEqual([]);

      // The same run takes what is new as well, into the table as it has become.
      await landEvents(db.settings, [LATER], { from: 2 });
      const { gold } = await promoteAll(db.settings, refresh);
      expect(gold?.days).toEqual(['2026-01-01', '2026-01-02', '2026-01-03']);
      expect(await rowsOf(db.settings, PRODUCTS)).toHaveLength(3);
      expect(await rowsOf(db.settings, sales)).toHaveLength(3);
    } finally {
      await rowsOf(db.settings, `drop owned by ${role}`);
      await rowsOf(db.settings, `drop role ${role}`);
    }
  });

  test("is refused while somebody's view or rule depends on what would go, and names it", async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    await rowsOf(
      db.settings,
      'create view public.mine as select date_key, margin from gold.product_performance',
    );
    const refresh = { models: LEANER, fullRefresh: true, select: ['gold.product_performance'] };
    const before = await rowsOf(db.settings, PRODUCTS);
    expect((await planTables(db.settings, LEANER))[0]?.then).toMatch(
      /^blocked by mine, which reads it/,
    );
    await expect(promoteAll(db.settings, refresh)).rejects.toMatchObject({
      ...{ code: 'model' },
      message: expect.stringContaining('mine depends on it') as string,
    });
    // What is no view is found by PostgreSQL itself, when all is computed.
    await rowsOf(db.settings, 'drop view public.mine');
    await rowsOf(
      db.settings,
      'create policy of_mine on gold.product_performance using (margin > 0)',
    );
    await expect(promoteAll(db.settings, refresh)).rejects.toMatchObject({
      ...{ code: 'model' },
      message: expect.stringContaining('of_mine') as string,
      hint: expect.stringContaining('Nothing was changed') as string,
    });
    expect(await rowsOf(db.settings, PRODUCTS)).toEqual(before);
    await rowsOf(db.settings, 'drop policy of_mine on gold.product_performance');
    await promoteAll(db.settings, refresh);
    expect(await rowsOf(db.settings, CATALOG, ['gold.product_performance'])).toHaveLength(6);
  });

  test('leaves rows and columns as they were when a check of the new rows fails', async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    const before = await rowsOf(db.settings, PRODUCTS);
    const strict = {
      ...LEANER,
      gold: LEANER.gold.map((model) =>
        model.name === 'product_performance'
          ? {
              ...model,
              checks: [
                {
                  ...{ name: 'many', that: 'units > 2', severity: 'error' as const },
                  ...{ warn_above: undefined, error_above: undefined },
                },
              ],
            }
          : model,
      ),
    };
    await expect(
      promoteAll(db.settings, {
        ...{ models: strict, fullRefresh: true, select: ['gold.product_performance'] },
      }),
    ).rejects.toMatchObject({ code: 'check_failed' });
    expect(await rowsOf(db.settings, PRODUCTS)).toEqual(before);
  });

  test('of silver keeps the rights on its views, and refuses for a view of somebody else', async () => {
    const role = `viewer_${String(process.pid)}`;
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    const wide = changed('silver.fact_transaction_lines', (model) => ({
      columns: model.columns.map((one) =>
        one.name === 'quantity' ? { ...one, type: 'bigint' } : one,
      ),
    }));
    const models: Models = {
      gold: wide.gold,
      silver: wide.silver.map((model) =>
        model.name === 'fact_transaction_items'
          ? {
              ...model,
              columns: model.columns.map((one) =>
                one.name === 'quantity' ? { ...one, type: 'bigint' } : one,
              ),
            }
          : model,
      ),
    };
    await rowsOf(db.settings, `create role ${role}`);
    try {
      await rowsOf(db.settings, `grant select on silver.fact_transaction_items to ${role}`);
      await rowsOf(
        db.settings,
        'create view public.mine as select quantity from silver.fact_transaction_items',
      );
      await expect(promoteAll(db.settings, { models })).rejects.toMatchObject({
        hint: expect.stringMatching(/\nmedallion promote --full-refresh$/) as string,
      });
      await expect(promoteAll(db.settings, { models, fullRefresh: true })).rejects.toMatchObject({
        ...{ code: 'model' },
        message: expect.stringContaining('mine depends on it') as string,
      });
      expect(await rowsOf(db.settings, 'select quantity from public.mine')).toHaveLength(2);
      await rowsOf(db.settings, 'drop view public.mine');
      await promoteAll(db.settings, { models, fullRefresh: true });
      expect(
        await rowOf(
          db.settings,
          `select pg_typeof(min(quantity)) as type, sum(quantity) as units,
             has_table_privilege('${role}', 'silver.fact_transaction_items', 'select') as can_read
           from silver.fact_transaction_items`,
        ),
      ).toEqual({ type: 'bigint', units: '4', can_read: 't' });
    } finally {
      await rowsOf(db.settings, `drop owned by ${role}`);
      await rowsOf(db.settings, `drop role ${role}`);
    }
  });

  test('another key of a mart', async () => {
    await landEvents(db.settings, SALES);
    await promoteAll(db.settings);
    const models = changed('gold.geography_performance', () => ({
      key: ['date_key', 'city', 'country'],
      unique: ['date_key', 'country', 'city'],
    }));
    expect((await planTables(db.settings, models)).map(({ what }) => what)).toEqual([
      'key: (date_key, country, city) becomes (date_key, city, country)',
      'unique: (date_key, country, city)',
    ]);
    await promoteAll(db.settings, {
      ...{ models, fullRefresh: true, select: ['gold.geography_performance'] },
    });
    expect(
      await rowsOf(
        db.settings,
        `select pg_get_constraintdef(oid) as key from pg_constraint
         where conrelid = 'gold.geography_performance'::regclass and contype in ('p', 'u') order by contype`,
      ),
    ).toEqual([
      { key: 'PRIMARY KEY (date_key, city, country)' },
      { key: 'UNIQUE (date_key, country, city)' },
    ]);
  });
});

describe('an event of a newer minor version', () => {
  test('is taken with its new fields, which bronze keeps and nothing else sees', async () => {
    const newer = purchase({ id: 'a', at: '2026-01-01T10:00:00', version: '1.7' })
      .replace(
        '"customer":{',
        '"loyalty":{"tier":"gold","points":[1,2]},"customer":{"segment":null,',
      )
      .replace('"items":[{', '"channel":"app","items":[{"gift_wrap":true,');
    await landEvents(db.settings, [newer]);
    const { silver } = await promoteAll(db.settings);
    expect(silver).toMatchObject({ events: 1, accepted: 1, rejected: 0, written: 1 });
    expect(
      await rowsOf(
        db.settings,
        `select event_version, (select value from bronze.events) as raw from silver.fact_transactions`,
      ),
    ).toEqual([{ event_version: '1.7', raw: newer }]);
    expect(await planTables(db.settings, loadModels())).toEqual([]);

    const plain = await createTestDatabase();
    const older = purchase({ id: 'a', at: '2026-01-01T10:00:00', version: '1.7' });
    await landEvents(plain.settings, [older]);
    await promoteAll(plain.settings);
    expect(await answersOf(db.settings)).toEqual(await answersOf(plain.settings));
    await plain.drop();
    // Without its new fields the event says the same: a repeat, not a correction.
    await landEvents(db.settings, [older], { from: 1 });
    expect((await promoteAll(db.settings)).silver).toMatchObject({ duplicates: 1, superseded: 0 });
  });
});
