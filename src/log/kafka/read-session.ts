import type { EachBatchPayload } from 'kafkajs';
import type { StageContext } from '../../progress.ts';
import type { ReadOptions, RecordBatch, Sink } from '../log.ts';
import { Assignments, type Assignment } from './assignments.ts';
import { Ending, type Outcome } from './ending.ts';
import type { GroupConfig } from './group.ts';
import { WriteQueue } from './write-queue.ts';
import { TopicMonitor, type ReadProgress } from './topic-monitor.ts';
import { HEARTBEAT_MS, Membership, type FetchedBatch } from './membership.ts';
import { OtherReaders, type Left } from './others.ts';
import { Locator, requireSameLog } from './position.ts';
import { toLogRecord } from './record.ts';
import type { FoundTopic } from './topic.ts';

const CHECK_MS = 250;
/** How often a follower that has not got all partitions looks who has the rest. */
const OTHERS_MS = 3_000;

export interface SessionSettings {
  /** Names the warehouse that is read for. */
  readonly warehouse: string;
  readonly metadataMaxAgeMs: number;
  readonly onJoined: () => void;
}

/**
 * What is read in one membership of the consumer group. The group only shares the partitions out; where each is read
 * from is what the sink stored, looked up whenever a partition comes to this member.
 *
 * A partition just assigned is paused in the very event of the assignment, because kafkajs does not wait for a
 * listener; once located it is sought and resumed. A batch that was not fetched from exactly where the partition
 * stands (kafkajs goes to the log's start by itself when an offset is out of range) is never written: the partition is
 * located anew. The same goes for a batch that waits to be written while the topic is deleted and created again.
 */
export class ReadSession {
  readonly #config: GroupConfig;
  readonly #context: StageContext;
  readonly #sink: Sink;
  readonly #options: ReadOptions;
  readonly #progress: ReadProgress;
  readonly #settings: SessionSettings;

  readonly #ending: Ending;
  readonly #membership: Membership;
  readonly #assignments = new Assignments();
  readonly #locator: Locator;
  readonly #queue: WriteQueue;
  readonly #monitor: TopicMonitor;
  readonly #others: OtherReaders;
  #logSeenAt = Date.now();
  #othersSeenAt = Date.now();
  #warnedOf: string | undefined;
  #watching: Promise<void> | undefined;
  #hasJoined = false;
  #lastRecordAt = Date.now();

