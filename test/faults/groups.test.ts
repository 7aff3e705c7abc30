import type { Admin } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaBrokers, kafkaClient, until } from '../support/kafka.ts';
import { withDatabase } from '../support/postgres.ts';
import { rowOf, rowsOf } from '../support/promotion.ts';
import type { CliProcess } from '../support/cli.ts';
import { moment, PATIENCE_MS, Scenario, seededMoments, stop, watch } from './scenario.ts';

const PARTITIONS = 6;
const FOLLOW = ['ingest', '--follow'];

let admin: Admin;

beforeAll(async () => {
  admin = (await kafkaClient()).admin();
  await admin.connect();
});

afterAll(async () => {
  await admin.disconnect();
});

/** How many partitions each member of the group holds, fewest first; empty while they are being shared out. */
async function shares(group: string): Promise<number[]> {
  const { groups } = await admin.describeGroups([group]);
  const found = groups[0];
  if (found?.state !== 'Stable') {
    return [];
  }
  return found.members
    .map(({ memberAssignment }) => partitionsIn(memberAssignment))
    .sort((a, b) => a - b);
}

/** Of the one topic of an assignment: version, topics, its name, then the number of its partitions. */
function partitionsIn(assignment: Buffer): number {
  return assignment.length === 0 ? 0 : assignment.readInt32BE(8 + assignment.readInt16BE(6));
}

async function untilShared(scenario: Scenario, expected: readonly number[]): Promise<void> {
  const isShared = async (): Promise<boolean> =>
    (await shares(scenario.topic)).join() === expected.join();
  await until(isShared, PATIENCE_MS);
}

/** Waits until every partition has gone on from where it stands. */
async function everyPartitionFlows(scenario: Scenario, partitions = PARTITIONS): Promise<void> {
  const offsets = async (): Promise<Map<string, number>> => {
    const rows = await rowsOf(
      scenario.settings,
      'select partition, next_offset from medallion.offsets',
    );
    return new Map(rows.map((row) => [String(row['partition']), Number(row['next_offset'])]));
  };
  const before = await offsets();
  await until(async () => {
    const now = [...(await offsets())];
    return now.length === partitions && now.every(([one, next]) => next > (before.get(one) ?? 0));
  }, PATIENCE_MS);
}

test('members join and leave a group, one is frozen past its session, and two promotes are at it', async () => {
  const random = seededMoments(7);
  await withDatabase(async ({ settings }) => {
    const places = { settings, brokers: await kafkaBrokers(), partitions: PARTITIONS };
    await Scenario.run(places, async (scenario) => {
      const promotes = [scenario.start(watch()), scenario.start(watch())];
      const join = (): CliProcess => scenario.start(FOLLOW);
      const [first, second] = [join(), join()];
      await untilShared(scenario, [3, 3]);
      await everyPartitionFlows(scenario);

      const third = join();
      await untilShared(scenario, [2, 2, 2]);
      await everyPartitionFlows(scenario);
      await moment(random, 1000);
      await stop(first);
      await untilShared(scenario, [3, 3]);

      await moment(random, 1000);
      second.child.kill('SIGSTOP');
      await untilShared(scenario, [6]);
      await everyPartitionFlows(scenario);
      second.child.kill('SIGCONT');
      await untilShared(scenario, [3, 3]);
      await everyPartitionFlows(scenario);

      await stop(third);
      await untilShared(scenario, [6]);
      expect(promotes.map(({ child }) => child.exitCode)).toEqual([null, null]);
      const alone = await scenario.start(['promote']).result;
      expect([0, 5], alone.stderr).toContain(alone.code);
    });
  });
});

test('four members share eight partitions, and are killed one by one and two at a time: every event is in bronze once', async () => {
  const random = seededMoments(8);
  await withDatabase(async ({ settings }) => {
    const places = { settings, brokers: await kafkaBrokers(), partitions: 8 };
    await Scenario.run(places, async (scenario) => {
      const join = (): CliProcess => scenario.start(FOLLOW);
      let members = [join(), join(), join(), join()];
      for (const count of [1, 2]) {
        await untilShared(scenario, [2, 2, 2, 2]);
        await everyPartitionFlows(scenario, 8);
        await moment(random, 1000);
        for (const { child } of members.slice(0, count)) {
          child.kill('SIGKILL');
        }
        members = [...members.slice(count), ...Array.from({ length: count }, join)];
      }
      // The broker gives the dead up after their session; until then their partitions stand still.
      await untilShared(scenario, [2, 2, 2, 2]);
      await everyPartitionFlows(scenario, 8);
      const { n } = await rowOf(settings, 'select count(distinct run_id) as n from bronze.events');
      expect(Number(n)).toBeGreaterThan(4);
    });
  });
});
