import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand, spawnCli } from '../support/cli.ts';
import { rowsOf } from '../support/ingest.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-cli-'));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const options = () => ({ cwd: folder, env: { DATABASE_URL: database.url } });
const run = (...args: string[]) => runCommand(['ingest', ...args], options());
const rows = (sql: string) => rowsOf(database.settings, sql);

describe('medallion ingest', () => {
  test('says what landed, where, and what was refused', async () => {
    await writeFile(
      path.join(folder, 'a.ndjson'),
      Buffer.from('{"a":1}\n\n{"a":"\0"}\n{"a":2}', 'latin1'),
    );
    await writeFile(path.join(folder, 'b.ndjson.gz'), gzipSync('{"b":1}\n'));
    const { code, stdout, stderr } = await run('--from', 'a.ndjson', 'b.ndjson.gz');
    expect({ code, stderr: stderr.includes('rror') }).toEqual({ code: 0, stderr: false });
    expect(stdout.replace(/[\d.]+ s, [\d,]+\/s/, 'T')).toMatch(
      /^3 events \(0\.0 MB\) written to bronze in T\n {2}file:.*a\.ndjson 0: 2 events, offsets 0 to 3\n {2}file:.*b\.ndjson\.gz 0: 1 event, offsets 0 to 0\n {2}rejected: 1 not_text \(kept in bronze\.quarantine\)\n$/,
    );
    const again = await run('--from', 'a.ndjson');
    expect(again.stdout).toMatch(/^nothing new in .*a\.ndjson\n$/);
  });

  test('gives a row for each partition with --output', async () => {
    await mkdir(path.join(folder, '.medallion/landing/sales'), { recursive: true });
    await writeFile(path.join(folder, '.medallion/landing/sales/0.ndjson'), 'a\nb\n');
    await writeFile(path.join(folder, '.medallion/landing/sales/2.ndjson'), 'c\n');
    const { stdout } = await run('--output', 'json');
    expect(JSON.parse(stdout)).toEqual([
      {
        topic: 'landing/sales',
        partition: 0,
        from_offset: 0,
        next_offset: 2,
        events: 2,
        bytes: 2,
        quarantined: 0,
      },
      {
        topic: 'landing/sales',
        partition: 2,
        from_offset: 0,
        next_offset: 1,
        events: 1,
        bytes: 1,
        quarantined: 0,
      },
    ]);
  });

  test('without a landing directory has nothing to do, and says who fills it', async () => {
    const { code, stdout, stderr } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^nothing new in .*landing/);
    expect(stderr).toContain('medallion generate');
  });

  test('takes standard input', async () => {
    const { code } = await runCommand(['ingest', '--from', '-'], { ...options(), input: 'a\nb' });
    expect(code).toBe(0);
    expect(await rows('select "offset", value from bronze.events order by 1')).toEqual([
      '0|a',
      '1|b',
    ]);
  });

  test.each([
    [['--from', 'nowhere.ndjson'], 2, /cannot read .*nowhere\.ndjson: there is no such file/],
    [['--from', '-', 'a.ndjson'], 2, /--from takes either - \(standard input\) or files/],
    [['--idle-timeout', '5s'], 2, /--idle-timeout works only with --follow/],
    [['--max-messages', '0'], 2, /whole number from 1/],
    [['--max-event-bytes', '300000000'], 2, /at most 268435456/],
    [['--database-url', 'postgresql://u:geheim@127.0.0.1:1/x'], 3, /cannot reach PostgreSQL/],
  ])('%j ends with %i and one clear message', async (args, expected, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/geheim|\n\s+at /);
  });

  test('of a file that was rewritten says so, reads it from its beginning, and ends with 0', async () => {
    const file = path.join(folder, 'a.ndjson');
    await writeFile(file, 'a\nb\n');
    await run('--from', file);
    await writeFile(file, 'a\nB\n');
    const { code, stderr } = await run('--from', file);
    expect(code).toBe(0);
    expect(stderr).toContain('a.ndjson was replaced');
    expect(stderr).toContain('duplicates');
    expect(await rows('select "offset", value from bronze.events order by 1')).toEqual([
      ...['0|a', '1|b', '2|a', '3|B'],
    ]);
  });
});

