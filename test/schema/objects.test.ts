import { randomBytes } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModels } from '../../src/model/load.ts';
import { withClient } from '../../src/postgres/client.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { grantRole } from '../../src/schema/grants.ts';
import { dropWarehouse } from '../../src/postgres/warehouse.ts';
import { planTables } from '../../src/promote/plan.ts';
import { runCommand } from '../support/cli.ts';
import { withTestHome } from '../support/home.ts';
import { ageWarehouse } from '../support/older-version.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, testServer, type TestDatabase } from '../support/postgres.ts';
import { answersOf, dryRunAll, landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

/** A database that medallion shares with others, which have tables of their own in schemas of its names. */

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await landEvents(db.settings, [purchase({ id: 'a', at: '2026-01-01T10:00:00' })]);
});

afterEach(async () => {
  await db.drop();
});

async function execute(sql: string): Promise<void> {
  await withClient(db.settings, (client) => client.query(sql));
}

/** What the four schemas hold that is, or is not, medallion's by its own record; functions without their arguments. */
async function objects(isOwn: boolean): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    'select identity from medallion.schema_objects where is_own = $1 order by 1',
    [isOwn],
  );
  return rows.map(({ identity }) => bare(identity ?? ''));
}

function bare(identity: string): string {
  return identity.replace(/\(.*/, '');
}

const FOREIGN = `
  create table gold.finance as select 42 as answer;
  create view gold.finance_view as select answer from gold.finance;
  create materialized view silver.copied as select 1 as one;
  create sequence bronze.numbers;
  create type medallion.mood as enum ('sad', 'happy');
  create function gold.twice(integer) returns integer language sql as 'select $1 * 2';`;
const FOREIGN_NAMES = [
  'bronze.numbers',
  'gold.finance',
  'gold.finance_view',
  'gold.twice',
  'medallion.mood',
  'silver.copied',
];

describe('medallion knows what it has made', () => {
  test('by its migrations and its models, and nothing else', async () => {
    expect(await objects(false)).toEqual([]);
    await execute(FOREIGN);
    await promoteAll(db.settings);
    expect(await objects(false)).toEqual(FOREIGN_NAMES);
    const { silver, gold } = loadModels();
    expect(await objects(true)).toEqual(
      expect.arrayContaining([
        'bronze.events',
        'gold.events_outside_silver',
        'medallion.objects',
        ...[...silver, ...gold].map(({ id }) => id),
      ]),
    );
  });

  test('a table of its name that somebody made in place of it, or that somebody renamed, is not one of them', async () => {
    await promoteAll(db.settings);
    await execute(`
      alter table gold.sales_performance rename to sales_of_last_year;
      create table gold.sales_performance (like gold.sales_of_last_year including all)`);
    expect(await objects(false)).toEqual(['gold.sales_of_last_year', 'gold.sales_performance']);
    await expect(promoteAll(db.settings)).rejects.toMatchObject({ code: 'config' });
    // Dropped, it is made again, and known again.
    await execute('drop table gold.sales_performance');
    await promoteAll(db.settings);
    expect(await objects(false)).toEqual(['gold.sales_of_last_year']);
  });

  test('after a dump was restored, when every oid is another one', async () => {
    await promoteAll(db.settings);
    const copy = `select schema_name, name, object_id, record_id from medallion.objects`;
    const dumped = await rowsOf(db.settings, copy);
    const restored = await createTestDatabase();
    try {
      // A table of this database before those of medallion, so that no oid is the same.
      await withClient(restored.settings, async (client) => {
        await client.query('drop schema bronze, silver, gold, medallion cascade');
        await client.query('create table public.before (id integer)');
        await migrate(client);
      });
      await promoteAll(restored.settings);
      await withClient(restored.settings, async (client) => {
        await client.query('delete from medallion.objects');
        for (const { schema_name, name, object_id, record_id } of dumped) {
          await client.query(
            'insert into medallion.objects (schema_name, name, object_id, record_id) values ($1, $2, $3, $4)',
            [schema_name, name, object_id, record_id],
          );
        }
      });
      expect(await rowsOf(restored.settings, copy)).toEqual(dumped);
      await landEvents(restored.settings, [purchase({ id: 'b', at: '2026-01-02T10:00:00' })]);
      await promoteAll(restored.settings);
      // From then on oids decide again.
      await withClient(restored.settings, (client) =>
        client.query(
          'drop view silver.customer_states cascade; create table silver.customer_states (id integer)',
        ),
      );
      await expect(promoteAll(restored.settings)).rejects.toMatchObject({ code: 'config' });
      expect(await dropWarehouse(restored.settings)).toEqual([
        { kind: 'table', identity: 'silver.customer_states' },
      ]);
    } finally {
      await restored.drop();
    }
  });

  test('in a warehouse of a version that did not record it', async () => {
    await promoteAll(db.settings);
    const before = await answersOf(db.settings);
    const own = await objects(true);
    await ageWarehouse(db.settings);
    await execute(FOREIGN);
    // Somebody's own words for a mart do not make it theirs: a promotion has written to it.
    await execute(`comment on table gold.sales_performance is 'What the board looks at'`);
    // Nor do somebody's words for a table of theirs make it medallion's.
    await execute(`comment on table gold.finance is 'Sums: one row per answer'`);
    await withClient(db.settings, (client) => migrate(client));
    expect(await objects(true)).toEqual(own);
    expect(await objects(false)).toEqual(FOREIGN_NAMES);
    await promoteAll(db.settings);
    expect(await answersOf(db.settings)).toEqual(before);
  });

  test('also what a migration to come makes', async () => {
    await withTestHome(async (folder) => {
      const migrations = fileURLToPath(new URL('../../sql/migrations/', import.meta.url));
      await cp(migrations, folder, { recursive: true });
      await writeFile(
        path.join(folder, '900_more.sql'),
        `create table gold.more (id integer);
         create function medallion.more() returns integer language sql as 'select 1';
         drop view gold.pipeline_models;
         create view gold.pipeline_models as select run_id from medallion.run_models;`,
      );
      await execute(FOREIGN);
      await withClient(db.settings, (client) => migrate(client, folder));
    });
    expect(await objects(false)).toEqual(FOREIGN_NAMES);
    expect(await objects(true)).toEqual(
      expect.arrayContaining(['gold.more', 'gold.pipeline_models', 'medallion.more']),
    );
  });
});

describe('a name that is taken is refused, and what has it stays as it was', () => {
  test.each([
    ['table', 'silver.dim_customers', `create table silver.dim_customers as select 'Ada' as name`],
    ['table', 'gold.sales_performance', 'create table gold.sales_performance (id integer)'],
    [
      'table',
      'silver.fact_transactions',
      'create table silver.fact_transactions (id integer) partition by range (id)',
    ],
    ['view', 'silver.dim_products', 'create view silver.dim_products as select 1 as id'],
    ['view', 'silver.customer_states', 'create view silver.customer_states as select 1 as id'],
    [
      'materialized view',
      'gold.customer_days',
      'create materialized view gold.customer_days as select 1 as id',
    ],
    ['sequence', 'silver.dim_date', 'create sequence silver.dim_date'],
    ['type', 'silver.dim_currency', `create type silver.dim_currency as enum ('EUR')`],
  ])('by a %s: %s', async (kind, id, sql) => {
    await execute(sql);
    const refusal = {
      code: 'config',
      exitCode: 2,
      message: `${id} is a ${kind} that medallion did not make`,
      hint: expect.stringMatching(
        /^Nothing was changed\. Rename it, move it to another schema, or give/,
      ) as string,
    };
    const held = await objects(false);
    await expect(promoteAll(db.settings)).rejects.toMatchObject(refusal);
    await expect(promoteAll(db.settings, { fullRefresh: true })).rejects.toMatchObject(refusal);
    await expect(dryRunAll(db.settings)).rejects.toMatchObject(refusal);
    await expect(planTables(db.settings, loadModels())).rejects.toMatchObject(refusal);
    expect(await objects(false)).toEqual(held);
  });

  test.each([
    ['report', []],
    ['report', ['--section', 'days']],
    ['export', ['gold.sales_performance', '--to', 'csv', '--out', '-']],
  ])('which %s %j says without a defect', async (command, args) => {
    await execute('create table gold.sales_performance (id integer)');
    await withTestHome(async (home) => {
      const result = await runCommand([command, ...args], {
        env: { DATABASE_URL: db.url, MEDALLION_HOME: home },
        cwd: tmpdir(),
      });
      expect(result.code, result.stderr).toBe(2);
      expect(result.stderr).toMatch(/^error: .*column .* does not exist\n.*promote --plan/s);
    });
  });

  test('by an index, which PostgreSQL itself refuses', async () => {
    await execute(
      'create table gold.finance (id integer); create index sales_performance on gold.finance (id)',
    );
    await expect(promoteAll(db.settings)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('relation "sales_performance" already exists') as string,
    });
  });

  test('by a function of a migration', async () => {
    await dropWarehouse(db.settings);
    await execute(
      `create schema medallion;
       create function medallion.text_of(raw bytea) returns text language sql as 'select null::text'`,
    );
    await withTestHome(async (home) => {
      const result = await runCommand(['db', 'migrate'], {
        env: { DATABASE_URL: db.url, MEDALLION_HOME: home },
        cwd: tmpdir(),
      });
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('function "text_of" already exists');
    });
  });

  test('by the command, with exit code 2 and no advice that would empty it', async () => {
    await execute(`create table silver.dim_customers as select 'Ada' as name`);
    await withTestHome(async (home) => {
      for (const args of [
        ['promote'],
        ['promote', '--full-refresh'],
        ['promote', '--plan'],
        ['promote', '--dry-run'],
      ]) {
        const result = await runCommand(args, {
          env: { DATABASE_URL: db.url, MEDALLION_HOME: home },
          cwd: tmpdir(),
        });
        expect(result.code, result.stderr).toBe(2);
        expect(result.stderr).toContain('silver.dim_customers is a table that medallion did not');
        expect(result.stderr).not.toContain('--full-refresh');
      }
    });
    expect(await rowsOf(db.settings, 'select * from silver.dim_customers')).toEqual([
      { name: 'Ada' },
    ]);
  });
});

