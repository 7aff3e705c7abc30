import type { Assignment } from './assignments.ts';
import type { Ending } from './ending.ts';
import type { FoundTopic, WatchedTopic } from './topic.ts';

/** What outlives a session: a lost broker does not change what the read was asked for. */
export interface ReadProgress {
  /** Records still to be taken. */
  remaining: number;
  /** The log that was found when the read began, or in place of it, and where each partition of it ended then. */
  source: string | undefined;
  ends: ReadonlyMap<number, bigint>;
}

/** Watches which log the topic's name stands for: kafkajs fetches by name, and reports no other topic of that name. */
export class TopicMonitor {
  readonly #progress: ReadProgress;
  readonly #ending: Ending;
  #topic: WatchedTopic | undefined;
  #partitions: readonly number[] = [];

  constructor(progress: ReadProgress, ending: Ending) {
    this.#progress = progress;
    this.#ending = ending;
  }

  /** The partitions that were there at the last look. */
  get partitions(): readonly number[] {
    return this.#partitions;
  }

  open(topic: WatchedTopic): void {
    this.#topic = topic;
  }

  /** The topic as it now is; undefined when that could not be found out, and ends the session. */
  look(): Promise<FoundTopic | undefined> {
    return this.#ending.unless(this.#find());
  }

  /**
   * The assignments that do not stand in the log that is found: it is another one, ends before their place or begins
   * after it. No record shows it where the new log ends just there or is empty, and where all that was left has expired.
   */
  async outOfRange(assignments: readonly Assignment[]): Promise<Assignment[]> {
    // Before the look, for a log also grows.
    const positions = assignments.map(({ position }) => position);
    try {
      const found = await this.#find();
      return assignments.filter(({ partition, source, position }, index) => {
        const range = found?.ranges.get(partition);
        const isOutside =
          range !== undefined && ((positions[index] ?? 0n) > range.high || position < range.low);
        return found !== undefined && (source !== found.source || isOutside);
      });
    } catch (error) {
      // Whether brokers are lost is for the fetches to find out.
      if (!this.#ending.isRetriable(error)) {
        this.#ending.failByKafka(error);
      }
      return [];
    }
  }

  /**
   * Whether the topic still is this log. Where one was recreated and has grown past the position, nothing else shows it. No
   * id comes back, so one that is found after a fetch is proof.
   */
  async isStill(source: string): Promise<boolean> {
    const found = Promise.race([this.#topic?.source(), this.#ending.over]);
    return (await this.#ending.unless(found)) === source;
  }

  /** Another log under the name than before has ends of its own. */
  async #find(): Promise<FoundTopic | undefined> {
    const found = await this.#topic?.find();
    if (found === undefined) {
      return undefined;
    }
    const { source, ranges } = found;
    this.#partitions = [...ranges.keys()];
    if (this.#progress.source !== source) {
      this.#progress.source = source;
      this.#progress.ends = new Map([...ranges].map(([partition, { high }]) => [partition, high]));
    }
    return found;
  }
}
