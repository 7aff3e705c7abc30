import { codeOf, MedallionError } from '../errors.ts';
import type { Decoder } from '../format/decoder.ts';
import type {
  Gap,
  LogRecord,
  RecordBatch,
  Sink,
  StoredOffset,
  TopicPartition,
} from '../log/log.ts';
import { lostConnection } from '../postgres/failures.ts';
import { withTransaction } from '../postgres/transaction.ts';
import type { Client } from '../postgres/client.ts';
import type { ConnectionSettings } from '../config/server.ts';
import { warehouseIdentity } from '../postgres/identity.ts';
import {
  advanceOffset,
  currentOffsets,
  insertGap,
  insertOffset,
  keyOf,
  nextGeneration,
  replaceOffset,
  type CurrentOffset,
} from '../postgres/offsets.ts';
import { recordRange } from '../postgres/runs.ts';
import {
  readTopicSources,
  recordTopicSource,
  sourceOfTopic,
  type SourceOf,
} from '../postgres/topic-sources.ts';
import type { StageContext } from '../progress.ts';
import type { Retry } from '../retry.ts';
import { dropped } from '../source/drop.ts';
import type { Path, Sources } from '../source/mapping.ts';
import { admit } from './admission.ts';
import { copyEvents, copyRejected, hasRecord } from './bronze.ts';
import { isPlausible, latestOf } from './stamp.ts';
import { Tally, type BatchTally } from './tally.ts';
import { Writers } from './writers.ts';

export interface BronzeSinkOptions {
  readonly settings: ConnectionSettings;
  /** Retries when the warehouse is lost. */
  readonly retry: Retry;
  readonly runId: bigint;
  readonly maxEventBytes: number;
  /** For values that are not JSON themselves. */
  readonly decoder: Decoder | undefined;
  /** The source that maps what is read; undefined: what the topic has, or none. */
  readonly source?: string | undefined;
  /** Those that may drop fields. */
  readonly sources?: Sources | undefined;
  /** Called after each batch that is committed. */
  readonly onWritten: (tally: Tally) => void;
}

/** One copies while the other commits, or two partitions at once. */
const CONNECTIONS = 2;
const UNIQUE_VIOLATION = '23505';

/**
 * Bronze as the reader's sink. Rows, rejected records and the next offset commit in one transaction, which begins with
 * the offset: of two consumers the second waits there, and then finds that the partition has moved on.
 */
export class BronzeSink implements Sink {
  readonly tally = new Tally();
  readonly #options: BronzeSinkOptions;
  readonly #context: StageContext;
  readonly #writers: Writers;
  /** What `storedOffsets` last answered, and under which name bronze has a partition. */
  readonly #current = new Map<string, CurrentOffset>();
  #identity: string | undefined;
  #sourceOf: SourceOf | undefined;