describe('dropping the warehouse', () => {
  const SCHEMAS = `select nspname as name from pg_namespace
    where nspname in ('bronze', 'silver', 'gold', 'medallion') order by 1`;

  test("takes what is medallion's, names what is not, and keeps the schemas that are in use", async () => {
    await promoteAll(db.settings);
    await execute('create table gold.finance as select 42 as answer');
    const left = await dropWarehouse(db.settings);
    expect(left).toEqual([{ kind: 'table', identity: 'gold.finance' }]);
    expect(await rowsOf(db.settings, 'select * from gold.finance')).toEqual([{ answer: '42' }]);
    expect(await rowsOf(db.settings, SCHEMAS)).toEqual([{ name: 'gold' }]);
    // And again from nothing, beside it.
    await withClient(db.settings, (client) => migrate(client));
    await promoteAll(db.settings);
    expect(await objects(false)).toEqual(['gold.finance']);
  });

  test('leaves all kinds of objects', async () => {
    await execute(FOREIGN);
    await promoteAll(db.settings);
    const left = await dropWarehouse(db.settings);
    expect(left.map(({ identity }) => bare(identity)).sort()).toEqual(FOREIGN_NAMES);
    expect(await rowsOf(db.settings, SCHEMAS)).toHaveLength(4);
  });

  test('takes a mart whose model is gone', async () => {
    await promoteAll(db.settings);
    const { silver, gold } = loadModels();
    const models = { silver, gold: gold.filter(({ name }) => name !== 'payment_performance') };
    await landEvents(db.settings, [purchase({ id: 'b', at: '2026-01-02T10:00:00' })], { from: 1 });
    await promoteAll(db.settings, { models });
    expect(await dropWarehouse(db.settings)).toEqual([]);
    expect(await rowsOf(db.settings, SCHEMAS)).toEqual([]);
  });

  test('is refused while a view of somebody else depends on it, unless that is to go with it', async () => {
    await promoteAll(db.settings);
    await execute(
      `create view public.board as select total_orders from gold.sales_performance;
       create table public.notes (transaction_id text references silver.fact_transactions (transaction_id))`,
    );
    await expect(dropWarehouse(db.settings)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(
        'view board depends on table gold.sales_performance',
      ) as string,
      hint: expect.stringMatching(/^Nothing was dropped\..*--cascade$/) as string,
    });
    expect(await rowsOf(db.settings, 'select * from public.board')).toHaveLength(1);
    expect(await dropWarehouse(db.settings, { cascade: true })).toEqual([]);
    expect(
      await rowsOf(
        db.settings,
        `select to_regclass('public.board') as b, to_regclass('public.notes') as n`,
      ),
    ).toEqual([{ b: null, n: 'notes' }]);
  });

  test('finds its own in a warehouse of a version that did not record it', async () => {
    await promoteAll(db.settings);
    await ageWarehouse(db.settings);
    await execute('create table silver.mine (id integer)');
    expect(await dropWarehouse(db.settings)).toEqual([{ kind: 'table', identity: 'silver.mine' }]);
  });

  test('does nothing where medallion never was', async () => {
    const other = await createTestDatabase({ empty: true });
    try {
      await withClient(other.settings, (client) =>
        client.query('create schema gold; create table gold.finance (id integer)'),
      );
      await dropWarehouse(other.settings);
      expect(await rowsOf(other.settings, 'select * from gold.finance')).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  test('by the command says what stays', async () => {
    await promoteAll(db.settings);
    await execute('create table gold.finance as select 42 as answer');
    await withTestHome(async (home) => {
      const options = { env: { DATABASE_URL: db.url, MEDALLION_HOME: home }, cwd: tmpdir() };
      await execute('create view public.board as select date_key from gold.sales_performance');
      const refused = await runCommand(['db', 'reset', '--yes'], options);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('view board depends on');
      const done = await runCommand(['db', 'reset', '--yes', '--cascade'], options);
      expect(done.code).toBe(0);
      expect(done.stderr).toContain('What others have made stays: table gold.finance');
    });
  });
});

describe('rights', () => {
  const ROLES: string[] = [];

  afterEach(async () => {
    await withClient(testServer(), async (client) => {
      for (const role of ROLES.splice(0)) {
        await client.query(`drop role if exists ${role}`);
      }
    });
  });

  /** A role that lives as long as the test. */
  function newRole(): string {
    const role = `role_${randomBytes(6).toString('hex')}`;
    ROLES.push(role);
    return role;
  }

  const granted = async (kind: 'reader' | 'owner', role: string): Promise<void> => {
    await grantRole(db.settings, {
      ...{ kind, role, create: true, password: undefined, dryRun: false },
    });
  };

  test("a reader may read medallion's tables, and nobody else's", async () => {
    await execute(FOREIGN);
    await promoteAll(db.settings);
    const role = newRole();
    await granted('reader', role);
    expect(
      await rowsOf(
        db.settings,
        `select has_table_privilege($1, 'gold.sales_performance', 'select')::text as own,
                has_table_privilege($1, 'gold.finance', 'select')::text as other,
                has_table_privilege($1, 'silver.copied', 'select')::text as copied`,
        [role],
      ),
    ).toEqual([{ own: 'true', other: 'false', copied: 'false' }]);
    // Who may not read the record may look all the same.
    await execute(`alter role ${role} password 'sesame'`);
    const settings = { ...db.settings, user: role, password: 'sesame' };
    expect(await planTables(settings, loadModels())).toEqual([]);
    await db.drop();
  });

  test("an owner owns what is medallion's, and works in a schema that stays somebody else's", async () => {
    await execute(FOREIGN);
    await promoteAll(db.settings);
    const role = newRole();
    await granted('owner', role);
    const owners = await rowsOf(
      db.settings,
      `select c.relname as name, (pg_get_userbyid(relowner) = $1)::text as is_theirs
       from pg_class c join pg_namespace n on n.oid = relnamespace
       where n.nspname = 'gold' and c.relname in ('finance', 'finance_view', 'sales_performance') order by 1`,
      [role],
    );
    expect(owners).toEqual([
      { name: 'finance', is_theirs: 'false' },
      { name: 'finance_view', is_theirs: 'false' },
      { name: 'sales_performance', is_theirs: 'true' },
    ]);
    await execute(`alter role ${role} password 'sesame'`);
    const settings = { ...db.settings, user: role, password: 'sesame' };
    await landEvents(db.settings, [purchase({ id: 'b', at: '2026-01-02T10:00:00' })], { from: 1 });
    await promoteAll(settings, { fullRefresh: true });
    const left = await dropWarehouse(settings);
    expect(left.map(({ identity }) => bare(identity)).sort()).toEqual(FOREIGN_NAMES);
    await db.drop();
  });
});
