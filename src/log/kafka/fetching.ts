import type { Consumer } from 'kafkajs';

/** Tells kafkajs what to fetch of a topic. */
export class Fetching {
  readonly #consumer: Consumer;
  readonly #topic: string;

  constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
  }

  seek(partition: number, position: bigint): void {
    this.#tell(() =>
      this.#consumer.seek({ topic: this.#topic, partition, offset: String(position) }),
    );
  }

  pause(partitions: readonly number[]): void {
    if (partitions.length > 0) {
      this.#tell(() => this.#consumer.pause([{ topic: this.#topic, partitions: [...partitions] }]));
    }
  }

  resume(partition: number): void {
    this.#tell(() => this.#consumer.resume([{ topic: this.#topic, partitions: [partition] }]));
  }

  /** Before it runs and after a crash kafkajs takes no orders, and fetches nothing either. */
  #tell(order: () => void): void {
    try {
      order();
    } catch (error) {
      if (!(error instanceof Error && error.name.startsWith('KafkaJS'))) {
        throw error;
      }
    }
  }
}
