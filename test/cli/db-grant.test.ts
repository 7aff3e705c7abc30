import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withClient, type Client } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { runCommand, type CliOptions, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, testServer, urlOf, type TestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowOf, rowsOf } from '../support/promotion.ts';

const PASSWORD = "Pa55 wörd'$$ --\\";
/** Roles belong to the whole server: these get names of their own, which have to be quoted. */
const NAME = `o'Hara "${String(process.pid)}"`;

let folder: string;
let database: TestDatabase;
let made: string[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-grant-'));
  database = await createTestDatabase();
  made = [];
});

afterEach(async () => {
  // Tables of a role go with the database, what it was granted with the role.
  await database.drop();
  await withClient(testServer(), async (client) => {
    for (const role of made) {
      await client.query(`drop role if exists ${client.escapeIdentifier(role)}`);
    }
  });
  await rm(folder, { recursive: true, force: true });
});

async function medallion(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const env = { DATABASE_URL: database.url, ...options.env };
  return runCommand(args, { cwd: folder, ...options, env });
}

/** Makes a role by the command. */
async function grant(kind: string, role: string, ...flags: string[]): Promise<CliResult> {
  made.push(role);
  const env = { MEDALLION_ROLE_PASSWORD: PASSWORD };
  const result = await medallion(['db', 'grant', kind, role, '--create', ...flags], { env });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  expect(result.stdout + result.stderr).not.toContain(PASSWORD);
  return result;
}

function as(role: string): ConnectionSettings {
  return { ...database.settings, user: role, password: PASSWORD };
}

async function refused(client: Client, sql: string): Promise<void> {
  await expect(client.query(sql), sql).rejects.toThrow(/permission denied|must be owner/);
}

const SALES = [
  purchase({ id: 't1', at: '2026-01-01T10:00:00' }),
  purchase({ id: 't2', at: '2026-01-02T10:00:00' }),
];

function expectDenied(result: CliResult, says: RegExp): void {
  expect(result.code, result.stderr).toBe(3);
  const [line = '', hint = '', ...more] = result.stderr
    .split('\n')
    .filter((text) => text !== '' && !text.startsWith('silver') && !text.startsWith('gold'));
  expect(line).toMatch(/^error: /);
  expect(line).toMatch(says);
  expect(hint).toMatch(/^ {2}\S/);
  expect(more).toEqual([]);
}

describe('a reader', () => {
  test('reads silver and gold by bare names, of tables made before and after, and nothing else', async () => {
    const early = `early ${NAME}`;
    const late = `late ${NAME}`;
    await grant('reader', early);
    await landEvents(database.settings, [...SALES, '{"broken']);
    await promoteAll(database.settings);
    await grant('reader', late);
    for (const role of [early, late]) {
      await withClient(as(role), async (client) => {
        const answer = async (sql: string): Promise<unknown[]> =>
          (await client.query<Record<string, unknown>>(sql)).rows;
        expect(await answer('select date_key, total_orders from sales_performance')).toEqual([
          { date_key: '2026-01-01', total_orders: '1' },
          { date_key: '2026-01-02', total_orders: '1' },
        ]);
        expect(await answer('select count(*) from fact_transaction_items')).toEqual([
          { count: '2' },
        ]);
        expect(
          await answer('select waiting_events, quarantined_events from pipeline_state'),
        ).toEqual([{ waiting_events: '0', quarantined_events: '1' }]);
        for (const sql of [
          'select from bronze.events',
          'select from bronze.quarantine',
          'select from medallion.runs',
          'select from medallion.migrations',
          'insert into bronze.events select from bronze.events',
          'delete from sales_performance',
          'update silver.dim_customers set city = null',
          'truncate gold.sales_performance',
          'drop table gold.sales_performance',
          'create table gold.mine (id integer)',
          'create schema mine',
        ]) {
          await refused(client, sql);
        }
      });
    }
  });

  test('answers medallion sql; what it may not do is one clear line', async () => {
    await landEvents(database.settings, SALES);
    await promoteAll(database.settings);
    await grant('reader', NAME);
    const env = { DATABASE_URL: urlOf(as(NAME)) };
    const answer = await medallion(
      ['sql', 'select sum(total_orders) as n from sales_performance', '-o', 'csv'],
      { env },
    );
    expect(answer).toMatchObject({ code: 0, stdout: 'n\n2\n' });
    expectDenied(
      await medallion(['sql', 'select 1 from bronze.events'], { env }),
      /permission denied for schema bronze/,
    );
    expectDenied(await medallion(['promote'], { env }), /permission denied for schema medallion/);
    expectDenied(await medallion(['ingest'], { env }), /permission denied for schema medallion/);
  });

  test('goes on reading what a full refresh makes again, as do others with rights of their own', async () => {
    await landEvents(database.settings, SALES);
    await promoteAll(database.settings);
    await grant('reader', NAME);
    const other = `other ${NAME}`;
    made.push(other);
    await withClient(database.settings, async (client) => {
      const role = client.escapeIdentifier(other);
      await client.query(`create role ${role} login`);
      await client.query(`grant select on gold.sales_performance to ${role}`);
      await client.query(`grant select, insert on silver.fact_transaction_lines to ${role}`);
      // Columns that are not the model's: a refresh drops the tables and makes them again.
      await client.query('alter table gold.sales_performance add column mine integer');
      await client.query('alter table silver.fact_transaction_lines add column mine integer');
    });
    const rights = () =>
      rowsOf(
        database.settings,
        `select table_name as t, privilege_type as p from information_schema.role_table_grants
         where grantee = $1 order by 1, 2`,
        [other],
      );
    const before = await rights();
    expect(before).toHaveLength(3);
    await promoteAll(database.settings, { fullRefresh: true });
    expect(await rights()).toEqual(before);
    expect(await rowOf(as(NAME), 'select sum(total_orders) as n from sales_performance')).toEqual({
      n: '2',
    });
    expect(await rowOf(as(NAME), 'select count(*) as n from fact_transaction_items')).toEqual({
      n: '2',
    });
  });
});