  constructor(
    config: GroupConfig,
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
    this.#ending = new Ending(config);
    this.#monitor = new TopicMonitor(progress, this.#ending);
    this.#others = new OtherReaders(config, settings.warehouse, settings.metadataMaxAgeMs);
    this.#membership = new Membership(
      config,
      { ...settings, follow: options.follow },
      {
        onAssigned: (partitions) => this.#onAssigned(partitions),
        onBatch: (batch, payload) => this.#onBatch(batch, payload),
        onPassed: (partition, nextOffset) => this.#onPassed(partition, nextOffset),
        onCrash: (error) => void this.#onCrash(error),
      },
    );
    this.#locator = new Locator({
      ...{ topic: config.topic, sink, reset: options.resetOffsets ?? false },
      look: () => this.#monitor.look(),
    });
    this.#queue = new WriteQueue({
      write: async (batch) =>
        (await this.#monitor.isStill(batch.source)) && this.#sink.write(batch),
      onWritten: (batch) => {
        this.#membership.written(batch.partition, batch.nextOffset);
        this.#checkEnd();
      },
      onRefused: (batch) => this.#onRefused(batch),
      onFailed: (error) => this.#ending.fail(error),
    });
  }

  /**
   * Takes part in the group until the read has ended.
   * @returns the end, or the retriable error by which the brokers were lost
   * @throws MedallionError denied, config, source_changed, and whatever the sink throws
   */
  async run(): Promise<Outcome> {
    const { signal } = this.#options;
    const interrupt = (): void => this.#ending.end('interrupted');
    signal.addEventListener('abort', interrupt, { once: true });
    const clock = setInterval(() => this.#onTick(), CHECK_MS);
    try {
      if (signal.aborted) {
        interrupt();
      }
      this.#start().catch((error: unknown) => this.#ending.failByKafka(error));
      return await this.#ending.outcome;
    } finally {
      clearInterval(clock);
      signal.removeEventListener('abort', interrupt);
      await this.#leave();
    }
  }

  async #start(): Promise<void> {
    const { signal } = this.#options;
    this.#monitor.open(await this.#membership.connect(signal));
    await this.#monitor.look();
    await this.#membership.join(signal, () => this.#ending.hasCome);
  }

  /** What was fetched before is written first. Without brokers nothing is: none confirms that the topic still is the same. */
  async #onCrash(error: unknown): Promise<void> {
    if (!this.#ending.isRetriable(error)) {
      await this.#queue.drained();
    }
    this.#ending.failByKafka(error);
  }

  /** Finishes what is being written, drops what waits, and leaves the group. */
  async #leave(): Promise<void> {
    this.#membership.pause(this.#assignments.all.map(({ partition }) => partition));
    this.#progress.remaining += this.#queue.forget();
    await this.#queue.idle();
    await this.#membership.leave();
  }

  #onAssigned(partitions: readonly number[]): void {
    const { kept, fresh, revoked } = this.#assignments.assign(partitions);
    for (const { partition, position } of kept.filter(({ isLocated }) => isLocated)) {
      this.#membership.seek(partition, position);
    }
    this.#progress.remaining += this.#queue.forget(revoked);
    this.#hasJoined = true;
    this.#settings.onJoined();
    this.#locate(fresh);
    this.#checkEnd();
  }

  /** Finds out where these assignments stand, then lets them be fetched. */
  #locate(assignments: readonly Assignment[]): void {
    if (assignments.length === 0 || this.#ending.hasCome) {
      return;
    }
    const partitions = assignments.map(({ partition }) => partition);
    for (const assignment of assignments) {
      assignment.isLocated = false;
    }
    this.#membership.pause(partitions);
    this.#progress.remaining += this.#queue.forget(partitions);
    this.#locateNow(assignments).catch((error: unknown) => this.#ending.fail(error));
  }

  async #locateNow(assignments: readonly Assignment[]): Promise<void> {
    await this.#queue.idle(assignments.map(({ partition }) => partition));
    await this.#locator.locate(
      assignments,
      (assignment) => this.#isHeld(assignment),
      (assignment) => this.#release(assignment),
    );
    this.#checkEnd();
  }

  #isHeld(assignment: Assignment): boolean {
    return this.#assignments.holds(assignment) && !this.#ending.hasCome;
  }

  #release(assignment: Assignment): void {
    this.#lastRecordAt = Date.now();
    this.#membership.seek(assignment.partition, assignment.position);
    if (this.#options.follow || !this.#isAtEnd(assignment)) {
      this.#membership.resume(assignment.partition);
    }
  }

  /** Whether everything was taken that was there when the read began. */
  #isAtEnd({ partition, isLocated, position }: Assignment): boolean {
    return isLocated && position >= (this.#progress.ends.get(partition) ?? 0n);
  }

  async #onBatch(batch: FetchedBatch, payload: EachBatchPayload): Promise<void> {
    const fetchedFrom = BigInt(batch.fetchedOffset);
    const assignment = this.#assignments.get(batch.partition);
    if (assignment === undefined || payload.isStale() || !this.#isOpen(assignment)) {
      return;
    }
    if (assignment.position !== fetchedFrom) {
      this.#locate([assignment]);
      return;
    }
    while (!this.#queue.hasRoom || this.#progress.remaining === 0) {
      await this.#queue.change(HEARTBEAT_MS);
      await payload.heartbeat();
      // Much may have happened meanwhile; what is not taken is fetched again.
      if (!this.#isOpen(assignment) || assignment.position !== fetchedFrom) {
        return;
      }
    }
    this.#take(assignment, batch);
    payload.resolveOffset(String(assignment.position - 1n));
  }

  #isOpen(assignment: Assignment): boolean {
    return this.#isHeld(assignment) && assignment.isLocated;
  }

  #take(assignment: Assignment, batch: FetchedBatch): void {
    const count = Math.min(batch.messages.length, this.#progress.remaining);
    const isWhole = count === batch.messages.length;
    const { maxValueBytes = Number.POSITIVE_INFINITY } = this.#options;
    const taken = isWhole ? batch.messages : batch.messages.slice(0, count);
    const records = taken.map((message) => toLogRecord(message, maxValueBytes));
    const last = isWhole ? BigInt(batch.lastOffset()) : (records.at(-1)?.offset ?? 0n);
    this.#progress.remaining -= count;
    this.#lastRecordAt = Date.now();
    this.#add(assignment, records, last + 1n);
    if (!this.#options.follow && this.#isAtEnd(assignment)) {
      this.#membership.pause([assignment.partition]);
    }
  }

  #onPassed(partition: number, nextOffset: bigint): void {
    const assignment = this.#assignments.get(partition);
    if (assignment !== undefined && this.#isOpen(assignment) && nextOffset > assignment.position) {
      this.#add(assignment, [], nextOffset);
    }
  }

  #add(assignment: Assignment, records: RecordBatch['records'], nextOffset: bigint): void {
    const { topic } = this.#config;
    const { partition, position: fromOffset, source } = assignment;
    assignment.position = nextOffset;
    this.#queue.add({ topic, partition, fromOffset, records, nextOffset, source });
  }

  #onRefused(batch: RecordBatch): void {
    this.#progress.remaining += batch.records.length;
    const assignment = this.#assignments.get(batch.partition);
    if (assignment?.isLocated === true) {
      this.#locate([assignment]);
    }
  }

  #checkEnd(): void {
    if (this.#ending.hasCome || !this.#queue.isIdle) {
      return;
    }
    if (this.#progress.remaining === 0) {
      this.#ending.end('max-records');
      return;
    }
    if (!this.#options.follow && this.#hasAll && this.#isAllAtEnd) {
      this.#ending.end('end');
    }
  }

  /** Whether every partition that is to be read is this member's. */
  get #hasAll(): boolean {
    const { partitions } = this.#monitor;
    const wanted = this.#options.follow ? partitions : [...this.#progress.ends.keys()];
    return wanted.every((partition) => this.#assignments.get(partition) !== undefined);
  }

  get #isAllAtEnd(): boolean {
    return this.#assignments.all.every((assignment) => this.#isAtEnd(assignment));
  }

  #onTick(): void {
    if (!this.#hasJoined || this.#ending.hasCome) {
      return;
    }
    const { follow, idleTimeoutMs = Number.POSITIVE_INFINITY } = this.#options;
    const { isIdle } = this.#queue;
    const hasAssignments = this.#assignments.all.length > 0;
    if (follow && isIdle && Date.now() - this.#lastRecordAt >= idleTimeoutMs) {
      if (this.#hasAll) {
        this.#ending.end('idle');
      } else {
        this.#watch(() => this.#watchOthers('idle'));
      }
    } else if (hasAssignments && Date.now() - this.#logSeenAt >= this.#settings.metadataMaxAgeMs) {
      this.#watch(() => this.#watchLog());
    } else if (!follow && isIdle && !this.#hasAll && this.#isAllAtEnd) {
      this.#watch(() => this.#watchOthers('end'));
    } else if (follow && !this.#hasAll && Date.now() - this.#othersSeenAt >= OTHERS_MS) {
      this.#watch(() => this.#watchOthers());
    }
  }

  /** Looks, but not again before the last look has ended. */
  #watch(look: () => Promise<void>): void {
    this.#watching ??= look()
      .catch((error: unknown) => this.#ending.fail(error))
      .finally(() => (this.#watching = undefined));
  }

  /** What no record shows is seen here: see `TopicMonitor.outOfRange`. */
  async #watchLog(): Promise<void> {
    this.#logSeenAt = Date.now();
    const open = this.#assignments.all.filter((assignment) => assignment.isLocated);
    const outOfRange = await this.#monitor.outOfRange(open);
    this.#locate(outOfRange.filter((assignment) => this.#isOpen(assignment)));
  }

  /**
   * Sees that the others of the group read, for this warehouse, what this member has not got.
   * @param end the end that waits for that; without one a follower only warns
   */
  async #watchOthers(end?: 'end' | 'idle'): Promise<void> {
    this.#othersSeenAt = Date.now();
    const found = await this.#monitor.look();
    if (found === undefined) {
      return;
    }
    const left = await this.#left(found);
    const open = left.filter(({ isUnread }) => isUnread);
    const isRead = end !== undefined && open.length === 0;
    const group = isRead ? undefined : await this.#ending.unless(this.#membership.describe());
    // Much may have happened meanwhile.
    if (this.#ending.hasCome || (end === 'end' && !(this.#queue.isIdle && this.#isAllAtEnd))) {
      return;
    }
    if (group === undefined || (end === 'idle' && this.#others.areRead(open, group))) {
      this.#endBesideOthers(end);
      return;
    }
    const failure = this.#others.judge(end === undefined ? left : open, group);
    if (end === undefined) {
      if (failure !== undefined && failure.message !== this.#warnedOf) {
        this.#sink.warn(failure.message, failure.hint);
      }
      this.#warnedOf = failure?.message;
    } else if (failure !== undefined) {
      this.#ending.fail(failure);
    }
  }

  /** The partitions that this member has not got, and how far the warehouse has read them. */
  async #left({ source, ranges }: FoundTopic): Promise<Left[]> {
    const stored = await this.#locator.storedOffsets([...ranges.keys()]);
    if (this.#options.resetOffsets !== true) {
      requireSameLog(stored.values(), source);
    }
    const { ends } = this.#progress;
    return [...ranges.values()]
      .filter(({ partition }) => this.#options.follow || ends.has(partition))
      .filter(({ partition }) => this.#assignments.get(partition) === undefined)
      .map(({ partition, low, high }) => {
        const next = stored.get(partition)?.nextOffset ?? low;
        const end = this.#options.follow ? high : (ends.get(partition) ?? high);
        return { partition, next, isUnread: next < end };
      });
  }

  #endBesideOthers(end: 'end' | 'idle' | undefined): void {
    if (end === undefined) {
      return;
    }
    if (this.#assignments.all.length === 0) {
      this.#context.emit({
        type: 'note',
        message: `group "${this.#config.group}" has more readers than partitions: this reader got no partition`,
      });
    }
    this.#ending.end(end);
  }
}
