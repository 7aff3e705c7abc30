import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startBroker, type Broker } from '../scripts/kafka-broker/broker.ts';
import { withClient, type ConnectionSettings } from '../src/postgres/client.ts';
import { acquireEmbeddedServer, type EmbeddedServer } from '../src/postgres/embedded.ts';
import { migrateWarehouse } from '../src/postgres/warehouse.ts';

/** One thing that is measured: a file of this folder. */
export interface Bench {
  readonly name: string;
  readonly run: (stand: Stand) => Promise<Figure[]>;
}

/** One line of the result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** x: a ratio. */
  readonly unit: 'x' | 'events/s' | 'MB' | 'rows' | 'scans';
  /** What the value must be, at a size of a million events. */
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
  /** Runs that the value is the median of. */
  readonly runs: number;
  /** What it was made from; seconds, unless the name says otherwise. */
  readonly parts: Readonly<Record<string, number>>;
}

/** How a process ran. */
export interface Run {
  /** From its start to its end, by the clock on the wall. */
  readonly seconds: number;
  /** The most memory it held, where the system tells (Linux); else NaN. */
  readonly peakMegabytes: number;
}

/** Orders of a day in the events, so that a larger size is a longer history and not a denser one. */
const ORDERS_OF_A_DAY = 3200;
const LAST_DAY = Date.UTC(2025, 11, 31);
const DAY_MS = 86_400_000;
const MEMORY_POLL_MS = 20;
const BIN = path.join(import.meta.dirname, '../bin/medallion.js');
/** Variables that would point a command at something outside the stand. */
const LEAKS = /^(PG|POSTGRES_|KAFKA_|MEDALLION_HOME$|DATABASE_URL$|NODE_OPTIONS$)/;

/** Where benches run: a PostgreSQL, a Kafka broker and files of its own, which are gone afterwards. */
export class Stand {
  /** Events that a bench works on. */
  readonly size: number;
  readonly #folder: string;
  readonly #server: EmbeddedServer;
  readonly #files = new Map<number, string>();
  #broker: Broker | undefined;

  private constructor(size: number, folder: string, server: EmbeddedServer) {
    this.size = size;
    this.#folder = folder;
    this.#server = server;
  }

  static async open(size: number): Promise<Stand> {
    const folder = await mkdtemp(path.join(tmpdir(), 'medallion-bench-'));
    // The server's user has to reach its data.
    await chmod(folder, 0o711);
    const context = { signal: new AbortController().signal, emit: () => undefined };
    const server = await acquireEmbeddedServer(path.join(folder, 'home'), context);
    return new Stand(size, folder, server);
  }

  async close(): Promise<void> {
    await this.stopBroker();
    await this.#server.release();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get settings(): ConnectionSettings {
    return this.#server.settings;
  }

