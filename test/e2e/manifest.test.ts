import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Random } from '../../src/generate/random.ts';
import type { Manifest } from '../../src/generate/generate.ts';
import { runCommand, runShell, spawnCli, type CliResult } from '../support/cli.ts';
import { kafkaBrokers, kafkaClient, uniqueTopic, until } from '../support/kafka.ts';
import { withDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, rowOf } from '../support/promotion.ts';
import { expectTheAnswersOf, readManifest, SHOP } from './warehouse.ts';

// Many processes, one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

const COUNT = 3000;
const GENERATE = ['generate', '-n', String(COUNT), ...SHOP];

let folder: string;
let manifest: Manifest;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'medallion-manifest-'));
  await medallion([...GENERATE, '--to', 'sales.ndjson', '--manifest', 'answers.json']);
  manifest = await readManifest(path.join(folder, 'answers.json'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command that must succeed. */
async function medallion(args: readonly string[], db?: TestDatabase): Promise<CliResult> {
  const result = await runCommand(args, { cwd: folder, env: { DATABASE_URL: db?.url } });
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result;
}

test('the stream holds every kind of fault', () => {
  const { events, bronze, silver } = manifest;
  const { late, duplicate, correction, malformed } = events;
  expect(Math.min(late, duplicate, correction, malformed)).toBeGreaterThan(50);
  expect(Object.keys(silver.quarantined)).toHaveLength(11);
  expect(bronze.quarantined).toEqual({ not_text: expect.any(Number) as number });
});

describe('what the generator promised is what the warehouse answers', () => {
  test('through the landing directory', async () => {
    await withDatabase(async (db) => {
      const home = ['--home', path.join(folder, 'landing-home')];
      await medallion([...GENERATE, ...home, '--partitions', '3']);
      await medallion(['ingest', ...home], db);
      await medallion(['promote', ...home], db);
      await expectTheAnswersOf(manifest, db.settings);
    });
  });

  test('through a pipe', async () => {
    await withDatabase(async (db) => {
      const { code, stdout } = await runShell(
        `medallion ${GENERATE.join(' ')} --to - | medallion ingest --from -`,
        { cwd: folder, env: { DATABASE_URL: db.url } },
      );
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringContaining(
          `${manifest.bronze.events.toLocaleString('en-US')} events`,
        ) as string,
      });
      await medallion(['promote'], db);
      await expectTheAnswersOf(manifest, db.settings);
    });
  });

  test('through Kafka, with two readers of one group at once', async () => {
    await withDatabase(async (db) => {
      const topic = await uniqueTopic(4);
      const log = ['--brokers', await kafkaBrokers(), '--topic', topic];
      const follow = ['ingest', ...log, '--group', topic, '--follow'];
      const readers = [1, 2].map(() =>
        spawnCli([...follow, '-o', 'json'], { cwd: folder, env: { DATABASE_URL: db.url } }),
      );
      await until(async () => (await groupMembers(topic)) === 2);
      await medallion([...GENERATE, ...log]);
      await until(async () => (await landedRecords(db)) === COUNT);
      readers.forEach(({ child }) => child.kill('SIGINT'));
      const landed = (await Promise.all(readers.map(({ result }) => result))).map((result) => {
        expect(result).toMatchObject({ code: 130 });
        const rows = JSON.parse(result.stdout) as { partition: number; events: number }[];
        return rows.reduce((sum, { events }) => sum + events, 0);
      });
      expect(
        landed.every((events) => events > 0),
        `each lands its share: ${landed.join()}`,
      ).toBe(true);
      await medallion(['promote'], db);
      await expectTheAnswersOf(manifest, db.settings);
    });
  });

  test('through a gzip file, given again and under another name', async () => {
    await withDatabase(async (db) => {
      await medallion([...GENERATE, '--to', 'sales.ndjson.gz']);
      await medallion(['ingest', '--from', 'sales.ndjson.gz'], db);
      await medallion(['promote'], db);
      await expectTheAnswersOf(manifest, db.settings);

      const again = await medallion(['ingest', '--from', 'sales.ndjson.gz'], db);
      expect(again.stdout).toContain('nothing new');
      expect((await medallion(['promote'], db)).stderr).toContain('nothing new');
      await expectTheAnswersOf(manifest, db.settings);

      const before = await answersOf(db.settings);
      await copyFile(path.join(folder, 'sales.ndjson.gz'), path.join(folder, 'copy.ndjson.gz'));
      await medallion(['ingest', '--from', 'copy.ndjson.gz'], db);
      await medallion(['promote'], db);
      expect(await answersOf(db.settings)).toEqual({
        ...before,
        // Counted below.
        discarded: expect.anything() as unknown,
        quarantine: expect.anything() as unknown,
      });
      const { transactions, duplicates, superseded } = manifest.silver;
      expect(
        await rowOf(
          db.settings,
          `select count(*) filter (where outcome = 'duplicate')::text as duplicates,
                  count(*) filter (where outcome = 'superseded')::text as superseded,
                  (select count(*) from bronze.quarantine)::text as refused,
                  (select count(*) from gold.restatements)::text as restatements
           from silver.discarded_events`,
        ),
      ).toEqual({
        // Each accepted event once more.
        duplicates: String(duplicates + transactions + duplicates + superseded),
        superseded: String(superseded),
        refused: String(2 * manifest.events.malformed),
        restatements: '0',
      });
    });
  });

  // No version of a transaction shares its time with another one here, so no answer hangs on the order.
  test('in another order, cut into many batches', async () => {
    await withDatabase(async (db) => {
      await shuffle('sales.ndjson', 'shuffled.ndjson');
      for (let landed = 0; landed < COUNT; landed += 800) {
        const limits = ['--max-messages', '800'];
        await medallion(['ingest', '--from', 'shuffled.ndjson', ...limits], db);
        await medallion(['promote', '--chunk-rows', '500'], db);
      }
      await expectTheAnswersOf(manifest, db.settings);
    });
  });
});

async function landedRecords({ settings }: TestDatabase): Promise<number> {
  const { n } = await rowOf(
    settings,
    'select sum(ingested_events + quarantined_events) as n from medallion.offsets',
  );
  return Number(n);
}

async function groupMembers(group: string): Promise<number> {
  const admin = (await kafkaClient()).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([group]);
    const [found] = groups;
    return found?.state === 'Stable' ? found.members.length : 0;
  } finally {
    await admin.disconnect();
  }
}

/** The same lines in an order that a seed decides. */
async function shuffle(from: string, to: string): Promise<void> {
  // One character a byte: not every line is UTF-8.
  const lines = (await readFile(path.join(folder, from), 'latin1')).trimEnd().split('\n');
  const random = new Random(11, 0);
  const ranked = lines
    .map((line) => ({ line, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank);
  await writeFile(path.join(folder, to), ranked.map(({ line }) => `${line}\n`).join(''), 'latin1');
}
