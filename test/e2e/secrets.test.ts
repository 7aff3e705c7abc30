import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, urlOf, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

// Many processes on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 });

/** What must be seen nowhere; each secret has it in the middle, with characters that need escapes around it. */
const MARK = 'xQ7markZ9';
const RIGHT = `a'$$%/${MARK}@:"`;
const WRONG = `b'\\%/${MARK}#?"`;
const SASL = `c ${MARK}`;
const ROLE = `secretive_${String(process.pid)}`;

let folder: string;
let db: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-secrets-'));
  db = await createTestDatabase();
  await withClient(db.settings, async (client) => {
    await client.query(
      `create role ${ROLE} login superuser password ${client.escapeLiteral(RIGHT)}`,
    );
  });
  const sale = purchase({ id: 't1', at: '2026-01-01T10:00:00' });
  await writeFile(path.join(folder, 'sales.ndjson'), `${sale}\n{"broken\n`);
});

afterAll(async () => {
  await withClient(db.settings, async (client) => {
    await client.query(`drop owned by ${ROLE} cascade`);
    await client.query(`drop role ${ROLE}`);
  });
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const urlWith = (password: string): string => urlOf({ ...db.settings, user: ROLE, password });

const COMMANDS = [
  ['ingest', '--from', 'sales.ndjson'],
  ['promote'],
  ['report'],
  ['sql', 'select * from no_such_table'],
  ['db', 'status'],
  ['db', 'migrate'],
  ['db', 'grant', 'reader', ROLE, '--dry-run'],
  ['doctor'],
];

/** Runs commands and returns those that said a secret. */
async function leaks(
  commands: readonly (readonly string[])[],
  env: Readonly<Record<string, string>>,
  code?: number,
): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const args of commands) {
    const result = await runCli(args, { cwd: folder, env, timeoutMs: 120_000 });
    const said = result.stdout + result.stderr;
    expect(said, args.join(' ')).not.toMatch(/^defect/m);
    if (code !== undefined) {
      expect(result.code, `${args.join(' ')}\n${said}`).toBe(code);
    }
    if (said.includes(MARK)) {
      found.push({ args, said });
    }
  }
  return found;
}

/** Files below the folder that hold a secret. */
async function filesWithMark(): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of names.filter((name) => name.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    if ((await readFile(file)).includes(MARK)) {
      found.push(file);
    }
  }
  return found;
}

/** Rows of the books, and what the server knows of its sessions. */
async function rowsWithMark(): Promise<unknown[]> {
  const tables = await rowsOf(
    db.settings,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('medallion', 'bronze') union all select 'pg_stat_activity'`,
  );
  expect(tables.length).toBeGreaterThan(8);
  const found: unknown[] = [];
  for (const { name } of tables) {
    const filter = name === 'pg_stat_activity' ? 'and pid <> pg_backend_pid()' : '';
    found.push(
      ...(await rowsOf(
        db.settings,
        `select t::text from ${name ?? ''} as t where t::text like '%${MARK}%' ${filter}`,
      )),
    );
  }
  return found;
}

test('a right password is said nowhere', async () => {
  const env = { DATABASE_URL: urlWith(RIGHT), MEDALLION_ROLE_PASSWORD: SASL };
  expect(await leaks(COMMANDS, env)).toEqual([]);
  const asFlags = [
    ['ingest', '--from', 'sales.ndjson', '--reset-offsets', '--database-url', urlWith(RIGHT)],
    ['promote', '--full-refresh', `--database-url=${urlWith(RIGHT)}`],
  ];
  expect(await leaks(asFlags, {}, 0)).toEqual([]);
  const runs = await rowsOf(db.settings, 'select arguments from medallion.runs order by run_id');
  expect(runs.at(-1)?.['arguments']).toContain('***');
  expect(await rowsWithMark()).toEqual([]);
  expect(await filesWithMark()).toEqual([]);
});

test('a wrong one, and one that breaks its URL, neither', async () => {
  const broken = [
    `postgresql://${ROLE}:${MARK}%zz@h/d`,
    `postgresql:/${ROLE}:${MARK}@h`,
    `postgresql://${ROLE}:12/${MARK}@h/d`,
    `mysql://${ROLE}:${MARK}@h/d`,
    `${ROLE}:${MARK}@h`,
    `postgresql://${ROLE}:${MARK}@h:notaport/d`,
    `postgresql://${ROLE}:${MARK}@h/d?sslmode=none`,
  ];
  expect(await leaks(COMMANDS.slice(0, 6), { DATABASE_URL: urlWith(WRONG) }, 3)).toEqual([]);
  for (const url of broken) {
    expect(await leaks([['promote']], { DATABASE_URL: url }, 2)).toEqual([]);
  }
  expect(await filesWithMark()).toEqual([]);
});

test('that of Kafka neither', async () => {
  const env = {
    DATABASE_URL: db.url,
    KAFKA_BROKERS: '127.0.0.1:1',
    KAFKA_SASL_USERNAME: 'ana',
    KAFKA_SASL_PASSWORD: SASL,
  };
  expect(await leaks([['generate', '-n', '10'], ['ingest']], env, 3)).toEqual([]);
  expect(await leaks([['doctor']], env)).toEqual([]);
  expect(await leaks([['ingest']], { ...env, KAFKA_SASL_MECHANISM: 'none' }, 2)).toEqual([]);
});

test('what is typed in the wrong place is not said back', async () => {
  const url = `postgresql://ana:${MARK}@127.0.0.1:1/d`;
  const typed = [
    ['promote', url],
    [url],
    ['promote', `--databaseurl=${url}`],
    ['ingest', `--sasl-password=${MARK}`],
    ['db', 'psql', '--home', path.join(folder, 'file', 'x'), '--database-url', url],
  ];
  expect(await leaks(typed, {})).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'a URL on the command line leaves the list of processes',
  async () => {
    const args = ['sql', 'select pg_sleep(600)', '--database-url', urlWith(RIGHT)];
    const { child, result } = spawnCli(args, { cwd: folder, timeoutMs: 200_000 });
    try {
      const listed = () => readFile(`/proc/${String(child.pid)}/cmdline`, 'utf8');
      while (!(await listed()).includes('***')) {
        await sleep(50);
      }
      expect(await listed()).not.toContain(MARK);
    } finally {
      child.kill('SIGKILL');
      await result;
    }
  },
);
