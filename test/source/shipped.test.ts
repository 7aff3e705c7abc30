import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import * as v from '@badrap/valita';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { csvLines } from '../../src/log/files/csv.ts';
import type { CsvForm } from '../../src/source/mapping.ts';
import { loadSources } from '../../src/source/read.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { landEvents, promoteAll, rowsOf } from '../support/promotion.ts';

/** Records, or rows of CSV, given in the order in which they came, and what silver or the quarantine makes of each. */
const row = v.record(v.union(v.string(), v.null()));
const casesOf = v.array(
  v.object({
    name: v.string(),
    given: v.string(),
    expect: v.union(
      v.literal('skipped'),
      v.object({ transaction: row, items: v.array(row).optional() }),
      v.object({ reason: v.string(), field: v.union(v.string(), v.null()) }),
    ),
  }),
);

const sources = loadSources(undefined);
const FOLDER = 'test/sources';

test('every source has a test, and every test a source', () => {
  const tested = readdirSync(FOLDER).map((file) => file.replace(/\.yaml$/, ''));
  expect(tested.sort()).toEqual([...sources.keys()].sort());
});

/** Every column as text. */
const asText = (select: string): string =>
  `select fields.* from (${select}) as found, lateral (
     select jsonb_object_agg(key, value) as fields from jsonb_each_text(to_jsonb(found))) as fields`;
const TRANSACTIONS = asText(`
  select facts.*, statuses.name as status, methods.name as payment_method, currencies.name as currency
  from silver.fact_transactions as facts
  inner join silver.dim_order_status as statuses on statuses.id = facts.order_status_id
  inner join silver.dim_payment_method as methods on methods.id = facts.order_payment_method_id
  inner join silver.dim_currency as currencies on currencies.id = facts.order_currency_id
  where facts."offset" = $1`);
const ITEMS = asText(`
  select * from silver.fact_transaction_items as items where items."offset" = $1 order by items.line_number`);
const SKIPPED = asText('select run_id from medallion.skipped_events where "offset" = $1');
const REJECTED = asText('select reason, field from bronze.quarantine where "offset" = $1');

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
  [{ 'segment.yaml': EXTENDING }, 'sources/segment.yaml: medallion has a source segment already'],
  [{ 'mine.yaml': `${EXTENDING}replaces: true` }, 'replaces: medallion has no source mine'],
  [
    { 'mine.yaml': 'version: 1\nextends: shopfy' },
    'sources/mine.yaml:2: extends: medallion has no source shopfy; did you mean shopify?',
  ],
  [
    { 'a.yaml': `${EXTENDING}topics: [t]`, 'b.yaml': `${EXTENDING}topics: [t]` },
    'sources/b.yaml: topic t belongs to the source a already',
  ],
])('sources of a project that do not go with one another are refused: %o', (files, problem) => {
  expect(() => projectOf(files)).toThrow(problem);
});

/** The records of a file of CSV. */
async function ordersOf(text: string, form: CsvForm): Promise<string[]> {
  const parts: Buffer[] = [];
  for await (const part of csvLines(
    Readable.from([Buffer.from(text)]),
    { form, grows: false },
    '',
  )) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString().split('\n').filter(Boolean);
}

test.each([...sources.keys()])('%s maps what its test gives', async (name) => {
  const cases = casesOf.parse(parse(readFileSync(`${FOLDER}/${name}.yaml`, 'utf8')));
  const db = await createTestDatabase();
  try {
    const { settings } = db;
    const source = sources.get(name);
    const given = cases.map((one) => one.given);
    const events = source?.csv === undefined ? given : await ordersOf(given.join(''), source.csv);
    // The dimensions, with a row of a shop in Britain.
    await promoteAll(settings);
    await rowsOf(settings, `insert into silver.dim_currency values (3, 'POUND', 'GBP')`);
    await landEvents(settings, events, { topic: 'orders' });
    const named = new Map(source && [[name, { ...source, topics: ['orders'] }]]);
    await promoteAll(settings, { sources: named });
    for (const [offset, one] of cases.entries()) {
      const rows = async (sql: string): Promise<unknown[]> =>
        (await rowsOf(settings, sql, [offset])).map(
          ({ fields }) => JSON.parse(fields ?? '') as unknown,
        );
      if (one.expect === 'skipped') {
        expect(await rows(SKIPPED), one.name).toHaveLength(1);
        continue;
      }
      const found =
        'transaction' in one.expect
          ? { transaction: (await rows(TRANSACTIONS))[0], items: await rows(ITEMS) }
          : (await rows(REJECTED))[0];
      expect(found, one.name).toMatchObject(one.expect);
    }
    // None of the totals is off: what a mapping gets wrong about money shows there.
    const checks = await rowsOf(
      settings,
      `select check_name from medallion.check_results where model = 'silver.fact_transactions' and failing > 0`,
    );
    expect(checks).toEqual([]);
  } finally {
    await db.drop();
  }
});
