import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { widthOf } from '../../src/cli/render/text.ts';
import { runCommand } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowOf } from '../support/promotion.ts';

/** Every command that shows something, on one small warehouse: for people within their terminal, and for programs. */

let database: TestDatabase;
let cwd: string;

/** What a command writes to a terminal so wide, without progress and notes; that it exits 4 is no failure here. */
async function page(args: readonly string[], columns: number): Promise<string> {
  const env = { DATABASE_URL: database.url, NO_COLOR: '1' };
  const { code, stdout, stderr } = await runCommand([...args, '--quiet'], { env, cwd, columns });
  expect(code, stderr).not.toBe(1);
  return stdout;
}

/** A shop that sells enough for figures of many digits, and refuses something for most reasons. */
const GENERATE =
  'generate -n 1500 --seed 7 --since 2026-01-01 --until 2026-01-10 --duplicates 1% --malformed 4% --corrections 2%';
const TRANSACTION = 'a-transaction-of-our-own';

beforeAll(async () => {
  database = await createTestDatabase();
  cwd = await mkdtemp(path.join(tmpdir(), 'medallion-widths-'));
  await page(GENERATE.split(' '), 80);
  // A total that does not add up: a check warns of it.
  const odd = { id: TRANSACTION, at: '2026-01-02T10:00:00', order: { total_amount: 1_000_000.5 } };
  await writeFile(path.join(cwd, 'odd.ndjson'), `${purchase(odd)}\n`);
  const [given] = parse(await readFile('test/sources/segment.yaml', 'utf8')) as { given: string }[];
  const records = [given?.given, given?.given.replace('order_id', 'id'), '{}', 'no json'];
  const lines = records.map((record = '') => `${record.replaceAll('\n', ' ')}\n`);
  await writeFile(path.join(cwd, 'segment.ndjson'), lines.join(''));
  await page(['ingest'], 80);
  await page(['ingest', '--source', 'segment', '--from', 'segment.ndjson'], 80);
  await page(['ingest', '--from', 'odd.ndjson'], 80);
  await page(['promote'], 80);
}, 120_000);

afterAll(async () => {
  await database.drop();
  await rm(cwd, { recursive: true, force: true });
});

/** By the words of the command. */
const SHOWN: Readonly<Record<string, readonly (readonly string[])[]>> = {
  config: [[]],
  generate: [['-n', '20', '--late', '10%']],
  ingest: [[]],
  source: [],
  'source init': [],
  'source list': [[]],
  'source test': [['segment', 'segment.ndjson'], ['segment']],
  promote: [
    ['--since', '2026-01-01'],
    ['--dry-run', '--since', '2026-01-01'],
  ],
  checks: [[], ['--failing']],
  'checks show': [['silver.fact_transactions']],
  'quarantine list': [[], ['--summary']],
  'quarantine show': [['EVENT']],
  reconcile: [[]],
  archive: [['--older-than', '1ms', '--dry-run']],
  forget: [['--customer', 'cust_1', '--dry-run']],
  prune: [['--bronze', '--older-than', '1ms', '--dry-run']],
  report: [[]],
  sql: [
    ['select * from gold.sales_performance limit 2'],
    ['select * from silver.fact_transactions limit 2'],
    ['select * from gold.sales_performance where false'],
  ],
  models: [],
  'models list': [[]],
  'models show': [['fact_transactions'], ['gold.sales_performance']],
  'models graph': [[]],
  status: [[]],
  runs: [[]],
  'runs show': [['2'], ['4']],
  trace: [[TRANSACTION]],
  doctor: [[]],
  'db status': [[]],
};

/** They write nothing that has a width, or need what is not here. */
const NOT_SHOWN = [
  ...['demo', 'init', 'run', 'test', 'import-bronze', 'export', 'docs', 'completion', 'values'],
  ...['quarantine', 'quarantine replay', 'quarantine dismiss', 'quarantine reopen'],
  ...['quarantine export', 'db', 'db start', 'db stop', 'db url', 'db psql', 'db migrate'],
  ...['db grant', 'db reset', 'models check'],
];

function names(command: Command, before = ''): string[] {
  return command.commands.flatMap((child) => {
    const name = `${before} ${child.name()}`.trim();
    return [name, ...names(child, name)];
  });
}

test('every command is looked at, or has nothing to show', async () => {
  const all = names(await createProgram(() => () => Promise.resolve()));
  expect([...Object.keys(SHOWN), ...NOT_SHOWN].sort()).toEqual(all.sort());
});

const CASES = Object.entries(SHOWN).flatMap(([name, calls]) =>
  calls.map((call) => [name, ...call].join(' ')),
);

/** A path, a URL, an id, with no more than its label before it: whole, to be copied. So is the rule above it. */
const isOneLongWord = (line: string): boolean => /^.{0,36} \S{35,}$|^[─ ]+$/.test(line);

/** The arguments of a case; EVENT is an event of the quarantine. */
async function argumentsOf(call: string): Promise<string[]> {
  const [name = ''] = Object.keys(SHOWN)
    .filter((known) => call.startsWith(known))
    .sort((a, b) => b.length - a.length);
  const rest = call.slice(name.length).trim();
  const refused = `select topic || '/' || partition || '/' || "offset" as place from bronze.quarantine
    where reason = 'not_an_event' limit 1`;
  const { place } = rest === 'EVENT' ? await rowOf(database.settings, refused) : { place: null };
  const args = name === 'sql' ? [rest] : (place ?? rest).split(' ').filter((arg) => arg !== '');
  return [...name.split(' '), ...args];
}

describe.each([80, 60])('on a terminal of %d columns', (width) => {
  test.each(CASES)('%s', async (call) => {
    const text = await page(await argumentsOf(call), width);
    expect(text).not.toBe('');
    const lines = text.split('\n').filter((line) => widthOf(line) > width);
    expect(lines.filter((line) => !isOneLongWord(line))).toEqual([]);
  });
});

describe('with --output json it is JSON for programs:', () => {
  /** Those that change what the others look at come last. */
  const MORE = [
    'test gold.sales_performance',
    'quarantine replay --all --yes',
    'quarantine dismiss --all --yes --note x',
    'quarantine reopen --all --yes',
  ];
  test.each([...CASES, ...MORE])('%s', async (call) => {
    const args = MORE.includes(call) ? call.split(' ') : await argumentsOf(call);
    const text = await page([...args, '--output', 'json'], 80);
    expect(text).toMatch(/^[[{]/);
    expect(JSON.parse(text)).not.toBeNull();
  });
});
