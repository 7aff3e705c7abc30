import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allModels, loadModels } from '../../src/model/load.ts';

let project: string;

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'medallion-models-'));
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(project, file)), { recursive: true });
  writeFileSync(path.join(project, file), text);
}

const MART = `/* @model
description: Orders by day
grain: one row per UTC day
key: [date_key]
load: replace_days
columns:
  date_key: { type: date, description: UTC day }
  orders: { type: bigint, description: Purchases }
*/
select date_key, count(*) as orders
from silver.fact_transactions
group by date_key
`;
const SALES = readFileSync(
  new URL('../../sql/gold/sales_performance.sql', import.meta.url),
  'utf8',
);

/** What is wrong with the models of the project, a line each. */
function problems(): string[] {
  try {
    loadModels(project);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

test('models of a project lie over those of the package', () => {
  write('models/gold/my_days.sql', MART);
  const { silver, gold } = loadModels(project);
  expect(silver).toHaveLength(loadModels().silver.length);
  expect(gold.find(({ name }) => name === 'my_days')).toMatchObject({
    ...{ id: 'gold.my_days', file: 'models/gold/my_days.sql', isOfProject: true },
  });
  expect(allModels(project)).toHaveLength(allModels().length + 1);
});

test('a project without models has those of the package', () => {
  expect(loadModels(project)).toEqual(loadModels());
});

test.each([
  ['a type', ['type: bigint', 'type: money'], /^models\/gold\/m\.sql:8: columns\.orders\.type: /],
  [
    'a word',
    ['load: replace_days', 'lode: x'],
    /^models\/gold\/m\.sql:5: lode: is not a known property/,
  ],
  ['YAML', ['key: [date_key]', 'key: [date_key'], /^models\/gold\/m\.sql:\d: /],
  [
    'an input',
    ['from silver.fact_transactions', 'from silver.nothing'],
    /^models\/gold\/m\.sql:11: there is no model silver\.nothing$/,
  ],
  [
    'the source',
    ['silver.fact_transactions', 'source.events'],
    /^models\/gold\/m\.sql:11: gold reads/,
  ],
  [
    'itself',
    ['silver.fact_transactions', 'gold.m'],
    /^models\/gold\/m\.sql:11: a model cannot read/,
  ],
] as const)('%s that is wrong is named with file and line', (_, [good, bad], message) => {
  write('models/gold/m.sql', MART.replace(good, bad));
  expect(problems().some((problem) => message.test(problem)) ? 'named' : problems()).toBe('named');
});

test('a model in another folder is refused, not passed over', () => {
  write('models/m.sql', MART);
  write('models/gold/more/n.sql', MART);
  expect(problems()).toEqual([
    'models/gold/more/n.sql: a model must be directly in models/silver or models/gold',
    'models/m.sql: a model must be directly in models/silver or models/gold',
  ]);
});

test('a model of the same name is refused, unless it says that it replaces', () => {
  write('models/gold/sales_performance.sql', SALES);
  expect(problems()).toEqual([
    expect.stringMatching(
      /^models\/gold\/sales_performance\.sql:1: medallion has a gold\.sales_performance already \(sql\/gold\/sales_performance\.sql\).*"replaces: true"/,
    ),
  ]);
  write('models/gold/sales_performance.sql', SALES.replace('\nkey:', '\nreplaces: true\nkey:'));
  expect(problems()).toEqual([]);
  const sales = allModels(project).filter(({ name }) => name === 'sales_performance');
  expect(sales.map(({ file }) => file)).toEqual(['models/gold/sales_performance.sql']);
});

test('what replaces nothing is refused, and so is the name of a table that migrations make', () => {
  write('models/gold/m.sql', MART.replace('load:', 'replaces: true\nload:'));
  write('models/gold/pipeline_state.sql', MART);
  expect(problems()).toEqual([
    'models/gold/m.sql:5: replaces: medallion has no gold.m to replace',
    'models/gold/pipeline_state.sql:1: medallion itself has a table gold.pipeline_state: rename the file',
  ]);
});

test('a replacement keeps the key and the columns that others read', () => {
  write(
    'models/gold/customer_days.sql',
    MART.replace('load:', 'replaces: true\nload:')
      .replace('orders: {', 'orders: {')
      .replace('type: bigint', 'type: integer'),
  );
  const found = problems();
  expect(found).toContainEqual(
    expect.stringMatching(/customer_days\.sql:4: key: \(date_key\) must be/),
  );
  expect(found).toContainEqual(
    expect.stringMatching(
      /customer_days\.sql:9: columns\.orders: must be bigint, never null: .*gold\.sales_performance/,
    ),
  );
  expect(found).toContainEqual(
    expect.stringMatching(
      /customer_days\.sql:7: columns: "total_amount" \(.*\) is missing: .*gold\.sales_performance/,
    ),
  );
});

test('a circle through a model of the package names the one of the project', () => {
  const facts = 'silver/fact_transactions.sql';
  const text = readFileSync(new URL(`../../sql/${facts}`, import.meta.url), 'utf8');
  write(
    `models/${facts}`,
    `${text.replace('\nkey:', '\nreplaces: true\nkey:')}
    union all select * from silver.fact_transactions_with_customer`,
  );
  expect(problems()).toContainEqual(
    expect.stringMatching(
      /^models\/silver\/fact_transactions\.sql:\d+: these models read one another in a circle: .*silver\.fact_transactions_with_customer -> /,
    ),
  );
});
