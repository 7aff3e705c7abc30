import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { recordsOf } from '../../src/app/records.ts';
import { runTests, type TestResult } from '../../src/app/test.ts';
import { loadSources } from '../../src/source/read.ts';
import { withDatabase } from '../support/postgres.ts';
import { countTransactions, landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

const sources = loadSources(undefined);
const FOLDER = 'test/sources';

test('every source has a test, and every test a source', () => {
  const tested = readdirSync(FOLDER).map((file) => file.replace(/\.yaml$/, ''));
  expect(tested.sort()).toEqual([...sources.keys()].sort());
});

/** The sources of a project with these files. */
function projectOf(files: Readonly<Record<string, string>>): ReturnType<typeof loadSources> {
  const project = mkdtempSync(path.join(tmpdir(), 'medallion-sources-'));
  try {
    mkdirSync(path.join(project, 'sources'));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(project, 'sources', name), text);
    }
    return loadSources(project);
  } finally {
    rmSync(project, { recursive: true });
  }
}

test('a source of the project lies over those of the package, and may extend one', () => {
  const extending = /^```yaml\n(# sources\/shopify\.yaml\n[^`]+)```/m.exec(
    readFileSync('docs/sources.md', 'utf8'),
  )?.[1];
  const found = projectOf({ 'shopify.yaml': extending ?? '', 'mine.yaml': EXTENDING });
  const base = sources.get('shopify');
  expect(found.get('segment')).toEqual(sources.get('segment'));
  expect(found.get('shopify')).toMatchObject({
    ...{ file: 'sources/shopify.yaml', topics: ['shopify.orders'], items: base?.items },
  });
  const { order } = found.get('shopify') ?? { order: undefined };
  expect(order?.get('order.status')).toMatchObject({ paths: [], value: 'placed' });
  expect([...(order ?? [])].filter(([field]) => field !== 'order.status')).toEqual(
    [...(base?.order ?? [])].filter(([field]) => field !== 'order.status'),
  );
  expect(found.get('mine')?.hash).not.toBe(base?.hash);
});

const EXTENDING = 'version: 1\nextends: shopify\n';

test.each([
  [{ 'segment.yaml': EXTENDING }, 'sources/segment.yaml: medallion already has a source segment'],
  [{ 'mine.yaml': `${EXTENDING}replaces: true` }, 'replaces: medallion has no source mine'],
  [
    { 'mine.yaml': 'version: 1\nextends: shopfy' },
    'sources/mine.yaml:2: extends: medallion has no source shopfy; did you mean shopify?',
  ],
  [
    { 'a.yaml': `${EXTENDING}topics: [t]`, 'b.yaml': `${EXTENDING}topics: [t]` },
    'sources/b.yaml: topic t already belongs to the source a',
  ],
])('sources of a project that do not go with one another are refused: %o', (files, problem) => {
  expect(() => projectOf(files)).toThrow(problem);
});

test.each([...sources.keys()])('%s maps what its test gives', async (name) => {
  const results = await runTests({ project: undefined }, [`sources.${name}`]);
  expect(results.length).toBeGreaterThan(0);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
});

test.each([...sources.values()])('none of the totals of $name is off', async (source) => {
  const yaml = parse(readFileSync(`${FOLDER}/${source.name}.yaml`, 'utf8')) as { given: string }[];
  const records = await recordsOf(
    source,
    yaml.map(({ given }) => given),
  );
  await withDatabase(async ({ settings }) => {
    // The dimensions, with a row of a shop in Britain.
    await promoteAll(settings);
    await rowsOf(settings, `insert into silver.dim_currency values (3, 'POUND', 'GBP')`);
    await landEvents(settings, records, { topic: 'orders' });
    const named = new Map([[source.name, { ...source, topics: ['orders'] }]]);
    await promoteAll(settings, { sources: named });
    expect(await countTransactions(settings)).toBeGreaterThan(0);
    // What a mapping gets wrong about money shows there.
    const checks = await rowsOf(
      settings,
      `select check_name from medallion.check_results where model = 'silver.fact_transactions' and failing > 0`,
    );
    expect(checks).toEqual([]);
  });
});

test.each([
  [
    'an amount, a line and a column that differ are named one by one',
    `{ transaction: { order_subtotal: '7.00', total: 1 }, items: [{ unit_price: '3.0000' }] }`,
    [
      ['order_subtotal', '7.00', '8.00'],
      ['total', '1', 'no such column'],
      ['items[0].unit_price', '3.0000', '4.0000'],
    ],
  ],
  [
    'lines that are not there',
    '{ transaction: {}, items: [{ quantity: 2 }, { quantity: 1 }] }',
    [['items', '2 lines', '1 line']],
  ],
  [
    'an order that should not count',
    '{ reason: missing_field, field: id }',
    [['outcome', 'rejected: missing_field id', 'accepted']],
  ],
  ['an order that is not of the source', 'skipped', [['outcome', 'skipped', 'accepted']]],
])('a test says what differs: %s', async (_, expectation, differences) => {
  const [result] = await testsOf(expectation);
  expect(result).toMatchObject({ of: 'sources.mine', passed: false, problem: undefined });
  expect(
    result?.differences.map(({ column, expected, actual }) => [column, expected, actual]),
  ).toEqual(differences);
});

test.each([
  ['{ transaction: {} }', 'with: { silver.dim_date: [] }', 'with: silver.dim_date is not one of'],
  ['{ transaction: {} }', 'with: { silver.dim_currency: [{ iso: X }] }', 'has no column iso'],
  ['accepted', '', 'expect'],
])('a test that cannot be run says why: %s %s', async (expectation, more, problem) => {
  const [result] = await testsOf(expectation, more);
  expect(result).toMatchObject({ passed: false, differences: [] });
  expect(result?.problem).toContain(problem);
});

test('the test of docs/sources.md passes with its source', async () => {
  const blocks = [...readFileSync('docs/sources.md', 'utf8').matchAll(/^```yaml\n([^`]+)```/gm)];
  const blockOf = (start: string): string =>
    blocks.find(([, text]) => text?.startsWith(start))?.[1] ?? '';
  const results = await runOwnTests({
    'sources/shop.yaml': blockOf('# sources/shop.yaml'),
    'tests/sources/shop.yaml': blockOf('# tests/sources/shop.yaml'),
  });
  expect(results).toMatchObject([
    { name: 'a paid order', passed: true },
    { name: 'an order without lines', passed: true },
  ]);
});

/** Runs a test of a project's source, which is that of Segment. */
async function testsOf(expectation: string, more = ''): Promise<readonly TestResult[]> {
  const order =
    '{"event": "Order Completed", "userId": "u", "timestamp": "2026-01-04T08:00:00Z", "properties": {"order_id": "1", ' +
    '"total": 8, "currency": "EUR", "products": [{"sku": "S", "price": 4, "quantity": 2}]}}';
  return runOwnTests({
    'sources/mine.yaml': 'version: 1\nextends: segment\n',
    'tests/sources/mine.yaml': `- name: an order\n  given: '${order}'\n  expect: ${expectation}\n  ${more}\n`,
  });
}

/** Runs the test of the only source in a project. */
async function runOwnTests(
  files: Readonly<Record<string, string>>,
): Promise<readonly TestResult[]> {
  const project = mkdtempSync(path.join(tmpdir(), 'medallion-sources-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
      writeFileSync(path.join(project, name), text);
    }
    const [first = ''] = Object.keys(files);
    return await runTests({ project }, [path.basename(first, '.yaml')]);
  } finally {
    rmSync(project, { recursive: true });
  }
}
