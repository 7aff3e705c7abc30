import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../src/generate/generate.ts';
import { Random } from '../../src/generate/random.ts';
import { withClient } from '../../src/postgres/client.ts';
import { runCommand, spawnCli, type CliProcess } from '../support/cli.ts';
import { kafkaBrokers, uniqueTopic, until } from '../support/kafka.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, rowOf, rowsOf } from '../support/promotion.ts';
import { expectTheAnswersOf, readManifest, SHOP } from './warehouse.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const COUNT = 12_000;
const KILLS = 6;
/** Many, so that there are many batches. */
const PARTITIONS = 24;
/** Decides the moments of the kills. */
const random = new Random(2026, 0);

let folder: string;
let home: string;
let manifest: Manifest;
/** MD5 of each line that was generated, in the order of partition and line. */
let lines: string[];
let db: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-kill-'));
  home = path.join(folder, 'home');
  const args = ['-n', String(COUNT), '--partitions', String(PARTITIONS), ...SHOP];
  const generated = await runCommand(['generate', ...args, '--manifest', 'answers.json'], {
    cwd: folder,
    env: { MEDALLION_HOME: home },
  });
  expect(generated).toMatchObject({ code: 0 });
  manifest = await readManifest(path.join(folder, 'answers.json'));
  lines = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const file = path.join(home, 'landing', 'sales', `${partition}.ndjson`);
    // One character a byte: not every line is UTF-8.
    const text = await readFile(file, 'latin1');
    lines.push(...text.trimEnd().split('\n').map(md5));
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  await db.drop();
});

function md5(line: string): string {
  return createHash('md5').update(line, 'latin1').digest('hex');
}

function start(args: readonly string[], database = db): CliProcess {
  return spawnCli(args, {
    cwd: folder,
    env: { DATABASE_URL: database.url, MEDALLION_HOME: home },
  });
}

async function finish(args: readonly string[], database = db): Promise<string> {
  const result = await start(args, database).result;
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
}

/** What bronze and the quarantine hold, as `lines` has it. */
async function landedLines(order: string): Promise<string[]> {
  const rows = await rowsOf(
    db.settings,
    `select md5(raw) as md5 from (
       select partition, "offset", convert_to(value, 'UTF8') as raw from bronze.events
       union all
       select partition, "offset", raw from bronze.quarantine where stage = 'ingest'
     ) as landed order by ${order}`,
  );
  return rows.map((row) => String(row['md5']));
}

/**
 * Runs a command and kills it, again and again: each time a seeded moment after `progress` has gone some seeded way
 * on from where the last run left it, so that kills meet work under way. Where a busy machine lets a run come to its
 * end all the same, it was the last one.
 */
async function killAtRandomMoments(
  args: (kill: number) => readonly string[],
  progress: string,
  count = COUNT,
): Promise<void> {
  let killed = 0;
  await withClient(db.settings, async (client) => {
    const read = async (): Promise<number> => {
      const { rows } = await client.query<{ done: string }>(progress);
      return Number(rows[0]?.done);
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const from = await read();
      const target = from + (count - from) * random.unit() * 0.2;
      const pauseMs = random.below(60);
      const { child, result } = start(args(kill));
      const ended = result.then(() => true);
      while ((await read()) <= target && !(await Promise.race([ended, delay(2, false)]))) {
        // Not there yet.
      }
      await delay(pauseMs);
      child.kill('SIGKILL');
      const { code, signal, stderr } = await result;
      if (signal !== 'SIGKILL') {
        expect(code, stderr).toBe(0);
        break;
      }
      killed += (await read()) < count ? 1 : 0;
    }
  });
  expect(killed, 'kills that met work under way').toBeGreaterThan(KILLS / 2);
}

/** A server that needs a while for each batch, as a busy one does, so that there are many moments to be killed at. */
async function slowBronzeDown(): Promise<void> {
  await withClient(db.settings, (client) =>
    client.query(`
      create function bronze.wait() returns trigger language plpgsql
        as $$ begin perform pg_sleep(0.04); return null; end $$;
      create trigger wait after insert on bronze.events execute function bronze.wait()`),
  );
}

const LANDED = 'select coalesce(sum(next_offset), 0) as done from medallion.offsets';
const PROMOTED = 'select coalesce(sum(next_offset), 0) as done from medallion.watermarks';
const LOCKS = `select count(*) as n from pg_locks where locktype = 'advisory' and granted
  and database = (select oid from pg_database where datname = current_database())`;

async function isPromoting(): Promise<boolean> {
  return (await rowOf(db.settings, LOCKS))['n'] !== '0';
}

describe('ingest that is killed', () => {
  test('has landed each line of the landing directory once, when it has been run again', async () => {
    await slowBronzeDown();
    await killAtRandomMoments(() => ['ingest'], LANDED);
    await finish(['ingest']);
    expect(await landedLines('partition, "offset"')).toEqual(lines);
    expect(await finish(['ingest'])).toContain('nothing new');
  });

  test('has landed each message of a Kafka topic once, when it has been run again', async () => {
    const topic = await uniqueTopic(PARTITIONS);
    const log = ['--brokers', await kafkaBrokers(), '--topic', topic];
    await finish(['generate', '-n', String(COUNT), ...SHOP, ...log]);
    // A group of its own for each, or it would wait for the broker to give up the one that was killed.
    const ingest = (group: string): string[] => ['ingest', ...log, '--group', `${topic}-${group}`];
    await slowBronzeDown();
    await killAtRandomMoments((kill) => ingest(String(kill)), LANDED);
    await finish(ingest('last'));
    expect(await landedLines('md5(raw)')).toEqual([...lines].sort());
  });
});