describe('a loader', () => {
  test('ingests, and can neither promote, nor read, change or take away what landed', async () => {
    await grant('loader', NAME);
    await writeFile(path.join(folder, 'sales.ndjson'), [...SALES, 'not\0text'].join('\n'));
    const env = { DATABASE_URL: urlOf(as(NAME)) };
    const ingest = ['ingest', '--from', 'sales.ndjson'];
    expect(await medallion(ingest, { env })).toMatchObject({ code: 0 });
    expect(await medallion(ingest, { env })).toMatchObject({ code: 0 });
    await writeFile(path.join(folder, 'sales.ndjson'), SALES.toReversed().join('\n'));
    expect(await medallion([...ingest, '--reset-offsets'], { env })).toMatchObject({ code: 0 });
    const counts = `select (select count(*) from bronze.events) as events,
      (select count(*) from bronze.quarantine) as refused,
      (select count(*) from medallion.runs where command = 'ingest' and outcome = 'done') as runs`;
    expect(await rowOf(database.settings, counts)).toMatchObject({ refused: '1', runs: '3' });
    // Before and after there are tables to promote to.
    expectDenied(await medallion(['promote'], { env }), /permission denied for/);
    await promoteAll(database.settings);
    expectDenied(await medallion(['promote'], { env }), /permission denied for/);
    await withClient(as(NAME), async (client) => {
      for (const sql of [
        'select value from bronze.events',
        'update bronze.events set value = value',
        'delete from bronze.events',
        'delete from bronze.quarantine',
        'delete from medallion.runs',
        "update medallion.runs set command = 'promote'",
        'delete from medallion.watermarks',
        'insert into medallion.stale_dates values (now())',
        'select from silver.fact_transactions',
        'insert into gold.sales_performance select from gold.sales_performance',
        'create table bronze.mine (id integer)',
      ]) {
        await refused(client, sql);
      }
    });
  });

  test('is told what to do when the schema is not up to date', async () => {
    await grant('loader', NAME);
    await withClient(database.settings, async (client) => {
      await client.query("delete from medallion.migrations where name <> '001_books.sql'");
    });
    await writeFile(path.join(folder, 'sales.ndjson'), SALES.join('\n'));
    const result = await medallion(['ingest', '--from', 'sales.ndjson'], {
      env: { DATABASE_URL: urlOf(as(NAME)) },
    });
    expectDenied(result, /is not up to date, and user ".*" may not change it: it lacks \w+\.sql/);
    expect(result.stderr).toContain('medallion db migrate');
  });
});

