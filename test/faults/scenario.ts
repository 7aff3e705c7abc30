import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { Random } from '../../src/generate/random.ts';
import { ensureTopic } from '../../src/log/kafka/topic.ts';
import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { expectTheAnswersOf, readManifest } from '../e2e/warehouse.ts';
import { spawnCli, type CliProcess, type CliResult } from '../support/cli.ts';
import { kafkaConfig, until } from '../support/kafka.ts';
import { urlOf } from '../support/postgres.ts';
import { rowOf } from '../support/promotion.ts';

/** How long a condition is waited for, and a scenario goes on, at most: a machine may be very busy. */
export const PATIENCE_MS = 150_000;
const SCENARIO_MS = 600_000;

/** Events a second, of every kind. */
const SHOP = [
  ...['--follow', '--rate', '100', '--customers', '60', '--products', '25', '--cities', '12'],
  ...['--late', '5%', '--duplicates', '6%', '--malformed', '3%', '--corrections', '7%'],
];

/** The moments of a scenario's faults; `stream` keeps two scenarios apart. */
export function seededMoments(stream: number): Random {
  return new Random(Number(process.env['FAULTS_SEED'] ?? 0), stream);
}

export interface Places {
  /** Where the test itself looks. */
  readonly settings: ConnectionSettings;
  readonly brokers: string;
  readonly partitions: number;
}

/**
 * A topic, a producer that goes all the while, and the commands between that topic and one warehouse. What the
 * producer wrote is known from its manifest, and at the end the warehouse must answer just that.
 */
export class Scenario {
  readonly topic = `faults-${randomBytes(6).toString('hex')}`;
  readonly settings: ConnectionSettings;
  readonly #places: Places;
  readonly #folder: string;
  #producer: CliProcess | undefined;
  readonly #running = new Set<CliProcess>();

  private constructor(places: Places, folder: string) {
    this.settings = places.settings;
    this.#places = places;
    this.#folder = folder;
  }

  /** Runs `work` while a producer writes, then holds the warehouse to its manifest. */
  static async run(places: Places, work: (scenario: Scenario) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'medallion-faults-'));
    const scenario = new Scenario(places, folder);
    try {
      await scenario.#startProducer();
      await work(scenario);
      await scenario.#settle();
    } catch (error) {
      throw new Error(scenario.#account(), { cause: error });
    } finally {
      for (const { child, result } of scenario.#running) {
        child.kill('SIGKILL');
        await result;
      }
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Starts a command on the topic and the warehouse, or with another way to either. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ): CliProcess {
    const started = spawnCli(args, {
      cwd: this.#folder,
      env: { ...this.#environment(), ...env },
      timeoutMs: SCENARIO_MS,
    });
    this.#running.add(started);
    return started;
  }

  /** Ingests and promotes from now on; the two are stopped at the end. */
  followAndWatch(
    env: Readonly<Record<string, string | undefined>> = {},
    flags: readonly string[] = [],
  ): CliProcess[] {
    return [['ingest', '--follow'], watch()].map((args) => this.start([...args, ...flags], env));
  }

  /** Events that ingest has landed; undefined while the warehouse is away. */
  async landed(): Promise<number | undefined> {
    return this.#count('select sum(next_offset) as n from medallion.offsets');
  }

  /** Events that promote has judged. */
  async promoted(): Promise<number | undefined> {
    return this.#count('select sum(next_offset) as n from medallion.watermarks');
  }

  /** Waits until both have gone on by some events from where they stand. */
  async flows(): Promise<void> {
    await until(async () => (await this.landed()) !== undefined, PATIENCE_MS);
    const [landed = 0, promoted = 0] = [await this.landed(), await this.promoted()];
    await until(async () => ((await this.landed()) ?? 0) > landed, PATIENCE_MS);
    await until(async () => ((await this.promoted()) ?? 0) > promoted, PATIENCE_MS);
  }

  async #startProducer(): Promise<void> {
    const { brokers, partitions } = this.#places;
    // Who reads finds a topic.
    await ensureTopic(await kafkaConfig({ brokers: [brokers] }), this.topic, partitions);
    this.#producer = this.start(['generate', ...SHOP, '--manifest', 'answers.json']);
  }

  /** Stops the producer, lets what it wrote come through, and compares. */
  async #settle(): Promise<void> {
    await stop(this.#producer);
    const manifest = await readManifest(path.join(this.#folder, 'answers.json'));
    const { written } = manifest.events;
    await until(async () => ((await this.landed()) ?? 0) >= written, PATIENCE_MS);
    for (const command of this.#going()) {
      await stop(command);
    }
    this.#running.clear();
    expect(await this.landed(), 'as many in bronze as were written').toBe(written);
    await this.#finish(['promote']);
    await expectTheAnswersOf(manifest, this.settings);
    await this.#finish(['reconcile']);
  }

  async #finish(args: readonly string[]): Promise<CliResult> {
    const result = await this.start(args).result;
    expect(result, args.join(' ')).toMatchObject({ code: 0 });
    return result;
  }

  #environment(): Record<string, string | undefined> {
    return {
      DATABASE_URL: urlOf(this.settings),
      KAFKA_BROKERS: this.#places.brokers,
      KAFKA_TOPIC: this.topic,
      KAFKA_GROUP: this.topic,
      MEDALLION_HOME: path.join(this.#folder, 'home'),
    };
  }

  async #count(sql: string): Promise<number | undefined> {
    try {
      return Number((await rowOf(this.settings, sql))['n'] ?? 0);
    } catch {
      return undefined;
    }
  }

  /** The commands that have not ended. */
  #going(): CliProcess[] {
    return [...this.#running].filter(
      ({ child }) => child.exitCode === null && child.signalCode === null,
    );
  }

  /** What the commands said, for the reader of a failure. */
  #account(): string {
    return [...this.#running]
      .map(
        ({ child, stderr }) =>
          `${child.spawnargs.slice(2, 5).join(' ')}:\n${stderr().slice(-2000)}`,
      )
      .join('\n');
  }
}

/** Promotes from now on, with a pause between two promotions. */
export function watch(every = '500ms'): string[] {
  return ['promote', '--watch', '--every', every, '--chunk-rows', '300'];
}

/** Stops a command that goes on until it is told. */
export async function stop(command: CliProcess | undefined): Promise<void> {
  command?.child.kill('SIGINT');
  const result = await command?.result;
  expect(result).toMatchObject({ code: 130 });
  expect(result?.stderr).not.toMatch(/^(error|defect):/m);
}

/** Waits for a moment of up to `ms`. */
export async function moment(random: Random, ms: number): Promise<void> {
  await delay(random.below(ms));
}

/** Runs SQL on the scenario's warehouse. */
export async function change(settings: ConnectionSettings, sql: string): Promise<void> {
  await withClient(settings, (client) => client.query(sql));
}
