import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withClient } from '../../src/postgres/client.ts';
import {
  installMedallion,
  runCli,
  runCommand,
  runShell,
  type CommandOptions,
} from '../support/cli.ts';
import { kafkaBrokers } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowOf } from '../support/promotion.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const PASSWORD = 's3cret-Pa55word';
const WAREHOUSE_COMMANDS = [
  ['ingest'],
  ['promote'],
  ['report'],
  ['sql', 'select 1'],
  ['status'],
  ['runs'],
  ['db', 'migrate'],
];

/** A run of generate leaves its record, whatever came of it, and nothing else. */
const RECORDS = ['.medallion'];

/** A port that refuses connections. */
let closedPort: number;
let db: TestDatabase;
let folder: string;

beforeAll(async () => {
  const server = createServer();
  closedPort = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  await new Promise((resolve) => server.close(resolve));
  db = await createTestDatabase();
});

afterAll(async () => {
  await db.drop();
});

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-errors-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Refusal {
  readonly code: number;
  /** How the message begins. */
  readonly says: RegExp;
}

/** Holds a failed run to what every foreseen failure looks like. */
function expectRefusal(
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
  { code: expected, says }: Refusal,
  what = '',
): void {
  const shown = `${what}\n${stdout}${stderr}`;
  expect(code, shown).toBe(expected);
  expect(stderr.match(/^error: /gm), shown).toHaveLength(1);
  expect(stderr.replace(/^[^]*?^error: /m, ''), shown).toMatch(says);
  expect(shown).not.toMatch(/^ {4}at |defect|node:internal|UnhandledPromise|\.js:\d/m);
  expect(shown).not.toContain(PASSWORD);
}

async function refuses(
  args: readonly string[],
  refusal: Refusal,
  options: CommandOptions = {},
): Promise<void> {
  const result = await runCommand(args, { cwd: folder, ...options });
  expectRefusal(result, refusal, args[0]);
  expect(result.stdout).toBe('');
}