describe('an ingest that is stopped in the middle', () => {
  const LINES = 150_000;
  let lines: string[];
  let file: string;

  beforeEach(async () => {
    lines = Array.from(
      { length: LINES },
      (_, line) => `{"line":${line},"fill":"${'x'.repeat(600)}"}`,
    );
    file = path.join(folder, 'large.ndjson');
    await writeFile(file, `${lines.join('\n')}\n`);
  });

  const started = async () => {
    const ingest = spawnCli(['ingest', '--from', file], options());
    await expect
      .poll(() => rows('select count(*) from bronze.events'), { timeout: 30_000, interval: 5 })
      .not.toEqual(['0']);
    return ingest;
  };
  const expectAll = async () => {
    expect(
      await rows(
        `select count(*), min("offset"), max("offset"), count(*) filter (where (value::json ->> 'line')::bigint = "offset") from bronze.events`,
      ),
    ).toEqual([`${LINES}|0|${LINES - 1}|${LINES}`]);
  };

  test('by kill -9, goes on at the next run; every line is there once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const ingest = spawnCli(['ingest', '--from', file, '--max-messages', '100000'], options());
      setTimeout(() => ingest.child.kill('SIGKILL'), 700 + round * 150);
      await ingest.result;
    }
    expect((await run('--from', file)).code).toBe(0);
    await expectAll();
  });

  test('by kill -9 in a file that was rewritten, goes on in the new text', async () => {
    expect((await run('--from', file)).code).toBe(0);
    const text = lines.join('\n').replace('"line":70000,', '"line":70001,');
    await writeFile(file, `${text}\n`);
    const ingest = spawnCli(['ingest', '--from', file], options());
    await expect
      .poll(() => rows(`select count(*) > ${LINES + 1000} from bronze.events`), {
        timeout: 30_000,
        interval: 5,
      })
      .toEqual(['t']);
    ingest.child.kill('SIGKILL');
    await ingest.result;
    expect((await run('--from', file)).code).toBe(0);
    expect(
      await rows(
        `select count(*), max("offset"), count(*) filter (where (value::json ->> 'line')::bigint <> "offset" % ${LINES})
           from bronze.events`,
      ),
    ).toEqual([`${2 * LINES}|${2 * LINES - 1}|1`]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s, commits, says what it did, and ends with 130',
    async (signal) => {
      const ingest = await started();
      ingest.child.kill(signal);
      const { code, stdout, stderr } = await ingest.result;
      expect([code, stderr]).toEqual([130, '']);
      const landed = Number(/^([\d,]+) events/.exec(stdout)?.[1]?.replaceAll(',', ''));
      expect(stdout).toContain('; interrupted');
      expect(landed).toBeLessThan(LINES);
      expect(await rows('select count(*) from bronze.events')).toEqual([String(landed)]);
      expect(await rows(`select outcome, counts->'events' from medallion.runs`)).toEqual([
        `interrupted|${landed}`,
      ]);
      expect((await run('--from', file)).code).toBe(0);
      await expectAll();
    },
  );
});

test('the events of a real producer land byte for byte', async () => {
  // A sample like the contract's: spaces after colons, exponents, repeated keys, escapes, odd order.
  const text =
    '{"z": 1.50, "a": {"b" :[1e2, -0.0]} }\n{"a":1,"a":2,"s":"\\u00e9\\ud83d\\ude42 é🙂"}\n';
  const zipped = gzipSync(text);
  await writeFile(path.join(folder, 'x.gz'), zipped);
  await run('--from', 'x.gz');
  const values = await rows('select value from bronze.events order by "offset"');
  expect(`${values.join('\n')}\n`).toBe(gunzipSync(zipped).toString());
});