  /** A path in the stand's folder. */
  file(name: string): string {
    return path.join(this.#folder, name);
  }

  /** host:port of a real broker, started when first asked for. */
  async brokers(): Promise<string> {
    this.#broker ??= await startBroker({ dir: this.file('kafka'), ownerPid: process.pid });
    return this.#broker.brokers;
  }

  /** Ends the broker: what is timed after those that need it has the machine to itself. */
  async stopBroker(): Promise<void> {
    await this.#broker?.stop();
    this.#broker = undefined;
  }

  /** Runs the built command line. */
  async medallion(args: readonly string[], database?: Database): Promise<Run> {
    const inherited = Object.entries(process.env).filter(([name]) => !LEAKS.test(name));
    const env = {
      ...Object.fromEntries(inherited),
      MEDALLION_HOME: this.file('home'),
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
    };
    return runProcess(process.execPath, [BIN, ...args], env, this.#folder);
  }

  /** Arguments of `generate` for so many events in order of time. */
  generateArguments(count: number): string[] {
    const days = Math.max(1, Math.round(count / ORDERS_OF_A_DAY));
    const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
    return [
      ...['generate', '--quiet', '--count', String(count), '--seed', '1'],
      ...['--since', day(LAST_DAY - (days - 1) * DAY_MS), '--until', day(LAST_DAY)],
    ];
  }

  /** A file of so many events, made when first asked for. */
  async events(count: number): Promise<string> {
    const known = this.#files.get(count);
    if (known !== undefined) {
      return known;
    }
    const file = this.file(`events-${String(count)}.ndjson`);
    await this.medallion([...this.generateArguments(count), '--to', file]);
    this.#files.set(count, file);
    return file;
  }

  /** A new database: migrated and empty, or a copy of another one. Its events are left out of autovacuum. */
  async database(original?: Database): Promise<Database> {
    const name = `bench_${randomBytes(6).toString('hex')}`;
    const template = original?.settings.database ?? 'template0';
    await withClient(this.settings, async (client) => {
      const [copy, from] = [name, template].map((part) => pg.escapeIdentifier(part));
      await client.query(`create database ${copy ?? ''} template ${from ?? ''} strategy file_copy`);
    });
    const database = new Database({ ...this.settings, database: name });
    if (original === undefined) {
      await migrateWarehouse(database.settings);
      // Else autovacuum works through the events, for a minute or two, beside what is timed.
      await database.execute('alter table bronze.events set (autovacuum_enabled = off)');
    }
    return database;
  }

  /** Lands the next events of a file. */
  async ingest(database: Database, file: string, count: number): Promise<void> {
    const before = await database.number('select count(*) from bronze.events');
    const limit = ['--max-messages', String(count)];
    await this.medallion(['ingest', '--quiet', '--from', file, ...limit], database);
    const landed = (await database.number('select count(*) from bronze.events')) - before;
    if (landed !== count) {
      throw new Error(`${String(landed)} events landed instead of ${String(count)}`);
    }
  }

  /** Promotes what is new in a database at rest. */
  async promote(database: Database, ...flags: readonly string[]): Promise<Run> {
    await database.settle();
    return this.medallion(['promote', '--quiet', ...flags], database);
  }
}

/** A database of the stand. */
export class Database {
  readonly settings: ConnectionSettings;

  constructor(settings: ConnectionSettings) {
    this.settings = settings;
  }

  get url(): string {
    const { user, password = '', host, port, database } = this.settings;
    return `postgresql://${user}:${encodeURIComponent(password)}@${host}:${String(port)}/${database}`;
  }

  async execute(sql: string): Promise<void> {
    await withClient(this.settings, (client) => client.query(sql));
  }

  /** The one number that the query answers with. */
  async number(sql: string): Promise<number> {
    return withClient(this.settings, async (client) => {
      const { rows } = await client.query<string[]>({ text: sql, rowMode: 'array' });
      return Number(rows[0]?.[0]);
    });
  }

  /**
   * What is timed next pays for no earlier write, and finds the files in memory, as those of a server at work are: of a
   * copy that was made from files long unread the disk would be measured.
   */
  async settle(): Promise<void> {
    await this.execute(`
      create extension pg_prewarm;
      select pg_prewarm(oid, 'read') from pg_class where relkind in ('r', 'i', 't') and relpersistence = 'p';
      drop extension pg_prewarm`);
    await this.execute('checkpoint');
  }

  /** Runs one command of psql: what others would do the job with. */
  async psql(command: string): Promise<Run> {
    const { user, password, host, port, database } = this.settings;
    const env = { ...process.env, PGPASSWORD: password, PGTZ: 'UTC' };
    return runProcess(
      'psql',
      [
        ...['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', host, '-p', String(port), '-U', user],
        ...['-d', database, '-c', command],
      ],
      env,
    );
  }

  async drop(): Promise<void> {
    const name = pg.escapeIdentifier(this.settings.database);
    await withClient({ ...this.settings, database: 'postgres' }, async (client) => {
      await client.query(`drop database ${name} with (force)`);
    });
  }
}

export interface Pair {
  /** Ours. */
  readonly seconds: number;
  /** What ours is compared with. */
  readonly baseline: number;
}

/**
 * Measures a pair three times: on a new server the first of all commands takes longer, since the server's memory and
 * the files of its log are made while it runs.
 * @returns the pair whose ratio is the median one
 */
export async function medianPair<P extends Pair>(
  measure: (round: number) => Promise<P>,
): Promise<P & { runs: number }> {
  const pairs: [P, P, P] = [await measure(0), await measure(1), await measure(2)];
  pairs.sort((a, b) => a.seconds / a.baseline - b.seconds / b.baseline);
  return { ...pairs[1], runs: pairs.length };
}

async function runProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Run> {
  const started = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  const over = new AbortController();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    over.abort();
  });
  let peakMegabytes = NaN;
  const watched = (async () => {
    while (!over.signal.aborted) {
      peakMegabytes = peakOf(child.pid) ?? peakMegabytes;
      await sleep(MEMORY_POLL_MS);
    }
  })();
  const code = await ended;
  const seconds = (performance.now() - started) / 1000;
  await watched;
  if (code !== 0) {
    const subcommand = args.find((arg) => /^[a-z]+$/.test(arg)) ?? '';
    throw new Error(`${path.basename(command)} ${subcommand} failed: ${complaint.trim()}`);
  }
  return { seconds, peakMegabytes };
}

/** VmHWM: the most that was ever resident. */
function peakOf(pid: number | undefined): number | undefined {
  const file = `/proc/${String(pid)}/status`;
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    // It ended between the two calls.
    return undefined;
  }
}
