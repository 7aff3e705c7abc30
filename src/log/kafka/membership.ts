import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Batch, Consumer, EachBatchPayload } from 'kafkajs';
import { answered, goodbye } from './client.ts';
import { createConnection, type Connection } from './connection.ts';
import { createConsumer, type ConsumerSettings } from './consumer.ts';
import { groupTaken } from './errors.ts';
import { Fetching } from './fetching.ts';
import { describeGroup, type GroupConfig, type GroupState } from './group.ts';
import { GroupOffsets } from './group-offsets.ts';
import { WatchedTopic } from './source.ts';

/** How long a leaving member waits for its own joining to end. */
const JOIN_PATIENCE_MS = 1_500;

/** kafkajs has it and its types do not: the offset that the fetch asked for. */
export type FetchedBatch = Batch & { readonly fetchedOffset: string };

export interface MemberEvents {
  /** The group has shared the partitions out anew. Called in mid-join: what kafkajs must know is told at once. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  readonly onBatch: (batch: FetchedBatch, payload: EachBatchPayload) => Promise<void>;
  /** kafkajs has passed offsets that hold no record for a reader: of transactions, or left by compaction. */
  readonly onPassed: (partition: number, nextOffset: bigint) => void;
  readonly onCrash: (error: unknown) => void;
}

/** A member of the consumer group, from connecting to leaving. */
export class Membership {
  readonly #config: GroupConfig;
  readonly #events: MemberEvents;
  readonly #connection: Connection;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  #isRunning: Promise<void> = Promise.resolve();
  readonly fetching: Fetching;
  readonly groupOffsets: GroupOffsets;

  constructor(config: GroupConfig, settings: ConsumerSettings, events: MemberEvents) {
    this.#config = config;
    this.#events = events;
    this.#connection = createConnection(config);
    this.#admin = this.#connection.kafka.admin();
    const { kafka } = this.#connection;
    this.#consumer = createConsumer(kafka, config.group, settings);
    this.fetching = new Fetching(this.#consumer, config.topic);
    this.groupOffsets = new GroupOffsets(this.#consumer, config.topic);
  }

  /** Connects to the brokers, without joining yet. */
  async connect(signal: AbortSignal): Promise<WatchedTopic> {
    await answered(this.#config, signal, this.#admin.connect());
    return WatchedTopic.of(this.#admin, this.#config.topic);
  }

  /**
   * Joins the group, unless the end has come meanwhile.
   * @throws MedallionError denied, when other clients have the group
   */
  async join(signal: AbortSignal, hasEnded: () => boolean): Promise<void> {
    const { topic } = this.#config;
    this.#listen();
    // Also: a coordinator that is still loading fails kafkajs in mid-join, and leaves a dead member that blocks the group.
    const { members, isForeign } = await this.describe();
    if (isForeign) {
      throw groupTaken(
        this.#config,
        members.map(({ name }) => name),
      );
    }
    await answered(this.#config, signal, this.#consumer.connect());
    await this.#consumer.subscribe({ topic, fromBeginning: true });
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

  /** Tells the group how far the warehouse is, and leaves it. */
  async leave(): Promise<void> {
    await this.groupOffsets.finish();
    // kafkajs, told to stop in mid-join, would join all the same and stay.
    await Promise.race([this.#isRunning, delay(JOIN_PATIENCE_MS, undefined, { ref: false })]);
    await Promise.all([
      goodbye(this.#consumer, this.#connection),
      this.#admin.disconnect().catch(() => undefined),
    ]);
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
