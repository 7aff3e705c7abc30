import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Batch, Consumer, EachBatchPayload } from 'kafkajs';
import type { KafkaConfig } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import type { StageContext } from '../../progress.ts';
import type { ReadEnd, ReadOptions, RecordBatch, Sink } from '../log.ts';
import { Bystander } from './bystander.ts';
import { Claims, type Claim } from './claims.ts';
import { answered, createConnection, goodbye, type Connection } from './client.ts';
import { createConsumer, HEARTBEAT_MS } from './consumer.ts';
import { kafkaError } from './errors.ts';
import { Fetching } from './fetching.ts';
import { GroupOffsets } from './group-offsets.ts';
import { Landings } from './landings.ts';
import { Locator, type FoundTopic } from './locator.ts';
import { toLogRecord } from './record.ts';
import { WatchedTopic } from './source.ts';

const CHECK_MS = 250;
/** How long a leaving member waits for its own joining to end. */
const JOIN_PATIENCE_MS = 1_500;

/** What outlives a session: a lost broker does not change what the read was asked for. */
export interface ReadProgress {
  /** Records still to be taken. */
  remaining: number;
  /** The log that was found when the read began, or in place of it, and where each partition of it ended then. */
  source: string | undefined;
  ends: ReadonlyMap<number, bigint>;
}

export interface SessionSettings {
  readonly metadataMaxAgeMs: number;
  readonly onJoined: () => void;
}

/** kafkajs has it and its types do not: the offset that the fetch asked for. */
type FetchedBatch = Batch & { readonly fetchedOffset: string };

type Outcome = ReadEnd | MedallionError;

/**
 * One membership in the consumer group, from connecting to leaving. The group only shares the partitions out; where
 * each is read from is what the sink stored, looked up whenever a partition comes to this member.
 *
 * A partition just assigned is paused in the very event of the assignment, because kafkajs does not wait for a
 * listener; once located it is sought and resumed. A batch that was not fetched from exactly where the partition
 * stands (kafkajs goes to the log's start by itself when an offset is out of range) is never landed: the partition is
 * located anew. The same goes for a batch that waits to land while the topic is deleted and created again.
 */
export class ReadSession {
  readonly #config: KafkaConfig & { readonly topic: string };
  readonly #context: StageContext;
  readonly #sink: Sink;
  readonly #options: ReadOptions;
  readonly #progress: ReadProgress;
  readonly #settings: SessionSettings;

  readonly #connection: Connection;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #fetching: Fetching;
  readonly #groupOffsets: GroupOffsets;
  readonly #landings: Landings;
  readonly #locator: Locator;
  readonly #bystander = new Bystander();
  readonly #claims = new Claims();
  #topic: WatchedTopic | undefined;
  #watching: Promise<void> | undefined;
  #isRunning: Promise<void> = Promise.resolve();
  #hasJoined = false;
  #lastRecordAt = Date.now();

  #hasEnded = false;
  #end: (outcome: Outcome) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  readonly #outcome: Promise<Outcome>;

