import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { acquireEmbeddedServer } from '../../src/embedded/server.ts';
import { parseConfig } from '../../src/config.ts';
import { runCli, type CliResult } from '../support/cli.ts';
import { createTestHome, type TestHome } from '../support/home.ts';
import { withDatabase } from '../support/postgres.ts';

let home: TestHome;
/** A working folder without a .env. */
let folder: string;

beforeAll(async () => {
  home = await createTestHome();
  folder = path.dirname(home.path);
});

afterAll(async () => {
  await home.remove();
});

/** `medallion db ..` on the embedded server of a home below `folder`, or with the URL of another one. */
async function db(args: readonly string[], url?: string): Promise<CliResult> {
  const env = { MEDALLION_HOME: home.path, DATABASE_URL: url };
  return runCli(['db', ...args], { env, cwd: folder });
}

/** The rows of `db status` as an object. */
async function status(): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await db(['status', '--output', 'json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows = JSON.parse(stdout) as { property: string; value: string }[];
  return Object.fromEntries(rows.map(({ property, value }) => [property, value]));
}

describe('on the embedded server', () => {
  test('start keeps it up, url reaches it, stop ends it', async () => {
    expect((await status())['state']).toMatch(/not created yet/);

    const started = await db(['start']);
    expect(started).toMatchObject({ code: 0, stdout: '' });
    expect(started.stderr).toMatch(
      /up at 127\.0\.0\.1:\d+\/medallion and stays up until: medallion db stop/,
    );
    expect(await status()).toMatchObject({
      state: 'running',
      version: expect.stringMatching(/^18\./) as string,
      'in use by': '0 commands',
      data: path.join(home.path, 'postgres/cluster/data'),
    });

    const { code, stdout, stderr } = await db(['url']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { warehouse } = parseConfig({ databaseUrl: stdout.trim() }, {}, folder);
    if (warehouse.kind !== 'server') {
      throw new Error('the URL names no server');
    }
    const { rows } = await withClient(warehouse, (client) =>
      client.query('select current_database() as name'),
    );
    expect(rows).toEqual([{ name: 'medallion' }]);

    expect((await db(['stop'])).stderr).toBe('PostgreSQL has stopped\n');
    expect(await status()).toMatchObject({ state: 'stopped' });
    expect((await db(['stop'])).stderr).toBe('PostgreSQL is not running\n');
  });

  test('url says that the server goes down again when nobody keeps it up', async () => {
    const { code, stdout, stderr } = await db(['url']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^postgresql:\/\/medallion:[\w-]+@127\.0\.0\.1:\d+\/medallion\n$/);
    expect(stderr).toContain('To keep it up: medallion db start');
    expect(await status()).toMatchObject({ state: 'stopped' });
  });

  test('stop leaves a server in use to the command that uses it', async () => {
    const context = { signal: new AbortController().signal, emit: () => undefined };
    const server = await acquireEmbeddedServer(home.path, context);
    expect(await status()).toMatchObject({ 'in use by': '1 command' });
    expect((await db(['stop'])).stderr).toBe(
      'PostgreSQL is in use by 1 command; it stops when the last of them has finished\n',
    );
    await server.release();
    expect(await status()).toMatchObject({ state: 'stopped' });
  });

  test('a home below a file is one clear message', async () => {
    const args = ['db', 'start', '--home', path.join(process.execPath, 'home')];
    const { code, stdout, stderr } = await runCli(args, { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/error: cannot store a database in .*\n {2}Choose a writable folder/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("on a server of one's own", () => {
  test('migrate prints what it applied, and then nothing', async () => {
    await withDatabase(
      async ({ url }) => {
        const first = await db(['migrate', '--output', 'csv'], url);
        expect(first.code).toBe(0);
        expect(first.stdout.split('\n').slice(0, 2)).toEqual(['migration', '001_books.sql']);
        const second = await db(['migrate'], url);
        expect(second).toMatchObject({ code: 0, stdout: '' });
        expect(second.stderr).toContain('was up to date');
      },
      { empty: true },
    );
  });

  test('reset without a terminal needs --yes; with it everything is gone, and migrate brings it back', async () => {
    await withDatabase(async ({ url, settings }) => {
      const schemas = async (): Promise<unknown[]> =>
        withClient(settings, async (client) => {
          const { rows } = await client.query<{ name: string }>(
            `select nspname as name from pg_namespace
             where nspname in ('bronze', 'silver', 'gold', 'medallion') order by 1`,
          );
          return rows.map(({ name }) => name);
        });
      const refused = await db(['reset'], url);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('--yes');
      expect(await schemas()).toEqual(['bronze', 'gold', 'medallion', 'silver']);

      const done = await db(['reset', '--yes'], url);
      expect(done.code).toBe(0);
      expect(done.stderr).toMatch(/landing files below .* stay/);
      expect(await schemas()).toEqual([]);
      expect((await db(['migrate'], url)).code).toBe(0);
      expect(await schemas()).toEqual(['bronze', 'gold', 'medallion', 'silver']);
    });
  });

  test('start and stop are refused, naming the setting that chose the server', async () => {
    for (const verb of ['start', 'stop']) {
      const { code, stderr } = await db([verb], 'postgresql://ana:a-secret@localhost/sales');
      expect(code).toBe(2);
      expect(stderr).toContain('DATABASE_URL');
      expect(stderr).not.toContain('a-secret');
    }
  });

  test('psql gets its arguments and the password, which is in no argument', async () => {
    await withDatabase(async ({ url, settings }) => {
      // Whatever psql there is, or none: a program of that name shows what it was given.
      const bin = await mkdtemp(path.join(folder, 'bin-'));
      await writeProgram(
        path.join(bin, 'psql'),
        'echo "$# $1 $2 $PGHOST $PGPORT $PGDATABASE $PGUSER"; echo "$PGPASSWORD" >&2',
      );
      const env = { DATABASE_URL: url, PATH: bin + path.delimiter + (process.env['PATH'] ?? '') };
      const result = await runCli(['db', 'psql', '--', '-c', 'select 1'], { env, cwd: folder });
      const { host, port, database, user, password } = settings;
      expect(result).toEqual({
        code: 0,
        signal: null,
        stdout: `2 -c select 1 ${host} ${String(port)} ${database} ${user}\n`,
        stderr: `${password ?? ''}\n`,
      });
    });
  });

  test('psql that fails, fails the command; psql that is missing is explained', async () => {
    await withDatabase(async ({ url }) => {
      const bin = await mkdtemp(path.join(folder, 'bin-'));
      const missing = await runCli(['db', 'psql'], {
        env: { DATABASE_URL: url, PATH: bin },
        cwd: folder,
      });
      expect(missing.code).toBe(2);
      expect(missing.stderr).toMatch(/psql is not installed\n.*postgresql-client/);
      await writeProgram(path.join(bin, 'psql'), 'exit 3');
      const failing = await runCli(['db', 'psql'], {
        env: { DATABASE_URL: url, PATH: bin },
        cwd: folder,
      });
      expect(failing.code).toBe(2);
      expect(failing.stderr).toContain('psql ended with code 3');
    });
  });
});

test('an unknown option or command is usage, with exit code 2', async () => {
  for (const args of [['bogus'], ['status', '--bogus'], ['status', 'surplus']]) {
    expect((await db(args)).code).toBe(2);
  }
});

async function writeProgram(file: string, script: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