describe('an owner', () => {
  test('does all there is to do, and what it makes the readers can read', async () => {
    const reader = `reader ${NAME}`;
    await grant('reader', reader);
    await grant('owner', NAME);
    await writeFile(path.join(folder, 'sales.ndjson'), SALES.join('\n'));
    const env = { DATABASE_URL: urlOf(as(NAME)) };
    for (const args of [
      ['db', 'migrate'],
      ['ingest', '--from', 'sales.ndjson'],
      ['promote'],
      ['promote', '--full-refresh'],
      ['report'],
    ]) {
      const result = await medallion(args, { env });
      expect(result, result.stderr).toMatchObject({ code: 0 });
    }
    const orders = 'select sum(total_orders) as n from sales_performance';
    expect(await rowOf(as(reader), orders)).toEqual({ n: '2' });
    expect(
      await rowsOf(
        database.settings,
        `select distinct tableowner as owner from pg_tables
         where schemaname in ('bronze', 'silver', 'gold', 'medallion')`,
      ),
    ).toEqual([{ owner: NAME }]);
    // Who did all this before goes on, and a reader that comes after it reads too.
    expect(await medallion(['promote', '--full-refresh'])).toMatchObject({ code: 0 });
    const late = `late ${NAME}`;
    await grant('reader', late);
    expect(await medallion(['promote', '--full-refresh'], { env })).toMatchObject({ code: 0 });
    expect(await rowOf(as(late), orders)).toEqual({ n: '2' });
    expect(await medallion(['db', 'reset', '--yes'], { env })).toMatchObject({ code: 0 });
  });

  test('who is no superuser can hand the warehouse over and keeps what it could do', async () => {
    const before = `before ${NAME}`;
    made.push(before);
    const own = await createTestDatabase({ empty: true });
    try {
      await withClient(own.settings, async (client) => {
        const role = client.escapeIdentifier(before);
        await client.query(`create role ${role} login createrole password 'p'`);
        await client.query(
          `alter database ${client.escapeIdentifier(own.settings.database)} owner to ${role}`,
        );
      });
      const env = {
        DATABASE_URL: urlOf({ ...own.settings, user: before, password: 'p' }),
        MEDALLION_ROLE_PASSWORD: PASSWORD,
      };
      made.push(NAME, `reader ${NAME}`);
      for (const args of [
        ['db', 'grant', 'owner', NAME, '--create'],
        ['db', 'grant', 'reader', `reader ${NAME}`, '--create'],
        ['promote'],
        ['report'],
      ]) {
        const result = await medallion(args, { env });
        expect(result, result.stderr).toMatchObject({ code: 0 });
      }
      const promoter = { DATABASE_URL: urlOf({ ...as(NAME), database: own.settings.database }) };
      expect(await medallion(['promote', '--full-refresh'], { env: promoter })).toMatchObject({
        code: 0,
      });
    } finally {
      await own.drop();
    }
  });
});

describe('the command', () => {
  test('prints what it does, and with --dry-run does nothing', async () => {
    const dry = await medallion(['db', 'grant', 'reader', NAME, '--create', '--dry-run'], {
      env: { MEDALLION_ROLE_PASSWORD: PASSWORD },
    });
    expect(dry.code).toBe(0);
    const role = `"${NAME.replaceAll('"', '""')}"`;
    expect(dry.stdout).toContain(
      `create role ${role} login;\nalter role ${role} password '***';\n`,
    );
    expect(dry.stdout).toMatch(/^grant select on gold\.\w+, .*gold\.restatements to /m);
    const exists = async () =>
      rowsOf(testServer(), 'select rolname from pg_roles where rolname = $1', [NAME]);
    expect(await exists()).toEqual([]);
    const done = await grant('reader', NAME, '--output', 'json');
    expect(await exists()).toHaveLength(1);
    const statements = JSON.parse(done.stdout) as { statement: string }[];
    expect(statements.map(({ statement }) => `${statement};\n`).join('')).toBe(dry.stdout);
  });

  test('again, and ten at once, is no harm', async () => {
    made.push(NAME);
    const role = `shared ${NAME}`;
    await grant('loader', role);
    const all = await Promise.all(
      ['reader', 'loader', 'owner', 'reader', 'loader', 'owner'].map((kind) =>
        medallion(['db', 'grant', kind, role]),
      ),
    );
    expect(all.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(
      all.map(() => [0, '']),
    );
  });

  test('keeps the password from the server: what it stores is what the server would have made of it', async () => {
    await grant('reader', NAME);
    const { verifier } = await rowOf(
      testServer(),
      `select rolpassword as verifier from pg_authid where rolname = '${NAME.replaceAll("'", "''")}'`,
    );
    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:[^$]+\$[^:]+:[^:]+$/);
    // That the server takes the password by it is what every other test here begins with.
    await expect(rowOf({ ...as(NAME), password: 'wrong' }, 'select 1')).rejects.toMatchObject({
      code: 'denied',
    });
  });

  test.each([
    ['a role that is not there', ['reader', 'nobody at all'], /^error: there is no role "nobody/],
    [
      'a name that is taken by PostgreSQL',
      ['reader', 'pg_mine', '--create'],
      /^error: PostgreSQL reserves the name/,
    ],
    ['everybody', ['reader', 'public'], /^error: "public" cannot be the name of a role/],
    [
      'a name too long',
      ['reader', 'x'.repeat(64)],
      /^error: the name of a role has at most 63 bytes/,
    ],
    ['a kind that is none', ['writer', 'x'], /Allowed choices are reader, loader, owner/],
    [
      'a prompt without a terminal',
      ['reader', 'x', '--password-prompt'],
      /^error: there is no terminal/,
    ],
  ])('%s is one clear refusal', async (_, args, says) => {
    const result = await medallion(['db', 'grant', ...args]);
    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(says);
    expect(result.stdout).toBe('');
  });

  test('by somebody who may not is one clear refusal', async () => {
    await grant('loader', NAME);
    const result = await medallion(['db', 'grant', 'reader', 'x', '--create'], {
      env: { DATABASE_URL: urlOf(as(NAME)) },
    });
    expectDenied(result, /may not make "x" a reader in .*: permission denied/);
  });
});
