import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LogReader } from '../../src/log/log.ts';
import { runCommand, runShell } from '../support/cli.ts';
import { ingestAll } from '../support/ingest.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { promoteAll, rowsOf } from '../support/promotion.ts';

vi.setConfig({ testTimeout: 300_000 });

/** What people try, and what terminals act on. None has outer blanks, which ids would lose. */
const HOSTILE = [
  `'); drop table bronze.events; --`,
  `"; drop schema gold cascade; --`,
  `'' or 1=1`,
  `$$; drop table medallion.runs; $$`,
  `$1 $2 {0} %s %I`,
  `\\'; \\copy x \\gexec`,
  `\\\\x00 \\u0041 E'\\n'`,
  `/* */ -- #`,
  `{"a":"b"}`,
  `\u001b[2J\u001b]0;title\u0007\u0085`,
  `\u202egnp.exe\u2066x\u2069`,
  `a\tb\r\nc`,
  `é e\u0301 😀 ﷺ`,
  `-o/tmp/x`,
  `../../etc/passwd`,
  `=cmd|'/c calc'!A1`,
  `x`.repeat(200),
];
/** Not one character that a terminal acts on, line ends aside. */
const HARMLESS = /^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u;
const TABLES = `select schemaname || '.' || tablename as name from pg_tables
  where schemaname in ('bronze', 'silver', 'gold', 'medallion') order by 1`;

let folder: string;
let db: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-injection-'));
  db = await createTestDatabase();
});

