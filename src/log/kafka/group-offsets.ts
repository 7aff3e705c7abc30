import type { Consumer } from 'kafkajs';

const INTERVAL_MS = 1_000;
const LAST_COMMIT_MS = 2_000;

/**
 * Tells the consumer group how far the warehouse is, so that Kafka's own tools show the lag. Best effort: it is never
 * read back, and a failure is nobody's concern.
 */
export class GroupOffsets {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #pending = new Map<number, bigint>();
  #timer: NodeJS.Timeout | undefined;

  constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  landed(partition: number, nextOffset: bigint): void {
    this.#pending.set(partition, nextOffset);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#commit();
    }, INTERVAL_MS);
  }

  /** Commits what is pending, before the consumer leaves. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_COMMIT_MS);
    });
    await Promise.race([this.#commit(), patience]);
    clearTimeout(timer);
  }

  async #commit(): Promise<void> {
    const offsets = [...this.#pending].map(([partition, offset]) => ({
      topic: this.#topic,
      partition,
      offset: String(offset),
    }));
    this.#pending.clear();
    if (offsets.length === 0) {
      return;
    }
    try {
      await this.#consumer.commitOffsets(offsets);
    } catch {
      // The next landing tries again.
    }
  }
}