describe('what cannot be reached', () => {
  test('a broker', async () => {
    const broker = `127.0.0.1:${closedPort}`;
    for (const command of ['generate', 'ingest']) {
      await refuses(
        [command, '--brokers', broker],
        { code: 3, says: /^cannot reach Kafka at 127\.0\.0\.1:\d+: / },
        {
          env: {
            DATABASE_URL: db.url,
            KAFKA_SASL_USERNAME: 'ana',
            KAFKA_SASL_PASSWORD: PASSWORD,
          },
        },
      );
    }
    expect(await readdir(folder)).toEqual(RECORDS);
  });

  test('a database', async () => {
    const url = `postgresql://ana:${PASSWORD}@127.0.0.1:${closedPort}/shop`;
    for (const command of WAREHOUSE_COMMANDS) {
      await refuses([...command, '--database-url', url], {
        code: 3,
        says: /^cannot reach PostgreSQL at 127\.0\.0\.1:\d+\/shop: /,
      });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('a database that refuses the password', async () => {
    const role = `ana_${String(process.pid)}`;
    await withClient(db.settings, (client) =>
      client.query(`create role ${role} login password 'the right one'`),
    );
    try {
      const url = new URL(db.url);
      url.username = role;
      url.password = PASSWORD;
      for (const command of WAREHOUSE_COMMANDS) {
        await refuses(
          command,
          { code: 3, says: /^PostgreSQL at \S+ refused user "ana_/ },
          { env: { DATABASE_URL: url.href } },
        );
      }
    } finally {
      await withClient(db.settings, (client) => client.query(`drop role ${role}`));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('a topic that does not exist', async () => {
    const log = ['--brokers', await kafkaBrokers(), '--topic', 'no-such-topic'];
    const env = { DATABASE_URL: db.url };
    for (const command of ['generate', 'ingest']) {
      await refuses([command, ...log], { code: 2, says: /no-such-topic/ }, { env });
    }
    expect(
      await rowOf(db.settings, 'select count(*) as n from medallion.offsets'),
      'nothing booked',
    ).toEqual({ n: '0' });
  });
});

describe('what cannot be written', () => {
  const full: Refusal = { code: 3, says: /^cannot write \S+: the disk is full\n {2}\S/ };

  test('a full disk', async () => {
    await refuses(['generate', '-n', '1000', '--to', '/dev/full'], full);
    for (const command of [
      'medallion generate -n 1000 --to - > /dev/full',
      'medallion sql "select repeat(\'x\', 1000) from generate_series(1, 1000)" > /dev/full',
      'medallion report > /dev/full',
    ]) {
      const result = await runShell(command, { cwd: folder, env: { DATABASE_URL: db.url } });
      expectRefusal(result, full, command);
    }
    expect(await readdir(folder)).toEqual(RECORDS);
  });

  // A limit on the size of files stops a write in its middle, as a disk does that fills up.
  test('a file that can grow no further is not left behind half-written', async () => {
    const says = /^cannot write \S+: the file has reached the size limit\n/;
    const limited = (command: string) =>
      runShell(`ulimit -f 300; medallion generate -n 3000 ${command}`, { cwd: folder });
    expectRefusal(await limited('--to sales.ndjson --manifest answers.json'), { code: 3, says });
    expect(await readdir(folder)).toEqual(RECORDS);
  });

  test('a landing file that can grow no further keeps its whole lines, and takes more later', async () => {
    const env = { DATABASE_URL: db.url };
    const says = /^cannot write \S+0\.ndjson: the file has reached the size limit\n/;
    const limited = await runShell('ulimit -f 300; medallion generate -n 3000', { cwd: folder });
    expectRefusal(limited, { code: 3, says });
    expect(await runCommand(['generate', '-n', '10'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(await runCommand(['ingest'], { cwd: folder, env })).toMatchObject({ code: 0 });
    expect(await runCommand(['promote'], { cwd: folder, env })).toMatchObject({ code: 0 });
    expect(
      await rowOf(
        db.settings,
        `select count(*) > 100 as many, count(*) = (select count(*) from silver.fact_transactions) + 1 as but_one,
           (select string_agg(reason, ',') from bronze.quarantine) as refused
         from bronze.events`,
      ),
    ).toEqual({ many: 't', but_one: 't', refused: 'invalid_json' });
  });

  // Not even root can make a folder in either.
  test.each([
    ['below a file', 'file/home'],
    ['on a file system that takes none', '/sys/medallion'],
    ['on one that says there is no such place', '/proc/medallion/home'],
  ])('a home %s', async (_, place) => {
    await writeFile(path.join(folder, 'file'), '');
    const home = path.resolve(folder, place);
    const says = /^cannot (write|store a database in) \S+: [^\n]+\n {2}.*[Cc]hoose /;
    for (const command of [['generate'], ['ingest'], ['promote'], ['demo', '-n', '100']]) {
      await refuses([...command, '--home', home], { code: 3, says });
    }
    // The warehouse is elsewhere, but DuckDB has nowhere to spill to.
    const env = { DATABASE_URL: db.url };
    await refuses(['promote', '--full-refresh', '--home', home], { code: 3, says }, { env });
    expect(await readdir(folder)).toEqual(['file']);
  });
});

test('without the DuckDB extension nothing is made, changed or emptied; nothing new needs none', async () => {
  const empty = await createTestDatabase({ empty: true });
  try {
    const env = { DATABASE_URL: empty.url };
    const without = { ...env, MEDALLION_DUCKDB_EXTENSION: path.join(folder, 'nowhere') };
    const refusal = { code: 2, says: /nowhere/ };
    const state = async (): Promise<Record<string, unknown>> =>
      rowOf(
        empty.settings,
        `select (select count(*) from silver.fact_transactions) as transactions,
                (select count(*) from gold.sales_performance) as days,
                (select sum(next_offset) from medallion.watermarks) as promoted,
                (select count(*) from medallion.stale_dates) as stale,
                (select count(*) from medallion.refreshes) as refreshes`,
      );
    const land = async (): Promise<void> => {
      await runCommand(['generate', '-n', '40', '--quiet'], { cwd: folder, env });
      await runCommand(['ingest', '--quiet'], { cwd: folder, env });
    };
    await land();
    await refuses(['promote', '--quiet'], refusal, { env: without });
    expect(await state()).toMatchObject({ transactions: '0', promoted: null, stale: '0' });

    expect((await runCommand(['promote', '--quiet'], { cwd: folder, env })).code).toBe(0);
    const idle = await runCommand(['promote'], { cwd: folder, env: without });
    expect(idle.code).toBe(0);
    expect(idle.stderr).toContain('silver: nothing new in bronze');
    await land();
    const before = await state();
    for (const flags of [['--full-refresh'], ['--since', '2020-01-01'], []]) {
      await refuses(['promote', '--quiet', ...flags], refusal, { env: without });
      expect(await state()).toEqual(before);
    }
    expect(await readdir(path.join(folder, '.medallion', 'tmp')).catch(() => [])).toEqual([]);
  } finally {
    await empty.drop();
  }
});

describe('what is wrong with the model of a table', () => {
  test('is said with file and line, before anything is promoted', async () => {
    const bin = installMedallion(path.join(folder, 'medallion'));
    const gold = path.join(folder, 'medallion', 'sql', 'gold');
    await writeFile(path.join(gold, 'no_header.sql'), 'select 1 as one\n');
    await writeFile(path.join(gold, 'bad_yaml.sql'), '/* @model\nkey: [a\n*/\nselect 1 as one\n');
    await writeFile(
      path.join(gold, 'no_key.sql'),
      '/* @model\ndescription: x\n*/\nselect 1 as one from gold.nowhere\n',
    );
    const empty = await createTestDatabase();
    try {
      const says =
        /^sql\/gold\/bad_yaml\.sql:\d+: .*\nsql\/gold\/no_header\.sql:1: .*\nsql\/gold\/no_key\.sql:\d+: /;
      const env = { DATABASE_URL: empty.url };
      expectRefusal(await runCli(['promote'], { cwd: folder, bin, env }), { code: 2, says });
      expect(
        await rowOf(empty.settings, `select to_regclass('silver.fact_transactions') as made`),
      ).toEqual({ made: null });
    } finally {
      await empty.drop();
    }
  });
});

describe('what is wrong with the command line', () => {
  test.each([
    ['an unknown command', ['promot'], /^unknown command 'promot'/],
    ['an unknown flag', ['ingest', '--form', 'x.ndjson'], /^unknown option '--form'/],
    [
      'a flag before the command',
      ['--quiet', 'promote'],
      /^unknown option '--quiet'[^]*options go after the command/,
    ],
    ['a count that is none', ['generate', '-n', 'many'], /'many' is invalid. It must be a whole/],
    ['a share above all', ['generate', '--late', '120%'], /'120%' is invalid. It must be a share/],
    ['a day that is none', ['report', '--since', '2026-02-30'], /'2026-02-30' is invalid. It must/],
    [
      'days the wrong way round',
      ['promote', '--since', '2026-02-02', '--until', '2026-02-01'],
      /^--since 2026-02-02 is after --until 2026-02-01/,
    ],
    ['a choice that is none', ['promote', '--layer', 'bronze'], /Allowed choices are silver, gold/],
    ['a format that is none', ['sql', 'select 1', '-o', 'xml'], /Allowed choices are table, json/],
    [
      'flags that do not go together',
      ['ingest', '--idle-timeout', '1m'],
      /^--idle-timeout works only with --follow/,
    ],
    [
      'a URL of another database',
      ['promote', '--database-url', `mysql://ana:${PASSWORD}@db/shop`],
      /^--database-url is not a PostgreSQL URL/,
    ],
    [
      'a topic that is no name',
      ['ingest', '--topic', 'my sales'],
      /^--topic: "my sales" is not a topic name/,
    ],
    [
      'a file that is missing',
      ['ingest', '--from', 'nowhere.ndjson'],
      /^cannot read \S+nowhere\.ndjson: there is no such file/,
    ],
    ['a folder in place of a file', ['ingest', '--from', '.'], /^cannot read \S+: it is a folder/],
    ['SQL that is missing', ['sql', '--file', 'nowhere.sql'], /^cannot read \S+nowhere\.sql: /],
  ])('%s', async (_, args, says) => {
    await refuses(args, { code: 2, says }, { env: { DATABASE_URL: db.url } });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a working folder that was deleted; help and version need none', async () => {
    const inGone = (command: string) =>
      runShell(`mkdir gone && cd gone && rmdir ../gone && exec 2>&1 && ${command}`, {
        cwd: folder,
      });
    const result = await inGone('medallion sql "select 1" --home /tmp --database-url db');
    expect(result.code).toBe(2);
    expect(result.stdout).toBe(
      'error: the working folder was deleted\n  Change to another folder (cd), and run the command again.\n',
    );
    expect(await inGone('medallion --version')).toMatchObject({ code: 0 });
    expect(await inGone('medallion sql --help')).toMatchObject({ code: 0 });
  });

  test('a .env that is no file', async () => {
    await mkdir(path.join(folder, '.env'));
    await refuses(['sql', 'select 1'], {
      code: 2,
      says: /^cannot read \S+\.env: .*\n {2}It sets/,
    });
  });

  test('a named pipe that nobody writes to, as .env or medallion.yaml', async () => {
    for (const name of ['.env', 'medallion.yaml']) {
      const run = await runShell(
        `mkfifo ${name} && medallion sql 'select 1'; s=$?; rm ${name}; exit $s`,
        {
          cwd: folder,
        },
      );
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(
        new RegExp(`^error: cannot read \\S+${name}: it is not a regular file\\n {2}It `),
      );
    }
  });

  test('a folder as standard input, which is no empty input', async () => {
    for (const command of ['ingest --from -', 'sql -']) {
      const run = await runShell(`medallion ${command} < .`, {
        ...{ cwd: folder, env: { DATABASE_URL: db.url } },
      });
      expect(run.code, run.stderr).toBe(2);
      expect(run.stderr).toContain(
        'error: standard input is a folder\n  Nothing was read. Give it a file (< FILE)',
      );
    }
    expect(
      (
        await runShell('medallion ingest --from - < /dev/null', {
          ...{ cwd: folder, env: { DATABASE_URL: db.url } },
        })
      ).code,
    ).toBe(0);
  });

  test('a home with a line feed in its path, wherever that comes from', async () => {
    const says =
      /^\S+: "[^"\n]+two\\nlines[^"\n]*" has a line feed or another control character in it/;
    const home = path.join(folder, 'two\nlines');
    await refuses(['generate', '--home', home], { code: 2, says });
    await refuses(['sql', 'select 1'], { code: 2, says }, { env: { MEDALLION_HOME: home } });
    expect(await readdir(folder)).toEqual([]);
    await mkdir(home);
    await refuses(['ingest'], { code: 2, says }, { cwd: home });
  });

  test('several settings that are wrong are all named at once', async () => {
    await refuses(
      ['promote'],
      { code: 2, says: /DATABASE_URL[^]*"p q"[^]*SASL/ },
      {
        env: {
          DATABASE_URL: 'db',
          KAFKA_BROKERS: 'b',
          KAFKA_TOPIC: 'p q',
          KAFKA_SASL_PASSWORD: PASSWORD,
        },
      },
    );
  });
});
