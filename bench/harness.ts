import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startBroker, type Broker } from '../scripts/kafka-broker/broker.ts';
import { DEFAULT_SIZES } from '../src/app/generate.ts';
import type { CatalogueSizes } from '../src/generate/catalogue.ts';
import { withClient } from '../src/postgres/client.ts';
import type { ConnectionSettings } from '../src/config/server.ts';
import { acquireEmbeddedServer, type EmbeddedServer } from '../src/embedded/server.ts';
import { migrateWarehouse } from '../src/postgres/warehouse.ts';
import { runProcess, startProcess, type Run, type Started } from './process.ts';

/** One thing that is measured: a file of this folder. */
export interface Bench {
  readonly name: string;
  /** It needs what not everybody has, and runs only when it is asked for by name. */
  readonly isOnRequest?: boolean;
  readonly run: (stand: Stand) => Promise<Figure[]>;
}

/** One line of the result. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** x: a ratio. */
  readonly unit: 'x' | 'events/s' | 's' | 'us' | 'MB' | 'rows' | 'scans';
  /** What the value must be, at a size of a million events; left out where it is only good to know. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
  /** Runs, or publications, that the value is made from. */
  readonly runs: number;
  /** What it was made from: seconds, unless the name begins with "rows", "MB/s", "events/s" or "memory" (in MB). */
  readonly parts: Readonly<Record<string, number>>;
}

/** What computes on a cluster. */
export type ClusterName = 'sail' | 'spark';

/** What a stream of events tells of. */
export interface Story {
  readonly shop: CatalogueSizes;
  /** All of it is of this day; else it is of `days`, or of as many as its orders need. */
  readonly day?: string;
  readonly days?: number;
}

/** The shop that people try medallion with, in which what a large one costs does not show. */
export const SMALL_SHOP: CatalogueSizes = DEFAULT_SIZES;

/** Orders of a day in the events, so that a larger size is a longer history and not a denser one. */
const ORDERS_OF_A_DAY = 3200;
const LAST_DAY = Date.UTC(2025, 11, 31);
const DAY_MS = 86_400_000;
const BIN = path.join(import.meta.dirname, '../bin/medallion.js');
/** Variables that would point a command at something outside the stand. */
const LEAKS =
  /^(PG|POSTGRES_|KAFKA_|SCHEMA_REGISTRY_|SPARK_|MEDALLION_HOME$|DATABASE_URL$|NODE_OPTIONS$)/;

/** Where benches run: a PostgreSQL, a Kafka broker and files of its own, which are gone afterwards. */
export class Stand {
  /** Events that a bench works on. */
  readonly size: number;
  /** The shop that they are of, where a bench does not compare shops. */
  readonly shop: CatalogueSizes;
  /** What is compared with DuckDB, where engines are. */
  readonly engine: ClusterName;
  readonly #folder: string;
  readonly #server: EmbeddedServer;
  readonly #files = new Map<string, string>();
  readonly #running = new Set<Started>();
  #broker: Broker | undefined;

  private constructor(
    size: number,
    shop: CatalogueSizes,
    engine: ClusterName,
    folder: string,
    server: EmbeddedServer,
  ) {
    this.size = size;
    this.engine = engine;
    this.shop = shop;
    this.#folder = folder;
    this.#server = server;
  }

  static async open(size: number, shop: CatalogueSizes, engine: ClusterName): Promise<Stand> {
    const folder = await mkdtemp(path.join(tmpdir(), 'medallion-bench-'));
    // The server's user has to reach its data.
    await chmod(folder, 0o711);
    const context = { signal: new AbortController().signal, emit: () => undefined };
    const server = await acquireEmbeddedServer(path.join(folder, 'home'), context);
    return new Stand(size, shop, engine, folder, server);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running].map((started) => started.stop()));
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
    return this.start(args, database).ended;
  }

  /** Starts the built command line. */
  start(
    args: readonly string[],
    database?: Database,
    more: Readonly<Record<string, string>> = {},
  ): Started {
    const env = {
      ...this.environment(),
      ...more,
      MEDALLION_HOME: this.file('home'),
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
    };
    const started = startProcess(process.execPath, [BIN, ...args], env, this.#folder);
    const forget = () => this.#running.delete(started);
    this.#running.add(started);
    started.ended.then(forget, forget);
    return started;
  }

  /** The variables of this process, without those that lead out of the stand. */
  environment(): NodeJS.ProcessEnv {
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEAKS.test(name)));
  }

  /** Arguments of `generate` for so many events in order of time. */
  generateArguments(count: number, story: Story = { shop: this.shop }): string[] {
    const days = story.days ?? Math.max(1, Math.round(count / ORDERS_OF_A_DAY));
    const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
    return [
      ...['generate', '--quiet', '--count', String(count), '--seed', '1'],
      ...['--since', story.day ?? day(LAST_DAY - (days - 1) * DAY_MS)],
      ...['--until', story.day ?? day(LAST_DAY)],
      ...shopArguments(story.shop),
    ];
  }

  /** A file of so many events, made when first asked for. */
  async events(count: number, story?: Story): Promise<string> {
    const args = this.generateArguments(count, story);
    const known = this.#files.get(args.join(' '));
    if (known !== undefined) {
      return known;
    }
    const file = this.file(`events-${randomBytes(6).toString('hex')}.ndjson`);
    await this.medallion([...args, '--to', file]);
    this.#files.set(args.join(' '), file);
    return file;
  }

  /** Removes a file of events that nobody else will ask for: a long history is as large as a disk may be. */
  async discard(file: string): Promise<void> {
    for (const [args, made] of this.#files) {
      if (made === file) {
        this.#files.delete(args);
      }
    }
    await rm(file);
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
  async ingest(
    database: Database,
    file: string,
    count: number,
    ...flags: readonly string[]
  ): Promise<Run> {
    const before = await database.number('select count(*) from bronze.events');
    const limit = ['--max-messages', String(count)];
    const run = await this.medallion(
      ['ingest', '--quiet', '--from', file, ...limit, ...flags],
      database,
    );
    const landed = (await database.number('select count(*) from bronze.events')) - before;
    if (landed !== count) {
      throw new Error(`${String(landed)} events landed instead of ${String(count)}`);
    }
    return run;
  }

  /** Promotes what is new in a database at rest. */
  async promote(database: Database, ...flags: readonly string[]): Promise<Run> {
    await database.settle();
    return this.medallion(['promote', '--quiet', ...flags], database);
  }
}

/** Arguments of `generate` for a shop. */
export function shopArguments({ customers, products, cities }: CatalogueSizes): string[] {
  return [
    ...['--customers', String(customers), '--products', String(products)],
    ...['--cities', String(cities)],
  ];
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
    return Number(await this.text(sql));
  }

  /** The one value that the query answers with. */
  async text(sql: string): Promise<string> {
    return withClient(this.settings, async (client) => {
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return String(rows[0]?.[0]);
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
