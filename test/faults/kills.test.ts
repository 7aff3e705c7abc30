import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Random } from '../../src/generate/random.ts';
import { kafkaBrokers } from '../support/kafka.ts';
import { withDatabase } from '../support/postgres.ts';
import { change, moment, Scenario, seededMoments, watch } from './scenario.ts';

const KILLS = 16;

/** Each batch of ingest and of promote takes a while, so that there are many moments to be killed at. */
const SLOW = `
  create function medallion.wait() returns trigger language plpgsql
    as $$ begin perform pg_sleep(0.03); return null; end $$;
  create trigger wait after insert on bronze.events for each statement execute function medallion.wait();
  create trigger wait after update on medallion.watermarks for each statement execute function medallion.wait()`;

/** One kill in so many comes after the start of a command, whatever that is doing; the others find it at work. */
const EARLY = 4;

/**
 * Starts a command and kills it, again and again: a seeded moment after it has got to work, or after its start. Then
 * it is started once more and left to its work, of which other commands live.
 * @returns how many kills met work under way
 */
async function killAgainAndAgain(
  scenario: Scenario,
  args: (kill: number) => readonly string[],
  progress: () => Promise<number | undefined>,
  random: Random,
): Promise<number> {
  let atWork = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const from = (await progress()) ?? 0;
    const { child, result } = scenario.start(args(kill));
    const ended = result.then(() => true);
    if (kill % EARLY !== 0) {
      while (((await progress()) ?? 0) <= from && !(await Promise.race([ended, delay(5, false)]))) {
        // Not at work yet.
      }
    }
    await moment(random, 500);
    child.kill('SIGKILL');
    expect(await result, args(kill).join(' ')).toMatchObject({ signal: 'SIGKILL' });
    atWork += ((await progress()) ?? 0) > from ? 1 : 0;
  }
  scenario.start(args(KILLS));
  return atWork;
}

test(`ingest and promote killed ${String(2 * KILLS)} times while events come in`, async () => {
  await withDatabase(async ({ settings }) => {
    await change(settings, SLOW);
    const places = { settings, brokers: await kafkaBrokers(), partitions: 4 };
    await Scenario.run(places, async (scenario) => {
      // A group of its own for each, or it would wait for the broker to give up the one that was killed.
      const ingest = (kill: number): string[] => [
        'ingest',
        '--follow',
        '--group',
        `${scenario.topic}-${String(kill)}`,
      ];
      const [ingests, promotes] = await Promise.all([
        killAgainAndAgain(scenario, ingest, () => scenario.landed(), seededMoments(1)),
        killAgainAndAgain(
          scenario,
          () => watch('200ms'),
          () => scenario.promoted(),
          seededMoments(2),
        ),
      ]);
      const atWork = KILLS - KILLS / EARLY;
      expect(Math.min(ingests, promotes), 'kills at work').toBeGreaterThanOrEqual(atWork);
    });
  });
});
