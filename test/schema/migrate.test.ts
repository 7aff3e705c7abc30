import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { withDatabase } from '../support/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../sql/migrations/', import.meta.url));
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** A copy of the migrations to edit; or of those before a number alone, as an earlier version had them. */
async function copyOfMigrations(before?: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-migrations-'));
  folders.push(folder);
  await cp(MIGRATIONS, folder, { recursive: true });
  if (before !== undefined) {
    const later = (await readdir(folder)).filter((name) => name >= before);
    await Promise.all(later.map((name) => rm(path.join(folder, name))));
  }
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

test('times that cannot be right and were believed until now give way to when bronze was written', async () => {
  const before = await copyOfMigrations('011');
  await withDatabase(
    async ({ settings }) => {
      await withClient(settings, async (client) => {
        await migrate(client, before);
        await client.query(
          `insert into medallion.offsets (topic, partition, next_offset, source, last_produced_at, updated_at)
           select 'sales', ordinality, 1, 'kafka:a', stamp, '2026-02-01 12:00:00+00'
           from unnest(array['9999-12-31 23:59:59+00', '1970-01-21 00:00:00+00', '2026-02-01 12:30:00+00', null]::timestamptz[])
                with ordinality as stamps (stamp, ordinality)`,
        );
        await migrate(client);
        const { rows } = await client.query<{ at: string | null }>(
          `select to_char(last_produced_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at
             from medallion.offsets order by partition`,
        );
        const written = '2026-02-01 12:00';
        expect(rows.map(({ at }) => at)).toEqual([written, written, '2026-02-01 12:30', null]);
      });
    },
    { empty: true },
  );
});

test('what earlier versions recorded as refused and landed is rejected and ingested', async () => {
  const before = await copyOfMigrations('030');
  await withDatabase(
    async ({ settings }) => {
      await withClient(settings, async (client) => {
        await migrate(client, before);
        await client.query(
          `insert into medallion.runs (command, version, arguments, counts)
           values ('promote', '0.1.0', '{}', '{"events": 3, "refused": 2, "skipped": 1}'), ('db', '0.1.0', '{}', '{}');
           insert into bronze.quarantine_history (topic, partition, "offset", run_id, action, status_before, status_after, reason_before)
           select 'sales', 0, ordinality, 1, action, 'open', 'open', 'invalid_json'
           from unnest(array['refused', 'landed', 'dismissed']) with ordinality as actions (action, ordinality)`,
        );
        await migrate(client);
        const runs = await client.query(
          'select rejected_events, skipped_events from gold.pipeline_runs order by run_id',
        );
        expect(runs.rows).toEqual([
          { rejected_events: '2', skipped_events: '1' },
          { rejected_events: '0', skipped_events: '0' },
        ]);
        const { rows: counted } = await client.query<{ counts: string }>(
          'select counts from medallion.runs order by run_id',
        );
        expect(counted.map(({ counts }) => JSON.parse(counts) as unknown)).toEqual([
          { events: 3, rejected: 2, skipped: 1 },
          {},
        ]);
        const { rows } = await client.query<{ action: string }>(
          'select action from bronze.quarantine_history order by "offset"',
        );
        expect(rows.map(({ action }) => action)).toEqual(['rejected', 'ingested', 'dismissed']);
      });
    },
    { empty: true },
  );
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
