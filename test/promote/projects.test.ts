import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { rowsOf } from '../support/promotion.ts';

// Many commands, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

let folder: string;
let db: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-projects-'));
  await mkdir(path.join(folder, 'none'));
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

const place = (name: string): string => path.join(folder, name);

/** Runs a command in a folder; it has to be done. */
async function medallion(name: string, ...args: string[]): Promise<CliResult> {
  const env = { DATABASE_URL: db.url, MEDALLION_HOME: place('home') };
  const result = await runCommand(args, { cwd: place(name), env });
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

let events = 0;

/** Ingests a purchase of its own day, and promotes it, in a folder. */
async function promoteOne(name: string): Promise<CliResult> {
  events += 1;
  const at = `2026-01-${String(events).padStart(2, '0')}T08:00:00Z`;
  const file = place(`${String(events)}.ndjson`);
  await writeFile(file, `${purchase({ id: `t${String(events)}`, at })}\n`);
  await medallion(name, 'ingest', '--from', file);
  return medallion(name, 'promote');
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(place(file)), { recursive: true });
  await writeFile(place(file), text);
}

/** A project with a mart of orders by day. */
async function makeProject(name: string, mart: string, condition = 'true'): Promise<void> {
  await write(`${name}/medallion.yaml`, '');
  await write(
    `${name}/models/gold/${mart}.sql`,
    `/* @model
description: Orders
grain: one row per day
key: [date_key]
load: replace_days
columns:
  date_key: { type: date, description: Day }
  orders: { type: bigint, description: Orders }
*/
select date_key, count(*) as orders from silver.fact_transactions where ${condition} group by date_key
`,
  );
}

const daysOf = async (mart: string): Promise<number> =>
  (await rowsOf(db.settings, `select from gold.${mart}`)).length;

async function planned(
  name: string,
): Promise<Record<'model' | 'what' | 'step' | 'then', string>[]> {
  const { stdout } = await medallion(name, 'promote', '--plan', '-o', 'json');
  return JSON.parse(stdout) as Record<'model' | 'what' | 'step' | 'then', string>[];
}

beforeEach(() => {
  events = 0;
});

describe('two projects in one warehouse', () => {
  test('are warned of one another, and a mart that was left out is computed whole when its project is back', async () => {
    await makeProject('a', 'of_a');
    await makeProject('b', 'of_b');
    expect((await promoteOne('a')).stderr).not.toContain('warning');
    const { stderr } = await promoteOne('b');
    expect(stderr).toContain(
      `warning: the project at ${place('a')} promotes into this warehouse, too; its models are left unchanged: gold.of_a`,
    );
    expect(stderr).toContain('Put the models of both into one project');
    expect(await daysOf('of_a')).toBe(1);
    const none = await promoteOne('none');
    expect(none.stderr).toContain(`its models are left unchanged: gold.of_a`);
    expect(none.stderr).toContain(`--config ${place('b')}/medallion.yaml`);

    expect(await planned('a')).toEqual([
      {
        ...{ model: 'gold.of_a', step: 'apply', then: 'the next promotion computes all of it' },
        what: expect.stringMatching(
          /^incomplete: it lacks what a project without it has promoted since .* UTC$/,
        ) as string,
      },
      {
        ...{ model: 'gold.of_b', step: 'leave' },
        what: expect.stringMatching(
          `^a model of the project at ${place('b')}, which promotes here, too`,
        ) as string,
        then: expect.stringMatching(/^left unchanged here/) as string,
      },
    ]);
    // Nothing is new: it is computed all the same.
    await medallion('a', 'promote');
    expect(await daysOf('of_a')).toBe(3);
    expect(await planned('a')).toMatchObject([{ model: 'gold.of_b', step: 'leave' }]);
  });

  test('with a model of one name that they define differently are warned, and a folder that has moved is not', async () => {
    await makeProject('a', 'orders_by_day');
    await makeProject('b', 'orders_by_day', `event_type = 'purchase'`);
    await makeProject('c', 'orders_by_day', `event_type = 'purchase'`);
    await promoteOne('a');
    const { stderr } = await promoteOne('b');
    expect(stderr).toContain(
      `the project at ${place('a')} promotes into this warehouse, too, and defines these models differently: gold.orders_by_day`,
    );
    expect((await promoteOne('c')).stderr).not.toContain('warning');
  });
});

describe('a model that was dropped from its project', () => {
  test('is said by promote --plan, status and doctor, until its table is dropped', async () => {
    await makeProject('a', 'of_a');
    await promoteOne('a');
    await rm(place('a/models/gold/of_a.sql'));
    expect((await promoteOne('a')).stderr).not.toContain('warning');
    expect(await daysOf('of_a')).toBe(1);

    const what = expect.stringMatching(/^no longer in its project; promoted last at/) as string;
    const then = `left unchanged: put models/gold/of_a.sql back, or remove it with medallion sql --write 'drop table gold.of_a'`;
    expect(await planned('a')).toEqual([{ model: 'gold.of_a', what, step: 'leave', then }]);
    const status = await medallion('a', 'status', '--section', 'models', '-o', 'json');
    expect(JSON.parse(status.stdout)).toEqual({ models: [{ model: 'gold.of_a', what, then }] });
    const page = await medallion('a', 'status');
    expect(page.stdout).toContain('gold.of_a  no longer in its project');
    const doctor = await medallion('a', 'doctor', '-o', 'json');
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({ title: 'models', status: 'warn' }),
    );

    await medallion('a', 'sql', '--write', 'drop table gold.of_a');
    expect(await planned('a')).toEqual([]);
    expect((await medallion('a', 'status')).stdout).not.toContain('of_a');
  });

  test('and comes back has all its days', async () => {
    await makeProject('a', 'of_a');
    await promoteOne('a');
    await rm(place('a/models/gold/of_a.sql'));
    await promoteOne('a');
    await makeProject('a', 'of_a');
    await promoteOne('a');
    expect(await daysOf('of_a')).toBe(3);
  });
});

test('a table of silver that was left out is said to lack rows until a full refresh', async () => {
  await write('a/medallion.yaml', '');
  await write(
    'a/models/silver/order_notes.sql',
    `/* @model
description: Notes
grain: one row per transaction
key: [transaction_key]
load: replace_transactions
columns:
  transaction_key: { type: bigint, description: Key }
  note: { type: text, description: Note }
*/
select transactions.transaction_key, transactions.transaction_id as note
from source.transactions as winners
inner join silver.fact_transactions as transactions on winners.transaction_id = transactions.transaction_id
`,
  );
  const notes = async (): Promise<number> =>
    (await rowsOf(db.settings, 'select from silver.order_notes')).length;
  await promoteOne('a');
  await promoteOne('none');
  const { stderr } = await promoteOne('a');
  expect(stderr).toMatch(
    /warning: silver\.order_notes is incomplete: it lacks what a project without it has promoted since .* UTC\n\s+medallion promote --full-refresh fills it\./,
  );
  expect(await notes()).toBe(2);
  await medallion('a', 'promote', '--full-refresh');
  expect(await notes()).toBe(3);
  expect((await promoteOne('a')).stderr).not.toContain('warning');
  expect(await planned('a')).toEqual([]);
});