  constructor(
    config: KafkaConfig & { readonly topic: string },
    context: StageContext,
    sink: Sink,
    options: ReadOptions,
    progress: ReadProgress,
    settings: SessionSettings,
  ) {
    this.#config = config;
    this.#context = context;
    this.#sink = sink;
    this.#options = options;
    this.#progress = progress;
    this.#settings = settings;
    this.#connection = createConnection(config);
    this.#admin = this.#connection.kafka.admin();
    this.#consumer = createConsumer(this.#connection.kafka, config.group, options.follow, settings);
    this.#fetching = new Fetching(this.#consumer, config.topic);
    this.#groupOffsets = new GroupOffsets(this.#consumer, config.topic);
    this.#locator = new Locator({
      ...{ topic: config.topic, sink, reset: options.resetOffsets ?? false },
      look: () => this.#look(),
    });
    this.#landings = new Landings({
      land: async (batch) => (await this.#isStillThere(batch)) && this.#sink.land(batch),
      onLanded: (batch) => {
        this.#groupOffsets.landed(batch.partition, batch.nextOffset);
        this.#checkEnd();
      },
      onRefused: (batch) => this.#onRefused(batch),
      onFailed: (error) => this.#fail(error),
    });
    this.#outcome = new Promise((resolve, reject) => {
      this.#end = (outcome) => {
        this.#hasEnded = true;
        resolve(outcome);
      };
      this.#fail = (error) => {
        this.#hasEnded = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      };
    });
    this.#outcome.catch(() => undefined);
  }

  /**
   * Takes part in the group until the read has ended.
   * @returns the end, or the retriable error by which the brokers were lost
   * @throws MedallionError denied, config, source_changed, and whatever the sink throws
   */
  async run(): Promise<Outcome> {
    const { signal } = this.#options;
    const interrupt = (): void => this.#end('interrupted');
    signal.addEventListener('abort', interrupt, { once: true });
    const clock = setInterval(() => this.#onTick(), CHECK_MS);
    try {
      if (signal.aborted) {
        interrupt();
      }
      this.#start().catch((error: unknown) => this.#onKafkaFailure(error));
      return await this.#outcome;
    } finally {
      clearInterval(clock);
      signal.removeEventListener('abort', interrupt);
      await this.#leave();
    }
  }

  async #start(): Promise<void> {
    const { topic } = this.#config;
    const { signal } = this.#options;
    await answered(this.#config, signal, this.#admin.connect());
    this.#topic = await WatchedTopic.of(this.#admin, topic);
    await this.#look();

    const { GROUP_JOIN, CRASH, START_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) =>
      this.#onAssigned(payload.memberAssignment[topic] ?? []),
    );
    this.#consumer.on(CRASH, ({ payload }) => this.#onKafkaFailure(payload.error));
    this.#consumer.on(START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) {
        this.#onPassed(payload.partition, BigInt(payload.lastOffset) + 1n);
      }
    });
    // A coordinator that is still loading fails kafkajs in mid-join, and leaves a dead member that blocks the group.
    await this.#admin.describeGroups([this.#config.group]);
    await answered(this.#config, signal, this.#consumer.connect());
    await this.#consumer.subscribe({ topic, fromBeginning: true });
    if (!this.#hasEnded) {
      this.#isRunning = this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 2,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      await this.#isRunning;
    }
  }

  /** Finishes what is landing, drops what waits, and leaves the group. */
  async #leave(): Promise<void> {
    this.#fetching.pause(this.#claims.all.map(({ partition }) => partition));
    this.#progress.remaining += this.#landings.forget();
    await this.#landings.settled();
    await this.#groupOffsets.finish();
    // kafkajs, told to stop in mid-join, would join all the same and stay.
    await Promise.race([this.#isRunning, delay(JOIN_PATIENCE_MS, undefined, { ref: false })]);
    await Promise.all([
      goodbye(this.#consumer, this.#connection),
      this.#admin.disconnect().catch(() => undefined),
    ]);
  }

  #onKafkaFailure(error: unknown): void {
    const failure = kafkaError(error, this.#config, this.#config.topic);
    if (failure instanceof MedallionError && failure.code === 'interrupted') {
      this.#end('interrupted');
    } else if (failure instanceof MedallionError && failure.retriable) {
      this.#end(failure);
    } else {
      this.#fail(failure);
    }
  }

  /** The group has shared the partitions out anew. Called in mid-join: what kafkajs must know is told at once. */
  #onAssigned(partitions: readonly number[]): void {
    const { kept, fresh, revoked } = this.#claims.assign(partitions);
    for (const { partition, position } of kept.filter(({ isLocated }) => isLocated)) {
      this.#fetching.seek(partition, position);
    }
    this.#progress.remaining += this.#landings.forget(revoked);
    this.#hasJoined = true;
    this.#settings.onJoined();
    this.#locate(fresh);
    this.#checkEnd();
  }

  /** Finds out where these claims stand, then lets them be fetched. */
  #locate(claims: readonly Claim[]): void {
    if (claims.length === 0 || this.#hasEnded) {
      return;
    }
    const partitions = claims.map(({ partition }) => partition);
    for (const claim of claims) {
      claim.isLocated = false;
    }
    this.#fetching.pause(partitions);
    this.#progress.remaining += this.#landings.forget(partitions);
    this.#locateNow(claims).catch((error: unknown) => this.#fail(error));
  }

  async #locateNow(claims: readonly Claim[]): Promise<void> {
    await this.#landings.settled(claims.map(({ partition }) => partition));
    await this.#locator.locate(
      claims,
      (claim) => this.#isHeld(claim),
      (claim) => this.#release(claim),
    );
    this.#checkEnd();
  }

  #isHeld(claim: Claim): boolean {
    return this.#claims.holds(claim) && !this.#hasEnded;
  }

  #release(claim: Claim): void {
    this.#lastRecordAt = Date.now();
    this.#fetching.seek(claim.partition, claim.position);
    if (this.#options.follow || !this.#isAtEnd(claim)) {
      this.#fetching.resume(claim.partition);
    }
  }

  /** Whether everything was taken that was there when the read began. */
  #isAtEnd({ partition, isLocated, position }: Claim): boolean {
    return isLocated && position >= (this.#progress.ends.get(partition) ?? 0n);
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const batch = payload.batch as FetchedBatch;
    const fetchedFrom = BigInt(batch.fetchedOffset);
    const claim = this.#claims.get(batch.partition);
    if (claim === undefined || payload.isStale() || !this.#isOpen(claim)) {
      return;
    }
    if (claim.position !== fetchedFrom) {
      this.#locate([claim]);
      return;
    }
    while (!this.#landings.hasRoom || this.#progress.remaining === 0) {
      await this.#landings.change(HEARTBEAT_MS);
      await payload.heartbeat();
      // Much may have happened meanwhile; what is not taken is fetched again.
      if (!this.#isOpen(claim) || claim.position !== fetchedFrom) {
        return;
      }
    }
    this.#take(claim, batch);
    payload.resolveOffset(String(claim.position - 1n));
  }

  #isOpen(claim: Claim): boolean {
    return this.#isHeld(claim) && claim.isLocated;
  }

  #take(claim: Claim, batch: FetchedBatch): void {
    const count = Math.min(batch.messages.length, this.#progress.remaining);
    const isWhole = count === batch.messages.length;
    const { maxValueBytes = Number.POSITIVE_INFINITY } = this.#options;
    const taken = isWhole ? batch.messages : batch.messages.slice(0, count);
    const records = taken.map((message) => toLogRecord(message, maxValueBytes));
    const last = isWhole ? BigInt(batch.lastOffset()) : (records.at(-1)?.offset ?? 0n);
    this.#progress.remaining -= count;
    this.#lastRecordAt = Date.now();
    this.#add(claim, records, last + 1n);
    if (!this.#options.follow && this.#isAtEnd(claim)) {
      this.#fetching.pause([claim.partition]);
    }
  }

  /** kafkajs has passed offsets that hold no record for a reader: of transactions, or left by compaction. */
  #onPassed(partition: number, nextOffset: bigint): void {
    const claim = this.#claims.get(partition);
    if (claim !== undefined && this.#isOpen(claim) && nextOffset > claim.position) {
      this.#add(claim, [], nextOffset);
    }
  }

  #add(claim: Claim, records: RecordBatch['records'], nextOffset: bigint): void {
    const { topic } = this.#config;
    const { partition, booked: fromOffset, source } = claim;
    claim.position = nextOffset;
    claim.booked = nextOffset;
    this.#landings.add({ topic, partition, fromOffset, records, nextOffset, source });
  }

  #onRefused(batch: RecordBatch): void {
    this.#progress.remaining += batch.records.length;
    const claim = this.#claims.get(batch.partition);
    if (claim?.isLocated === true) {
      this.#locate([claim]);
    }
  }

  #checkEnd(): void {
    if (this.#hasEnded || !this.#landings.isIdle) {
      return;
    }
    if (this.#progress.remaining === 0) {
      this.#end('max-records');
      return;
    }
    const claims = this.#claims.all;
    const isAtEnd = claims.every((claim) => this.#isAtEnd(claim));
    if (!this.#options.follow && claims.length > 0 && isAtEnd) {
      this.#end('end');
    }
  }

  #onTick(): void {
    const { follow, idleTimeoutMs } = this.#options;
    const isIdle = this.#hasJoined && !this.#hasEnded && this.#landings.isIdle;
    if (!isIdle) {
      return;
    }
    if (follow && idleTimeoutMs !== undefined) {
      if (Date.now() - this.#lastRecordAt >= idleTimeoutMs) {
        this.#end('idle');
      }
    } else if (!follow && this.#claims.all.length === 0) {
      // Not again before this look has ended.
      this.#watching ??= this.#watchOthers()
        .catch((error: unknown) => this.#fail(error))
        .finally(() => (this.#watching = undefined));
    }
  }

  /** Without a partition there is nothing to do but to see the others of the group finish. */
  async #watchOthers(): Promise<void> {
    const found = await this.#look();
    if (found === undefined) {
      return;
    }
    const stored = await this.#locator.storedOffsets([...found.ranges.keys()]);
    const isOver = this.#bystander.see(this.#progress.ends, found.ranges, stored);
    if (isOver && this.#claims.all.length === 0 && !this.#hasEnded) {
      this.#context.emit({
        type: 'note',
        message: `group "${this.#config.group}" has more readers than partitions: this one got none`,
      });
      this.#end('end');
    }
  }

  /** The topic as it is now. Another log under its name than before has ends of its own. */
  async #look(): Promise<FoundTopic | undefined> {
    try {
      const source = await this.#topic?.source();
      const ranges = await this.#topic?.ranges();
      if (source === undefined || ranges === undefined) {
        return undefined;
      }
      if (this.#progress.source !== source) {
        this.#progress.source = source;
        this.#progress.ends = new Map(
          [...ranges].map(([partition, { high }]) => [partition, high]),
        );
      }
      return { source, ranges };
    } catch (error) {
      this.#onKafkaFailure(error);
      return undefined;
    }
  }

  /**
   * Whether the topic is the one that the batch was fetched from. kafkajs fetches by name: where a topic was recreated
   * and has grown past the position, nothing else tells. No id comes back, so an id found after the fetch is proof.
   */
  async #isStillThere(batch: RecordBatch): Promise<boolean> {
    const ended = this.#outcome.then(
      () => undefined,
      () => undefined,
    );
    try {
      return (await Promise.race([this.#topic?.source(), ended])) === batch.source;
    } catch (error) {
      this.#onKafkaFailure(error);
      return false;
    }
  }
}
