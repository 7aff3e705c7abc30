import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { query } from '../../src/postgres/query.ts';
import { withWarehouse } from '../../src/postgres/warehouse.ts';
import { parseConfig } from '../../src/config.ts';
import { runCli } from '../support/cli.ts';
import { withTestHome } from '../support/home.ts';
import { createTestDatabase, testServer, urlOf, type TestDatabase } from '../support/postgres.ts';
import {
  landEvents,
  openTestEngine,
  promoteAll,
  quietContext,
  rowsOf,
} from '../support/promotion.ts';
import { event } from '../support/wire-event.ts';

/** What a role may have that makes its sessions others than ours are. */
const OF_THE_ROLE = {
  client_encoding: 'LATIN1',
  TimeZone: 'Asia/Tokyo',
  DateStyle: 'German',
  IntervalStyle: 'iso_8601',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
  statement_timeout: '700ms',
  lock_timeout: '600ms',
  idle_session_timeout: '1h',
  idle_in_transaction_session_timeout: '1h',
  transaction_timeout: '1h',
};
const OURS = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
};
const SHOWN = `select name, current_setting(name) as setting
  from unnest(string_to_array('${Object.keys(OURS).join(',')}', ',')) as name`;

let database: TestDatabase;
/** The database, as that role. */
let settings: ConnectionSettings;

beforeAll(async () => {
  database = await createTestDatabase();
  const user = `odd_${randomBytes(6).toString('hex')}`;
  settings = { ...database.settings, user, password: 'sesame' };
  await withClient(database.settings, async (client) => {
    await client.query(`create role ${user} superuser login password 'sesame'`);
    for (const [name, value] of Object.entries(OF_THE_ROLE)) {
      await client.query(`alter role ${user} set ${name} = '${value}'`);
    }
  });
});

afterAll(async () => {
  await database.drop();
  await withClient(testServer(), (client) => client.query(`drop role ${settings.user}`));
});

const namesAndSettings = (rows: readonly Record<string, string | null>[]): unknown =>
  Object.fromEntries(rows.map(({ name, setting }) => [name ?? '', setting]));

test('a session is what ours are, whatever the role has: of pg, and of DuckDB', async () => {
  expect(namesAndSettings(await rowsOf(settings, SHOWN))).toEqual(OURS);
  const config = parseConfig({ databaseUrl: urlOf(settings) }, {}, process.cwd());
  await withWarehouse(config, quietContext(), async (known) => {
    const engine = await openTestEngine(known);
    const session = await engine.openSession();
    const sql = `select * from postgres_query('warehouse', '${SHOWN.replaceAll("'", "''")}')`;
    expect(namesAndSettings(await session.query(sql))).toEqual(OURS);
    await engine.close();
  });
});

test('text goes through every client as it is', async () => {
  const city = 'Köln 東京';
  await landEvents(settings, [event({ customer: { city: JSON.stringify(city) } })]);
  await promoteAll(settings);
  expect(await rowsOf(settings, 'select city from silver.dim_customers')).toEqual([{ city }]);
});

test('a statement of a person has the limits of the role, which the text may lift', async () => {
  const ask = async (sql: string, write = false): Promise<void> =>
    query(settings, sql, { write, signal: new AbortController().signal }, () => Promise.resolve());
  const ended = {
    code: 'denied',
    exitCode: 3,
    message: expect.stringContaining('canceling statement due to statement timeout') as string,
    hint: expect.stringContaining('alter role .. set ..') as string,
  };
  await expect(ask('select pg_sleep(5)')).rejects.toMatchObject(ended);
  await expect(ask('select pg_sleep(5)', true)).rejects.toMatchObject(ended);
  await ask('set statement_timeout = 0; select pg_sleep(1)');
});

test('DuckDB reports a statement that the server ended', async () => {
  const engine = await openTestEngine(database.settings);
  const session = await engine.openSession();
  const slow = session.openInput({ id: 'silver.slow', sql: 'select pg_sleep(60)', keep: true });
  const ended = expect(slow).rejects.toMatchObject({
    code: 'denied',
    message:
      'PostgreSQL ended a statement of the promotion: canceling statement due to user request',
  });
  const cancel = `select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%pg_sleep(60)%'`;
  await expect.poll(() => rowsOf(database.settings, cancel)).toHaveLength(1);
  await ended;
  await engine.close();
});