afterAll(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

/** A log as hostile as one can be: topic, key and headers as well as the events. */
function hostileLog(topics: readonly string[]): LogReader {
  return {
    description: topics.join(' '),
    async read(sink) {
      for (const topic of topics) {
        await sink.storedOffsets([{ topic, partition: 0 }]);
        await sink.write({
          ...{ topic, partition: 0, source: topic, position: 0n },
          fromOffset: 0n,
          nextOffset: BigInt(HOSTILE.length),
          records: HOSTILE.map((text, n) => ({
            offset: BigInt(n),
            timestamp: Date.parse('2026-01-01'),
            key: Buffer.from(text),
            value: Buffer.from(
              purchase({
                id: text,
                at: '2026-01-01T10:00:00',
                type: text,
                customer: { id: text, type: text, country: text, city: text },
                items: [{ id: text, category: text }],
              }),
            ),
            headers: { [text]: text },
          })),
        });
        await sink.recordGap(
          { topic, partition: 0, from: BigInt(HOSTILE.length), to: 100n },
          topic,
        );
      }
      return 'end';
    },
  };
}

const column = async (sql: string): Promise<(string | null | undefined)[]> =>
  (await rowsOf(db.settings, sql)).map((row) => Object.values(row)[0]);

test('every field, topic, key and header comes back as it was sent', async () => {
  await promoteAll(db.settings);
  const tables = await rowsOf(db.settings, TABLES);
  await ingestAll(hostileLog(HOSTILE), db.settings, { arguments: HOSTILE });
  // A file whose events break a rule in hostile words.
  const refused = HOSTILE.map((text) => purchase({ id: 'r', at: text }));
  await ingestAll(
    {
      description: 'refused',
      async read(sink) {
        await sink.storedOffsets([{ topic: 'refused', partition: 0 }]);
        await sink.write({
          ...{ topic: 'refused', partition: 0, source: 's', position: 0n },
          ...{ fromOffset: 0n, nextOffset: BigInt(refused.length) },
          records: refused.map((text, n) => ({
            ...{ offset: BigInt(n), timestamp: 0, key: null, headers: null },
            value: Buffer.from(text),
          })),
        });
        return 'end';
      },
    },
    db.settings,
  );
  await promoteAll(db.settings, { arguments: HOSTILE, chunkRows: 100 });

  expect(await rowsOf(db.settings, TABLES)).toEqual(tables);
  const sorted = [...HOSTILE].sort();
  const same = async (sql: string): Promise<void> => {
    expect((await column(sql)).map(String).sort(), sql).toEqual(sorted);
  };
  await same(`select distinct topic from bronze.events where topic <> 'refused'`);
  await same(`select distinct key from bronze.events where key is not null`);
  await same(`select distinct topic from medallion.watermarks where topic <> 'refused'`);
  for (const sql of [
    'select transaction_id from silver.fact_transactions',
    'select customer_city from silver.fact_transactions',
    'select event_type from silver.fact_transactions',
    'select id from silver.dim_customers',
    'select city from silver.dim_customers',
    'select id from silver.dim_products',
    'select category from silver.fact_transaction_items',
  ]) {
    await same(sql);
  }
  const headers = await column(
    'select distinct headers from bronze.events where headers is not null',
  );
  expect(headers.map((json) => JSON.parse(json ?? '') as unknown)).toEqual(
    expect.arrayContaining(HOSTILE.map((text) => ({ [text]: text }))),
  );
  expect(
    await column('select arguments[1] from medallion.runs order by run_id desc limit 1'),
  ).toEqual(HOSTILE.slice(0, 1));
  expect(
    await column(`select convert_from(raw, 'UTF8') from bronze.quarantine order by "offset"`),
  ).toEqual(refused);
});

test('what is shown is harmless; what goes to programs is exact', async () => {
  const env = { DATABASE_URL: db.url };
  const sql = 'select id, city from silver.dim_customers order by id';
  for (const args of [
    ['sql', sql],
    ['sql', sql, '-o', 'json'],
    ['sql', sql, '-o', 'markdown'],
    ['sql', `select '\u001b[2J' as "\u202e"`],
    ['report'],
  ]) {
    const { code, stdout, stderr } = await runCommand(args, { cwd: folder, env });
    expect(code, stderr).toBe(0);
    expect(stdout.replaceAll('\n', ''), args.join(' ')).toMatch(HARMLESS);
  }
  const piped = await runCommand(['sql', sql, '-o', 'csv'], { cwd: folder, env });
  const quoted = (text: string) =>
    text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  for (const text of HOSTILE) {
    expect(piped.stdout).toContain(`${quoted(text)},${quoted(text)}\n`);
  }
  const terminal = await runShell(
    `export MEDALLION_SQL="$1"; script -qec '"$MEDALLION_NODE" "$MEDALLION_BIN" sql "select city from silver.dim_customers" -o csv' /dev/null`,
    { cwd: folder, env },
  );
  expect(terminal.stdout).toContain('\\x1b[2J');
  expect(terminal.stdout.replaceAll('\r\n', '')).toMatch(HARMLESS);
});

test('names of files and values of flags are no more than that', async () => {
  const env = { DATABASE_URL: db.url };
  const name = `'); drop table bronze.events; -- "$$ \u001b[2J\u202e.ndjson`;
  await writeFile(path.join(folder, name), purchase({ id: 'file', at: '2026-01-01T10:00:00' }));
  const landed = await runCommand(['ingest', '--from', name], { cwd: folder, env });
  expect(landed, landed.stderr).toMatchObject({ code: 0 });
  expect((landed.stdout + landed.stderr).replaceAll('\n', '')).toMatch(HARMLESS);
  expect(await column(`select topic from bronze.events where topic like 'file:%'`)).toEqual([
    expect.stringMatching(/\/'\); drop table bronze\.events; -- "\$\$ .*\.ndjson$/s),
  ]);
  expect(await runCommand(['promote'], { cwd: folder, env })).toMatchObject({ code: 0 });

  const hostile = `'); drop table bronze.events; --\u001b[2J`;
  for (const args of [
    ['ingest', '--topic', hostile],
    ['ingest', '--from', hostile],
    ['promote', '--since', hostile],
    ['promote', '--layer', hostile],
    ['promote', '--memory-limit', hostile],
    ['report', '--since', hostile],
    ['db', 'grant', 'reader', hostile],
    ['sql', 'select 1', '-o', hostile],
    [hostile],
  ]) {
    const { code, stderr } = await runCommand(args, { cwd: folder, env });
    expect(code, args.join(' ')).toBe(2);
    expect(stderr.replaceAll('\n', ''), args.join(' ')).toMatch(HARMLESS);
  }
  expect(await column('select count(*) > 1 from bronze.events')).toEqual(['t']);
});
