import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster, type SparkCluster } from '../../scripts/spark/cluster.ts';
import { EVERY_FAULT, eventsOf } from '../generate/shop-stream.ts';
import { spawnCli, type CliProcess } from '../support/cli.ts';
import { busyProcessors, writeEndlessMart } from '../support/endless-mart.ts';
import { withDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  answersOf,
  countTransactions,
  landEvents,
  promoteAll,
  textsOf,
} from '../support/promotion.ts';

/** 20,000 events with every fault through a master and two workers, of which parts are killed in the middle. */

let folder: string;
let cluster: SparkCluster;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-cluster-'));
  cluster = await startCluster({ dir: folder, workers: 2 });
});

afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const events = textsOf(eventsOf(20_000, EVERY_FAULT).map(({ value }) => value));

function promote({ url }: TestDatabase, cwd = folder): CliProcess {
  return spawnCli(['promote', '--chunk-rows', '8000'], {
    ...{ timeoutMs: 900_000, cwd },
    env: {
      DATABASE_URL: url,
      MEDALLION_HOME: path.join(folder, 'home'),
      MEDALLION_ENGINE: 'spark',
      SPARK_REMOTE: cluster.remote,
      MEDALLION_SPARK_STAGING: path.join(folder, 'staging'),
    },
  });
}

async function untilCommitted({ settings }: TestDatabase): Promise<void> {
  while ((await countTransactions(settings)) === 0) {
    await delay(50);
  }
}

/** The processes of executors: those that a worker has started for this cluster. */
function executors(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        // A worker gives each a folder of its own to work in.
        const isOurs = readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
        return isOurs && command.includes('CoarseGrainedExecutorBackend');
      } catch {
        return false;
      }
    })
    .map(Number);
}

test.each([
  [
    'an executor is killed',
    () => {
      const [executor] = executors();
      expect(executor).toBeDefined();
      execFileSync('kill', ['-9', String(executor)]);
      return Promise.resolve();
    },
  ],
  [
    'the driver is killed, and started again',
    async () => {
      await cluster.driver.kill();
      await cluster.restartDriver();
    },
  ],
])('%s: nothing is lost and nothing is there twice', async (_, hit) => {
  await withDatabase(async (db) => {
    await landEvents(db.settings, events);
    const running = promote(db);
    await untilCommitted(db);
    await hit();
    const { code, stderr } = await running.result;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const answers = await answersOf(db.settings);
    expect(readdirSync(path.join(folder, 'staging'))).toEqual([]);
    await promoteAll(db.settings, { fullRefresh: true });
    expect(answers).toEqual(await answersOf(db.settings));
  });
});

test('an interrupt stops the statement on every executor', async () => {
  const project = path.join(folder, 'endless');
  writeEndlessMart(project);
  await withDatabase(async (db) => {
    await landEvents(db.settings, events.slice(0, 100));
    const running = promote(db, project);
    const busy = (): Promise<number> => busyProcessors(executors());
    // A statement that ends works its executors for a moment only.
    for (let looks = 0; looks < 5;) {
      looks = (await busy()) > 0.5 ? looks + 1 : 0;
    }
    running.child.kill('SIGINT');
    expect((await running.result).code).toBe(130);
    await expect.poll(busy, { timeout: 30_000 }).toBeLessThan(0.1);
  });
});