/** Every variable that libpq reads, at a value that would break a connection or change what comes of it. */
const OF_LIBPQ = {
  ...{
    PGHOST: '192.0.2.1',
    PGHOSTADDR: '192.0.2.1',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGDATABASE: 'none',
  },
  ...{
    PGPASSWORD: 'wrong',
    PGPASSFILE: '/none',
    PGCHANNELBINDING: 'require',
    PGREQUIREAUTH: 'none',
  },
  ...{ PGCONNECT_TIMEOUT: 'x', PGCLIENTENCODING: 'LATIN1', PGOPTIONS: '-c statement_timeout=1' },
  ...{ PGAPPNAME: 'another', PGSSLMODE: 'verify-full', PGSSLNEGOTIATION: 'direct' },
  ...{ PGSSLCERT: '/none', PGSSLKEY: '/none', PGSSLCERTMODE: 'require', PGSSLROOTCERT: '/none' },
  ...{ PGSSLCRL: '/none', PGSSLCRLDIR: '/none', PGSSLSNI: 'x', PGSSLCOMPRESSION: 'x' },
  ...{ PGREQUIREPEER: 'nobody', PGMINPROTOCOLVERSION: '9', PGMAXPROTOCOLVERSION: '1' },
  ...{ PGSSLMINPROTOCOLVERSION: 'x', PGSSLMAXPROTOCOLVERSION: 'x', PGGSSENCMODE: 'require' },
  ...{ PGKRBSRVNAME: 'x', PGGSSDELEGATION: '1', PGTARGETSESSIONATTRS: 'standby' },
  ...{ PGLOADBALANCEHOSTS: 'x', PGREQUIRESSL: '1', PGREPLICATION: 'true' },
};

test('no variable of libpq reaches a client of ours', async () => {
  const before = { ...process.env };
  Object.assign(process.env, OF_LIBPQ);
  try {
    expect(await rowsOf(database.settings, 'show application_name')).toEqual([
      { application_name: 'medallion' },
    ]);
    const engine = await openTestEngine(database.settings);
    const session = await engine.openSession();
    expect(
      await session.query(
        `select * from postgres_query('warehouse', 'select current_setting(''application_name'') as name')`,
      ),
    ).toEqual([{ name: 'medallion' }]);
    await engine.close();
  } finally {
    for (const name of Object.keys(OF_LIBPQ)) {
      Reflect.deleteProperty(process.env, name);
    }
    Object.assign(process.env, before);
  }
});

test('the embedded server is found and filled, whatever the environment has for psql', async () => {
  await withTestHome(async (home) => {
    const { PGHOST, PGUSER, PGDATABASE, ...others } = OF_LIBPQ;
    expect([PGHOST, PGUSER, PGDATABASE]).not.toContain(undefined);
    const env = {
      ...others,
      ...{ PGSERVICE: 'none', PGSERVICEFILE: '/none', PGTZ: 'Asia/Tokyo', PGDATESTYLE: 'German' },
      MEDALLION_HOME: home,
    };
    const { code, stderr } = await runCli(['demo', '--count', '50'], { env });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  });
});

test('an engine that reaches another database than the one that was looked at writes nothing', async () => {
  const config = parseConfig({ databaseUrl: urlOf(testServer()) }, {}, process.cwd());
  await withWarehouse(
    config,
    quietContext(),
    async ({ facts }) => {
      const { host, port } = database.settings;
      const other = { ...database.settings, ...(facts === undefined ? {} : { facts }) };
      await expect(openTestEngine(other)).rejects.toMatchObject({
        code: 'config',
        message: expect.stringMatching(
          new RegExp(
            `^${host}:${port} leads to two servers: medallion reaches system (\\d+), database \\d+, DuckDB reaches system \\1, database \\d+$`,
          ),
        ) as string,
      });
    },
    { migrate: false },
  );
});
