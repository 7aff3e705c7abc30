import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { withDatabase } from '../support/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../sql/migrations/', import.meta.url));
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** A copy of the migrations to edit. */
async function copyOfMigrations(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-migrations-'));
  folders.push(folder);
  await cp(MIGRATIONS, folder, { recursive: true });
  return folder;
}

test('an empty database gets every schema; a second run finds nothing to do', async () => {
  await withDatabase(
    async ({ settings }) => {
      await withClient(settings, async (client) => {
        expect(await migrate(client)).toContain('001_books.sql');
        expect(await migrate(client)).toEqual([]);
        const { rows } = await client.query(
          `select nspname from pg_namespace where nspname in ('bronze', 'silver', 'gold', 'medallion') order by 1`,
        );
        expect(rows.map((row: { nspname: string }) => row.nspname)).toEqual([
          'bronze',
          'gold',
          'medallion',
          'silver',
        ]);
      });
    },
    { empty: true },
  );
});

test('ten at once on an empty database: each file is applied once, nobody fails', async () => {
  await withDatabase(
    async ({ settings }) => {
      const applied = await Promise.all(
        Array.from({ length: 10 }, () => withClient(settings, (client) => migrate(client))),
      );
      expect(applied.flat().filter((name) => name === '001_books.sql')).toHaveLength(1);
    },
    { empty: true },
  );
});

test('a new file is applied to a database that has the older ones', async () => {
  const folder = await copyOfMigrations();
  await writeFile(
    path.join(folder, '900_extra.sql'),
    'create table medallion.extra (id integer primary key);',
  );
  await withDatabase(async ({ settings }) => {
    await withClient(settings, async (client) => {
      expect(await migrate(client, folder)).toEqual(['900_extra.sql']);
    });
  });
});

test('a file that fails leaves nothing of itself behind', async () => {
  const folder = await copyOfMigrations();
  await writeFile(
    path.join(folder, '900_broken.sql'),
    'create table medallion.half (id integer); select 1 / 0;',
  );
  await withDatabase(async ({ settings }) => {
    await withClient(settings, async (client) => {
      await expect(migrate(client, folder)).rejects.toThrow(/division by zero/);
      const { rows } = await client.query(`select to_regclass('medallion.half') as half`);
      expect(rows).toEqual([{ half: null }]);
      expect(await migrate(client)).toEqual([]);
    });
  });
});

test('a database that a newer version has migrated is refused, and says so', async () => {
  const folder = await copyOfMigrations();
  await writeFile(path.join(folder, '900_future.sql'), 'select 1;');
  await withDatabase(async ({ settings }) => {
    await withClient(settings, async (client) => {
      await migrate(client, folder);
      await expect(migrate(client)).rejects.toMatchObject({
        code: 'config',
        message: expect.stringContaining('900_future.sql') as string,
        hint: expect.stringContaining('Update medallion') as string,
      });
    });
  });
});

test('a file edited after it was applied is refused', async () => {
  const folder = await copyOfMigrations();
  await writeFile(path.join(folder, '001_books.sql'), 'select 1;');
  await withDatabase(async ({ settings }) => {
    await withClient(settings, async (client) => {
      await expect(migrate(client, folder)).rejects.toMatchObject({
        code: 'config',
        message: expect.stringContaining('001_books.sql') as string,
      });
    });
  });
});
