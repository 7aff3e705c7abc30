import type { Admin, Batch, Consumer, EachBatchPayload } from 'kafkajs';
import { createAssigner } from './assigner.ts';
import { answered, disconnect, settledWithin } from './client.ts';
import { createConnection, type Connection } from './connection.ts';
import { groupTaken } from './errors.ts';
import { describeGroup, type GroupConfig, type GroupState } from './group.ts';
import { watchTopic, type WatchedTopic } from './topic.ts';

// A batch of one partition is 8,000 to 11,000 events of the usual size: enough for COPY to be at its best.
const MAX_BYTES_PER_PARTITION = 12 * 1024 * 1024;
const MAX_BYTES = 24 * 1024 * 1024;
/** How long a broker may wait for data, and with it how long a partition just taken over waits for its first fetch. */
const MAX_WAIT_MS = 200;
/** A follower lets a little come together, so that a trickle of events is no trickle of transactions. */
const FOLLOW_MIN_BYTES = 64 * 1024;
/** A member that was killed blocks the others of its group this long. */
const SESSION_TIMEOUT_MS = 15_000;
export const HEARTBEAT_MS = 3_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const GROUP_RETRY = { initialRetryTime: 100, maxRetryTime: 1_500, multiplier: 2, factor: 0.2 };
/** How long a leaving member waits for its own joining to end. */
const JOIN_TIMEOUT_MS = 1_500;
const COMMIT_EVERY_MS = 1_000;
const LAST_COMMIT_MS = 2_000;

/** kafkajs has it and its types do not: the offset that the fetch asked for. */
export type FetchedBatch = Batch & { readonly fetchedOffset: string };

export interface MemberSettings {
  readonly follow: boolean;
  readonly metadataMaxAgeMs: number;
  /** Names the warehouse that it reads for. */
  readonly warehouse: string;
}

export interface MemberEvents {
  /** The group has shared the partitions out anew. Called in mid-join: kafkajs must be answered at once. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  readonly onBatch: (batch: FetchedBatch, payload: EachBatchPayload) => Promise<void>;
  /** kafkajs has passed offsets that hold no record for a reader: of transactions, or left by compaction. */
  readonly onPassed: (partition: number, nextOffset: bigint) => void;
  readonly onCrash: (error: unknown) => void;
}

/**
 * A member of the consumer group, from connecting to leaving. It reads in large batches and does not restart by itself.
 * The offsets that it commits to the group are the warehouse's, so that Kafka's own tools show the lag: best effort,
 * they are never read back.
 */
export class Membership {
  readonly #config: GroupConfig;
  readonly #events: MemberEvents;
  readonly #connection: Connection;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  #isRunning: Promise<void> = Promise.resolve();
  readonly #uncommitted = new Map<number, bigint>();
  #commitTimer: NodeJS.Timeout | undefined;

  constructor(config: GroupConfig, settings: MemberSettings, events: MemberEvents) {
    this.#config = config;
    this.#events = events;
    this.#connection = createConnection(config);
    this.#admin = this.#connection.kafka.admin();
    this.#consumer = this.#connection.kafka.consumer({
      groupId: config.group,
      partitionAssigners: [createAssigner(settings.warehouse)],
      allowAutoTopicCreation: false,
      metadataMaxAge: settings.metadataMaxAgeMs,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES,
      minBytes: settings.follow ? FOLLOW_MIN_BYTES : 1,
      maxWaitTimeInMs: MAX_WAIT_MS,
      // A crash ends the session; whether there is another one is the reader's decision.
      retry: { ...GROUP_RETRY, retries: 8, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  /** Connects to the brokers, without joining yet. */
  async connect(signal: AbortSignal): Promise<WatchedTopic> {
    await answered(this.#config, signal, this.#admin.connect());
    return watchTopic(this.#admin, this.#config.topic);
  }

  /**
   * Joins the group, unless the end has come meanwhile.
   * @throws MedallionError denied, when other clients have the group
   */
  async join(signal: AbortSignal, hasEnded: () => boolean): Promise<void> {
    this.#listen();
    // Also: a coordinator that is still loading fails kafkajs in mid-join, and leaves a dead member that blocks the group.
    const { members, isForeign } = await this.describe();
    if (isForeign) {
      const names = members.map(({ name }) => name);
      throw groupTaken(this.#config, names);
    }
    await answered(this.#config, signal, this.#consumer.connect());
    await this.#consumer.subscribe({ topic: this.#config.topic, fromBeginning: true });
    if (!hasEnded()) {
      this.#isRunning = this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 2,
        eachBatch: (payload) => this.#events.onBatch(payload.batch as FetchedBatch, payload),
      });
      await this.#isRunning;
    }
  }

  /** Who is in the group, and who has which partition. */
  async describe(): Promise<GroupState> {
    return describeGroup(this.#admin, this.#config);
  }

  seek(partition: number, position: bigint): void {
    const { topic } = this.#config;
    this.#order(() => this.#consumer.seek({ topic, partition, offset: String(position) }));
  }

  pause(partitions: readonly number[]): void {
    const { topic } = this.#config;
    if (partitions.length > 0) {
      this.#order(() => this.#consumer.pause([{ topic, partitions: [...partitions] }]));
    }
  }

  resume(partition: number): void {
    const { topic } = this.#config;
    this.#order(() => this.#consumer.resume([{ topic, partitions: [partition] }]));
  }

  /** A partition was written to the warehouse up to an offset: the group hears of it soon. */
  written(partition: number, nextOffset: bigint): void {
    this.#uncommitted.set(partition, nextOffset);
    this.#commitTimer ??= setTimeout(() => {
      this.#commitTimer = undefined;
      void this.#commit();
    }, COMMIT_EVERY_MS);
  }

  /** Commits how far the warehouse is, and leaves the group. */
  async leave(): Promise<void> {
    clearTimeout(this.#commitTimer);
    await settledWithin(LAST_COMMIT_MS, this.#commit());
    // kafkajs, stopped in mid-join, would join all the same and stay.
    await settledWithin(JOIN_TIMEOUT_MS, this.#isRunning);
    await Promise.all([
      disconnect(this.#consumer, this.#connection),
      this.#admin.disconnect().catch(() => undefined),
    ]);
  }

  async #commit(): Promise<void> {
    const { topic } = this.#config;
    const offsets = [...this.#uncommitted].map(([partition, offset]) => ({
      ...{ topic, partition, offset: String(offset) },
    }));
    this.#uncommitted.clear();
    if (offsets.length > 0) {
      // After a failure the next batch tries again.
      await this.#consumer.commitOffsets(offsets).catch(() => undefined);
    }
  }

  /** Before it runs and after a crash kafkajs takes no orders, and fetches nothing either. */
  #order(order: () => void): void {
    try {
      order();
    } catch (error) {
      if (!(error instanceof Error && error.name.startsWith('KafkaJS'))) {
        throw error;
      }
    }
  }

  #listen(): void {
    const { GROUP_JOIN, CRASH, START_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) =>
      this.#events.onAssigned(payload.memberAssignment[this.#config.topic] ?? []),
    );
    this.#consumer.on(CRASH, ({ payload }) => this.#events.onCrash(payload.error));
    this.#consumer.on(START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) {
        this.#events.onPassed(payload.partition, BigInt(payload.lastOffset) + 1n);
      }
    });
  }
}
