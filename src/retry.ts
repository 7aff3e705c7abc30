import { setTimeout as delay } from 'node:timers/promises';
import { changed, isRetriable, throwIfInterrupted, type MedallionError } from './errors.ts';
import type { StageContext } from './progress.ts';

/** How long a command retries while PostgreSQL or Kafka is away. */
export interface RetryPolicy {
  /** Milliseconds from the moment the server was lost; 0: never. */
  readonly forMs: number;
  /** Also where the server is away at the start: services that belong together start in any order. */
  readonly atStart: boolean;
}

/** A lost connection comes back; a host that does not answer at the start is a mistake, unless the user says otherwise. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { forMs: 5 * 60_000, atStart: false };

/** How long the first call of a command retries, milliseconds. */
export function retryMsAtStart({ atStart, forMs }: RetryPolicy): number {
  return atStart ? forMs : 0;
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 15_000;
/** Each pause is up to so much longer or shorter, so that many clients do not come back in one moment. */
const JITTER = 0.25;

export interface RetryOptions {
  readonly forMs?: number;
  /** Failed attempts before the first warning: a server that is back at once is no news. */
  readonly quietAttempts?: number;
  /** What may help the server back, before each further attempt. */
  readonly recover?: () => Promise<void>;
}

/**
 * Retries what a lost server broke, for everything in the process that uses that server: ever longer pauses, one
 * warning when it is lost, one note when it is back, and a timeout.
 */
export class Retry {
  readonly #server: string;
  readonly #context: StageContext;
  readonly #options: RetryOptions;
  #hasAnswered = false;
  /** Attempts that have failed since the server last answered, and over all. */
  #failed = 0;
  #losses = 0;
  #awaySince = 0;
  /** What was lost last: the server, or one that the work needs beside it. */
  #lost: string;
  /** When the last work that succeeded was over, and what came after it began to fail. */
  #failingSince: number | undefined;
  #pause = FIRST_PAUSE_MS;

  /** @param server how messages name it: "PostgreSQL at localhost:5432/sales" */
  constructor(server: string, context: StageContext, options: RetryOptions = {}) {
    this.#server = server;
    this.#lost = server;
    this.#context = context;
    this.#options = options;
  }

  /** Retries for a server that has answered already. */
  static connected(server: string, context: StageContext, options: RetryOptions): Retry {
    const retry = new Retry(server, context, options);
    retry.succeeded();
    return retry;
  }

  /**
   * Runs `work`, and again when it failed by a retriable error: it must be right to do so, whatever of it had reached
   * the server.
   * @throws MedallionError interrupted; the retriable error after the timeout, and at once any other
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const losses = this.#losses;
      try {
        const result = await work();
        // What began before the loss says nothing about the time after it.
        if (losses === this.#losses) {
          this.succeeded();
        }
        return result;
      } catch (error) {
        if (!isRetriable(error)) {
          throw error;
        }
        await this.#recoverFrom(error);
      }
    }
  }

  /**
   * Pauses before the next attempt.
   * @returns false when interrupted
   * @throws MedallionError the failure, after the timeout
   */
  async wait(failure: MedallionError, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      return false;
    }
    const { forMs = DEFAULT_RETRY_POLICY.forMs, quietAttempts = 0 } = this.#options;
    this.#losses += 1;
    this.#failed += 1;
    const lost = failure.server ?? this.#server;
    if (this.#failed === 1 || lost !== this.#lost) {
      this.#failed = 1;
      this.#lost = lost;
      this.#awaySince = Date.now();
    }
    this.#failingSince ??= Date.now();
    const left = this.#failingSince + forMs - Date.now();
    if (left <= 0) {
      throw forMs === 0 ? failure : givenUp(failure, forMs);
    }
    if (this.#failed === quietAttempts + 1) {
      const what = this.#hasAnswered ? 'lost' : 'cannot reach';
      this.#context.emit({
        type: 'warning',
        message: `${what} ${lost} (${failure.reason}); trying again for up to ${durationText(forMs)}`,
      });
    }
    const pause = this.#pause * (1 - JITTER + 2 * JITTER * Math.random());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    await delay(Math.min(pause, left), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  /** The server answers; the timeout goes on running until it has also done some work. */
  answered(): void {
    if (this.#lost === this.#server) {
      this.#back();
    }
  }

  /** The server answers, and work goes on. */
  succeeded(): void {
    this.#back();
    this.#lost = this.#server;
    this.#failingSince = undefined;
    this.#pause = FIRST_PAUSE_MS;
  }

  #back(): void {
    if (this.#failed > (this.#options.quietAttempts ?? 0)) {
      const away = durationText(Date.now() - this.#awaySince);
      this.#context.emit({ type: 'note', message: `${this.#lost} is back after ${away}` });
    }
    this.#hasAnswered = true;
    this.#failed = 0;
  }

  async #recoverFrom(failure: MedallionError): Promise<void> {
    const { signal } = this.#context;
    await this.wait(failure, signal);
    throwIfInterrupted(signal);
    await this.#options.recover?.().catch((error: unknown) => {
      if (!isRetriable(error)) {
        throw error;
      }
    });
  }
}

function givenUp(failure: MedallionError, forMs: number): MedallionError {
  const message = `${failure.message}; gave up after ${durationText(forMs)}`;
  return changed(failure, { message, server: undefined });
}

/** A duration in a message: 5 min, 30 s, 1.5 s. */
export function durationText(ms: number): string {
  return ms >= 60_000
    ? `${Math.round(ms / 60_000)} min`
    : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`.replace('.0 ', ' ');
}

/** A server that is not there to begin with is a mistake, and is not waited for. */
export function atStart(error: unknown): unknown {
  return isRetriable(error) ? changed(error, { retriable: false }) : error;
}
