import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { parseConfig, type Config } from '../../src/config.ts';
import { MedallionError } from '../../src/errors.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import {
  dropWarehouse,
  migrateWarehouse,
  warehouseState,
  withWarehouse,
} from '../../src/postgres/warehouse.ts';
import { withTestHome } from '../support/home.ts';
import { createTestDatabase, testServer, urlOf, withDatabase } from '../support/postgres.ts';

const context = { signal: new AbortController().signal, emit: () => undefined };

function configFor(settings: ConnectionSettings): Config {
  return parseConfig({ databaseUrl: urlOf(settings) }, {}, tmpdir());
}

async function failureOf(work: Promise<unknown>): Promise<MedallionError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MedallionError) {
      return error;
    }
    throw error;
  }
  throw new Error('it did not fail');
}

test("a server of one's own is migrated before the work begins", async () => {
  await withDatabase(
    async ({ settings }) => {
      const migration = await withWarehouse(configFor(settings), context, async (given) => {
        expect(given).toMatchObject(settings);
        return (await warehouseState(given)).migration;
      });
      expect(migration).toMatch(/^\d+_.*\.sql$/);
    },
    { empty: true },
  );
});

test('without migrate the database stays as it is', async () => {
  await withDatabase(
    async ({ settings }) => {
      await withWarehouse(configFor(settings), context, () => Promise.resolve(), {
        migrate: false,
      });
      expect(await warehouseState(settings)).toMatchObject({ migration: undefined });
    },
    { empty: true },
  );
});

test('dropped, nothing is left; migrated again, everything is there', async () => {
  await withDatabase(async ({ settings }) => {
    await dropWarehouse(settings);
    expect(await warehouseState(settings)).toMatchObject({ migration: undefined });
    const applied = await migrateWarehouse(settings);
    expect(applied[0]).toBe('001_books.sql');
    expect(await warehouseState(settings)).toMatchObject({ migration: applied.at(-1) });
  });
});

test('tables that another session is using are not dropped', async () => {
  await withDatabase(async ({ settings }) => {
    await withClient(settings, async (client) => {
      await client.query('begin; lock table bronze.events in access share mode');
      expect((await failureOf(dropWarehouse(settings))).code).toBe('locked');
    });
    expect((await warehouseState(settings)).migration).toBeDefined();
  });
});

test('the embedded server runs for the work and stops after it, also when the work fails', async () => {
  await withTestHome(async (home) => {
    const config = parseConfig({ home }, {}, tmpdir());
    let settings: ConnectionSettings | undefined;
    const failing = withWarehouse(config, context, async (given) => {
      settings = given;
      expect((await warehouseState(given)).migration).toBeDefined();
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    if (settings === undefined) {
      throw new Error('the work did not begin');
    }
    expect((await failureOf(warehouseState(settings))).code).toBe('unreachable');
  });
});

describe('a server that cannot be used', () => {
  const run = (settings: ConnectionSettings): Promise<MedallionError> =>
    failureOf(withWarehouse(configFor(settings), context, () => Promise.resolve()));

  test('a wrong password', async () => {
    const error = await run({ ...testServer(), password: 'not-the-one' });
    expect(error).toMatchObject({ code: 'denied', exitCode: 3 });
    expect(`${error.message} ${error.hint ?? ''}`).not.toContain('not-the-one');
  });

  test('a database that does not exist', async () => {
    const error = await run({ ...testServer(), database: 'no_such_database' });
    expect(error).toMatchObject({ code: 'unreachable', exitCode: 3, retriable: false });
    expect(error.message).toContain('no_such_database');
    expect(`${error.message} ${error.hint ?? ''}`).not.toContain(testServer().password);
  });

  test('a port where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close();
    await once(server, 'close');
    const error = await run({ ...testServer(), host: '127.0.0.1', port, password: 'a-secret' });
    expect(error).toMatchObject({ code: 'unreachable', exitCode: 3, retriable: true });
    expect(error.message).toContain(`127.0.0.1:${String(port)}`);
    expect(`${error.message} ${error.hint ?? ''}`).not.toContain('a-secret');
  });

  test('a user without the right to make schemas', async () => {
    const database = await createTestDatabase({ empty: true });
    const user = `reader_${database.settings.database}`;
    try {
      await withClient(database.settings, (client) =>
        client.query(`create role ${pg.escapeIdentifier(user)} login password 'reads-only'`),
      );
      const error = await run({ ...database.settings, user, password: 'reads-only' });
      expect(error).toMatchObject({ code: 'denied', exitCode: 3 });
      expect(error.hint).toContain(
        `grant create on database "${database.settings.database}" to "${user}"`,
      );
    } finally {
      await database.drop();
      await withClient(testServer(), (client) =>
        client.query(`drop role if exists ${pg.escapeIdentifier(user)}`),
      );
    }
  });

  test('a database that only reads, for work that writes or a schema that is still to be made', async () => {
    await withDatabase(
      async ({ settings }) => {
        const name = pg.escapeIdentifier(settings.database);
        await withClient(settings, (client) =>
          client.query(`alter database ${name} set default_transaction_read_only = on`),
        );
        const readOnly = { code: 'unreachable', exitCode: 3, retriable: true };
        const error = await run(settings);
        expect(error).toMatchObject(readOnly);
        expect(error.message).toMatch(/ is read-only$/);
        const writing = withWarehouse(configFor(settings), context, () => Promise.resolve(), {
          migrate: false,
          writes: true,
        });
        expect(await failureOf(writing)).toMatchObject(readOnly);
      },
      { empty: true },
    );
  });

  test.each([
    ['LATIN1', 'C'],
    ['SQL_ASCII', 'C'],
    ['EUC_JP', 'C'],
  ])('a database in %s', async (encoding, locale) => {
    const name = `test_${encoding.toLowerCase()}_${String(process.pid)}`;
    await withClient(testServer(), async (client) => {
      await client.query(
        `create database ${name} template template0 encoding '${encoding}' locale '${locale}'`,
      );
      try {
        const error = await run({ ...testServer(), database: name });
        expect(error).toMatchObject({ code: 'config', exitCode: 2 });
        expect(error.message).toContain(`has the encoding ${encoding}; medallion needs UTF8`);
        expect(error.hint).toContain('-E UTF8 -T template0');
      } finally {
        await client.query(`drop database ${name} with (force)`);
      }
    });
  });

  test('a database where another program has tables of these names', async () => {
    await withDatabase(
      async ({ settings }) => {
        await withClient(settings, (client) =>
          client.query('create schema bronze; create table bronze.events (id integer)'),
        );
        const error = await run(settings);
        expect(error).toMatchObject({ code: 'config', exitCode: 2 });
        expect(error.message).toContain('"events" already exists');
      },
      { empty: true },
    );
  });
});
