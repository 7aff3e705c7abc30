import { isRetriable, MedallionError } from '../../errors.ts';
import type { ReadEnd } from '../log.ts';
import type { TopicConfig } from './client.ts';
import { kafkaError } from './errors.ts';

/** How a session ended: as it was asked to, or by losing the brokers, which may come back. */
export type Outcome = ReadEnd | MedallionError;

/** The end of a session. Whatever comes first counts. */
export class Ending {
  readonly #config: TopicConfig;
  #hasCome = false;
  #resolve: (outcome: Outcome) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  /** Rejects where the session failed for good. */
  readonly outcome: Promise<Outcome>;
  /** Resolves when the end has come, whatever it is. */
  readonly over: Promise<void>;

  constructor(config: TopicConfig) {
    this.#config = config;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.over = this.outcome.then(
      () => undefined,
      () => undefined,
    );
  }

  get hasCome(): boolean {
    return this.#hasCome;
  }

  end(outcome: Outcome): void {
    this.#hasCome = true;
    this.#resolve(outcome);
  }

  fail(error: unknown): void {
    this.#hasCome = true;
    this.#reject(error instanceof Error ? error : new Error(String(error)));
  }

  /** What Kafka, or kafkajs, failed with: an interruption and lost brokers are ends, everything else a failure. */
  failByKafka(error: unknown): void {
    const failure = kafkaError(error, this.#config, this.#config.topic);
    if (failure instanceof MedallionError && failure.code === 'interrupted') {
      this.end('interrupted');
    } else if (isRetriable(failure)) {
      this.end(failure);
    } else {
      this.fail(failure);
    }
  }

  /** What the brokers answer; undefined where they do not, which ends the session. */
  unless<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: unknown) => {
      this.failByKafka(error);
      return undefined;
    });
  }

  /** Whether brokers that come back would mend it. */
  isRetriable(error: unknown): boolean {
    return isRetriable(kafkaError(error, this.#config, this.#config.topic));
  }
}
