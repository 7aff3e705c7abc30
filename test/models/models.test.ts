import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { readCases, runCase, type ModelCase } from '../../src/engine/model-test.ts';
import { loadModels } from '../../src/model/load.ts';
import type { Model } from '../../src/model/model.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { ENGINES, openTestEngine, useEngine } from '../support/promotion.ts';

/** Each test/models/<layer>/<model>.yaml holds cases of one model; `medallion test` runs the same. */
const HERE = path.dirname(fileURLToPath(import.meta.url));
const { silver, gold } = loadModels();
const models = [...silver, ...gold];
const testFile = (model: Model): string => path.join(HERE, model.layer, `${model.name}.yaml`);
/** A seed's rows are literals: there is nothing to compute. A view is computed here by the engine, too. */
const computed = models.filter(({ load }) => load !== 'seed');

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

test('every mart that asks for the type of an event says which it takes', () => {
  const asking = gold.filter(({ sql }) => /\bevent_type\b/.test(sql));
  expect(asking.length).toBeGreaterThan(0);
  expect(asking.filter(({ event_types: types }) => types.length === 0)).toEqual([]);
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
    test.each(casesOf(model))('$name', async (one) => {
      const session = await engine.openSession();
      expect(await runCase(session, models, model, one)).toEqual([]);
      await session.close();
    });
  });
});

function casesOf(model: Model): readonly ModelCase[] {
  const read = readCases(parse(readFileSync(testFile(model), 'utf8')));
  if ('problem' in read) {
    throw new Error(read.problem);
  }
  return read;
}