  constructor(options: BronzeSinkOptions, context: StageContext) {
    this.#options = options;
    this.#context = context;
    this.#writers = new Writers(options.settings, CONNECTIONS, {
      onStalled: () => {
        this.warn(
          'another ingest stopped responding in the middle of a batch: its transaction was rolled back',
        );
      },
    });
  }

  async identity(): Promise<string> {
    this.#identity ??= await this.#run(warehouseIdentity);
    return this.#identity;
  }

  async storedOffsets(partitions: readonly TopicPartition[]): Promise<StoredOffset[]> {
    const rows = await this.#run((client) => currentOffsets(client, partitions));
    for (const partition of partitions) {
      this.#current.delete(keyOf(partition));
    }
    for (const row of rows) {
      this.#current.set(keyOf({ topic: row.logTopic, partition: row.partition }), row);
    }
    return rows.map(({ logTopic, partition, nextOffset, source, position, digest }) => ({
      ...{ topic: logTopic, partition, nextOffset, source, position, digest },
    }));
  }

  async write(batch: RecordBatch): Promise<boolean> {
    const topic = this.#bronzeTopic(batch);
    const { runId, maxEventBytes, decoder, source: mapping } = this.#options;
    const drop = await this.#dropOf(topic);
    const { admitted, rejected } = await admit(batch.records, maxEventBytes, decoder, drop);
    const ingestedAt = Date.now();
    const odd = admitted.filter((event) => !isPlausible(event, ingestedAt));
    const written: BatchTally = {
      events: admitted.length,
      bytes: admitted.reduce((sum, { value }) => sum + value.length, 0),
      rejected,
      implausible: odd.length,
    };
    const lastProducedAt = latestOf(admitted, ingestedAt);
    const counted = { ...written, quarantined: rejected.length, lastProducedAt };
    const { fromOffset, nextOffset, source, position = null, digest } = batch;
    const to = { topic, partition: batch.partition };
    const rows = { to, runId, ingestedAt };
    let attempts = 0;
    const isWritten = await this.#run((client) =>
      withTransaction(client, async () => {
        attempts += 1;
        const next = { ...to, nextOffset, source, position, digest };
        if (!(await advanceOffset(client, fromOffset, next, counted))) {
          // Of a commit whose answer was lost with the connection, the rows are proof.
          return attempts > 1 && (await hasRecord(client, batch.records, rows));
        }
        if (admitted.length > 0) {
          await copyEvents(client, admitted, rows);
        }
        if (rejected.length > 0) {
          await copyRejected(client, rejected, rows);
        }
        if (mapping !== undefined) {
          await recordTopicSource(client, topic, mapping);
        }
        const range = { ...to, from: fromOffset, to: nextOffset };
        await recordRange(client, runId, { ...range, events: admitted.length });
        return true;
      }),
    ).catch((error: unknown) => {
      throw codeOf(error) === UNIQUE_VIOLATION ? alreadyThere(batch, topic, error) : error;
    });
    if (isWritten) {
      this.#warnOfTime(batch, odd[0]);
      this.tally.add(topic, batch, written);
      this.#options.onWritten(this.tally);
    } else {
      this.tally.droppedBatches += 1;
    }
    return isWritten;
  }

  async recordGap(gap: Gap, source: string): Promise<void> {
    const topic = this.#bronzeTopic(gap);
    const { partition, from, to } = gap;
    const stored = { topic, partition, nextOffset: from, source, position: null };
    const isRecorded = await this.#run((client) =>
      withTransaction(client, async () => {
        const next = { nextOffset: to, source, position: null };
        const isNext = await replaceOffset(client, stored, next);
        if (isNext) {
          await insertGap(client, { topic, partition, from, to }, this.#options.runId);
        }
        return isNext;
      }),
    );
    if (isRecorded) {
      this.tally.gaps.push(gap);
    }
  }

  async resetOffset(seen: StoredOffset, place: StoredOffset): Promise<boolean> {
    const stored = this.#current.get(keyOf(place));
    if (stored?.nextOffset !== seen.nextOffset || stored.source !== seen.source) {
      return false;
    }
    const { nextOffset, source, position, digest } = place;
    const isReset = await this.#run((client) =>
      withTransaction(client, async () => {
        if (nextOffset >= stored.nextOffset) {
          return replaceOffset(client, stored, { nextOffset, source, position, digest });
        }
        // The old generation's row is closed, so that no consumer goes on writing under its name.
        const closed = { ...stored, source: `${stored.source}, replaced` };
        return (
          (await replaceOffset(client, stored, closed)) &&
          (await insertOffset(client, { ...place, topic: nextGeneration(stored) }))
        );
      }),
    );
    await this.storedOffsets([place]);
    return isReset;
  }

  warn(message: string, hint?: string): void {
    this.#context.emit({ type: 'warning', message, ...(hint === undefined ? {} : { hint }) });
  }

  async close(): Promise<void> {
    await this.#writers.close();
  }

  /** A warning for the first event of the run; the rest are counted. */
  #warnOfTime(batch: RecordBatch, event: LogRecord | undefined): void {
    if (event !== undefined && this.tally.implausible === 0) {
      this.warn(
        `offset ${event.offset} of partition ${batch.partition} of "${batch.topic}" has an impossible time: ${event.timestamp} milliseconds since 1970`,
        'It is stored unchanged; freshness uses the time at which it was written to bronze. Producers must set milliseconds.',
      );
    }
  }

  /** What is not stored of a topic's records. */
  async #dropOf(topic: string): Promise<readonly Path[]> {
    const { source: name, sources } = this.#options;
    if (sources === undefined) {
      return [];
    }
    this.#sourceOf ??= sourceOfTopic(await this.#run(readTopicSources), sources);
    const source = name === undefined ? this.#sourceOf(topic) : sources.get(name);
    return source === undefined ? [] : dropped(source);
  }

  #bronzeTopic(partition: TopicPartition): string {
    return this.#current.get(keyOf(partition))?.topic ?? partition.topic;
  }

  /** Runs a transaction; one that a lost connection broke is run again, once the warehouse is back. */
  async #run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#options.retry.run(async () => {
      try {
        return await this.#writers.use(work);
      } catch (error) {
        throw lostConnection(error, this.#options.settings);
      }
    });
  }
}

function alreadyThere(batch: RecordBatch, topic: string, cause: unknown): MedallionError {
  return new MedallionError(
    'source_changed',
    `bronze already holds events of partition ${batch.partition} of "${topic}" from offset ${batch.fromOffset} on, ` +
      'but medallion.offsets says that they were not read',
    {
      hint: 'Nothing was written. Somebody changed medallion.offsets or bronze.events by hand: undo that change first.',
      cause,
    },
  );
}