describe('ingest of files of CSV that is killed', () => {
  const FILES = 24;
  const ORDERS = 1000;

  test('has landed each order once, with all its rows, when it has been run again', async () => {
    const files = Array.from({ length: FILES }, (_, file) => `orders-${file}.csv`);
    for (const file of files) {
      const rows = Array.from({ length: ORDERS }, (_, no) =>
        [1, 2, 3].map((line) => `${no},12/1/2010 8:26,SKU-${line},${line},1.50,,\n`).join(''),
      );
      const header = 'InvoiceNo,InvoiceDate,StockCode,Quantity,UnitPrice,CustomerID,Country\n';
      await writeFile(path.join(folder, file), header + rows.join(''));
    }
    const ingest = ['ingest', '--source', 'online_retail', '--from', ...files];
    await slowBronzeDown();
    await killAtRandomMoments(() => ingest, LANDED, FILES * (1 + 3 * ORDERS));
    await finish(ingest);
    expect(
      await rowOf(
        db.settings,
        `select count(*) as orders, count(distinct (topic, value::json ->> 'InvoiceNo')) as different,
                count(*) filter (where "offset" = 1 + 3 * (value::json ->> 'InvoiceNo')::bigint
                  and json_array_length(value::json -> 'rows') = 3) as whole
         from bronze.events`,
      ),
    ).toEqual({ orders: '24000', different: '24000', whole: '24000' });
    await finish(['reconcile']);
  });
});

describe('promote that is killed', () => {
  test('leaves a warehouse that the next run makes whole, as if nothing had happened', async () => {
    const untouched = await createTestDatabase();
    try {
      await Promise.all([finish(['ingest']), finish(['ingest'], untouched)]);
      const reference = finish(['promote'], untouched);
      const promote = ['promote', '--chunk-rows', '500'];
      await killAtRandomMoments(() => promote, PROMOTED);
      await reference;
      // Once more between silver and gold.
      await until(async () => !(await isPromoting()));
      await finish([...promote, '--layer', 'silver']);
      const gold = start(promote);
      await until(isPromoting);
      await delay(random.below(500));
      gold.child.kill('SIGKILL');
      await gold.result;

      await until(async () => !(await isPromoting()));
      await finish(promote);
      await expectTheAnswersOf(manifest, db.settings);
      expect(await answersOf(db.settings)).toEqual(await answersOf(untouched.settings));
      expect(await rowOf(db.settings, 'select count(*) as n from gold.restatements')).toEqual({
        n: '0',
      });
    } finally {
      await untouched.drop();
    }
  });
});

describe('two at once, and a signal', () => {
  test('a second promote says who is at it and exits 5; the first one is not disturbed', async () => {
    await finish(['ingest', '--max-messages', '1000']);
    const first = start(['promote']);
    await until(isPromoting);
    // Held where it is, so that the second one meets it however slow the machine.
    first.child.kill('SIGSTOP');
    const second = await start(['promote']).result;
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 5, stdout: '' });
    expect(second.stderr).toMatch(
      new RegExp(
        `^error: another promotion is running: medallion promote \\(process ${String(first.child.pid)}\\), since `,
        'm',
      ),
    );
    expect(await first.result).toMatchObject({ code: 0 });
  });

  test('ingest --follow leaves on SIGINT with 130, saying what it did', async () => {
    const follower = start(['ingest', '--follow']);
    await until(async () => (await rowOf(db.settings, LANDED))['done'] === String(COUNT));
    follower.child.kill('SIGINT');
    const { code, stdout, stderr } = await follower.result;
    expect({ code, errors: /error|defect/.test(stderr) }).toEqual({ code: 130, errors: false });
    const events = manifest.bronze.events.toLocaleString('en-US');
    expect(stdout).toMatch(
      new RegExp(`^${events} events .*written to bronze in .*; interrupted$`, 'm'),
    );
    expect(await landedLines('partition, "offset"')).toEqual(lines);
  });

  test('promote leaves on SIGINT with 130, and the next one goes on from there', async () => {
    await finish(['ingest']);
    const promote = ['promote', '--chunk-rows', '500'];
    const first = start(promote);
    await until(async () => Number((await rowOf(db.settings, PROMOTED))['done']) > 0);
    first.child.kill('SIGINT');
    const { code, stderr } = await first.result;
    expect({ code, errors: /error|defect/.test(stderr) }).toEqual({ code: 130, errors: false });
    const promoted = Number((await rowOf(db.settings, PROMOTED))['done']);
    expect(promoted).toBeGreaterThan(0);
    expect(promoted).toBeLessThan(COUNT);
    await finish(promote);
    await expectTheAnswersOf(manifest, db.settings);
  });
});
