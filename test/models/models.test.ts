import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as v from '@badrap/valita';
import { stagedTable, type Engine, type Session } from '../../src/engine/engine.ts';
import { loadModels } from '../../src/model/load.ts';
import { wholeSelect, type Model } from '../../src/model/model.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, openTestEngine, useEngine } from '../support/promotion.ts';

/**
 * Each test/models/<layer>/<model>.yaml holds cases of one model: rows given in its inputs, and the rows expected,
 * naming only the columns that matter. Values are compared as text, in the order of the model's key.
 */
const value = v.union(v.string(), v.number(), v.boolean(), v.null());
const row = v.record(value);
const cases = v.array(
  v.object({
    name: v.string(),
    given: v.record(v.array(row)),
    expect: v.array(row),
  }),
);

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { silver, gold } = loadModels();
const models = [...silver, ...gold];
const testFile = (model: Model): string => path.join(HERE, model.layer, `${model.name}.yaml`);
/** A seed's rows are literals: there is nothing to compute. A view is computed here by the engine, too. */
const computed = models.filter(({ load }) => load !== 'seed');

const COORDINATES = {
  topic: 'text',
  partition: 'integer',
  offset: 'bigint',
  produced_at: 'timestamptz',
};
const EVENT = {
  event_no: 'integer',
  ...COORDINATES,
  transaction_id: 'text',
  event_type: 'text',
  event_version: 'text',
  event_timestamp: 'timestamptz',
  ordered_at: 'timestamptz',
  refunds: 'text',
  customer_id: 'text',
  customer_type: 'text',
  customer_country: 'text',
  customer_city: 'text',
  order_status_id: 'integer',
  order_payment_method_id: 'integer',
  order_currency_id: 'integer',
  order_subtotal: 'numeric(18,2)',
  order_tax_amount: 'numeric(18,2)',
  order_shipping_amount: 'numeric(18,2)',
  order_discount_amount: 'numeric(18,2)',
  order_total_amount: 'numeric(18,2)',
  order_tax_included: 'boolean',
  order_exchange_rate: 'numeric(20,10)',
  date_key: 'date',
};
/** What the source step leaves for the models of silver. */
const SOURCE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'source.run': { run_id: 'bigint', first_key: 'bigint' },
  'source.events': EVENT,
  'source.transactions': EVENT,
  'source.items': {
    event_no: 'integer',
    line_number: 'integer',
    item_id: 'text',
    category: 'text',
    unit_price: 'numeric(18,2)',
    quantity: 'integer',
    discount: 'numeric(18,2)',
    cost: 'numeric(18,2)',
  },
  'source.dedup_results': {
    ...COORDINATES,
    transaction_id: 'text',
    event_timestamp: 'timestamptz',
    date_key: 'date',
    content_hash: 'text',
    outcome: 'text',
  },
};

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

test('every model that computes something has a test file, and every test file a model', () => {
  const files = (['silver', 'gold'] as const).flatMap((layer) =>
    readdirSync(path.join(HERE, layer)).map((file) => path.join(HERE, layer, file)),
  );
  expect(files.sort()).toEqual(computed.map(testFile).sort());
});

describe.each(ENGINES)('%s', (engineName) => {
  useEngine(engineName);
  let engine: Engine;

  beforeAll(async () => {
    engine = await openTestEngine(database.settings);
  });

  afterAll(async () => {
    await engine.close();
  });

  describe.each(computed)('$id', (model) => {
    test.each(cases.parse(parse(readFileSync(testFile(model), 'utf8'))))(
      '$name',
      async ({ given, expect: expected }) => {
        const session = await engine.openSession();
        for (const input of model.inputs) {
          await giveRows(session, input, given[input] ?? []);
        }
        expect(
          Object.keys(given).filter((id) => !model.inputs.includes(id)),
          'rows given to no input',
        ).toEqual([]);
        // Rows are given with the columns that matter; the others are null all the way.
        const selected = {
          ...model,
          columns: model.columns
            .filter(({ derived }) => derived === undefined)
            .map((column) => ({ ...column, nullable: true })),
        };
        await session.clear(selected);
        await session.stage(selected);
        const columns = Object.keys(expected[0] ?? {});
        const values = columns.map((column) => `cast("${column}" as varchar) as "${column}"`);
        // Derived columns are made of what is staged, with what is looked up beside it.
        const whole = wholeSelect({ ...model, sql: `select * from ${stagedTable(model)}` });
        const rows = await session.query(
          columns.length === 0
            ? `select count(*) from (${whole}) having count(*) > 0`
            : `select ${values.join(', ')} from (${whole}) order by ${model.key.map((key) => `"${key}"`).join(', ')}`,
        );
        expect(rows).toEqual(
          expected.map((row) =>
            Object.fromEntries(
              Object.entries(row).map(([name, cell]) => [
                name,
                cell === null ? null : String(cell),
              ]),
            ),
          ),
        );
        await session.close();
      },
    );
  });
});

/** Makes an input with all its columns; those that a row does not name are null. */
async function giveRows(
  session: Session,
  id: string,
  rows: readonly v.Infer<typeof row>[],
): Promise<void> {
  const model = models.find((candidate) => candidate.id === id);
  const columns =
    model?.columns ?? Object.entries(SOURCE[id] ?? {}).map(([name, type]) => ({ name, type }));
  expect(columns, `nothing is known of ${id}`).not.toEqual([]);
  const values = (given: v.Infer<typeof row>): string =>
    columns
      .map(({ name, type }) => `cast(${literal(given[name])} as ${type}) as "${name}"`)
      .join(', ');
  for (const given of rows) {
    const unknown = Object.keys(given).filter(
      (name) => !columns.some((column) => column.name === name),
    );
    expect(unknown, `${id} has no such columns`).toEqual([]);
  }
  const selects = rows.map((given) => `select ${values(given)}`);
  await session.openInput({
    id,
    sql: selects.length === 0 ? `select ${values({})} where false` : selects.join(' union all '),
    keep: true,
  });
}

function literal(cell: v.Infer<typeof value> | undefined): string {
  return cell === null || cell === undefined ? 'null' : `'${String(cell).replaceAll("'", "''")}'`;
}
