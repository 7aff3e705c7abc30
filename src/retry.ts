import { setTimeout as delay } from 'node:timers/promises';
import { MedallionError, throwIfInterrupted } from './errors.ts';
import type { StageContext } from './progress.ts';

/** How long PostgreSQL or Kafka is waited for. */
export interface Patience {
  /** Milliseconds from the moment it was lost; 0 gives up at once. */
  readonly forMs: number;
  /** Also where it is not there to begin with: services that belong together start in any order. */
  readonly atStart: boolean;
}

/** A lost connection comes back; a host that does not answer at the start is a mistake, unless somebody says otherwise. */
export const DEFAULT_PATIENCE: Patience = { forMs: 5 * 60_000, atStart: false };

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 15_000;
/** Each pause is up to so much longer or shorter, so that many clients do not come back in one moment. */
const JITTER = 0.25;

export interface OutageOptions {
  readonly forMs?: number;
  /** Failed attempts before anybody is told: what is back at once is no news. */
  readonly unsaid?: number;
  /** What may help it back, before each further attempt. */
  readonly recover?: () => Promise<void>;
}

/**
 * Rides out the losses of one server, for everything in the process that uses it: ever longer pauses, one warning
 * when it is lost, one note when it is back, and an end of patience.
 */
export class Outage {
  readonly #server: string;
  readonly #context: StageContext;
  readonly #options: OutageOptions;
  #hasAnswered = false;
  /** Attempts that have failed since the server last answered, and over all. */
  #failed = 0;
  #losses = 0;
  #awaySince = 0;
  /** When the last work that succeeded was over, and what came after it began to fail. */
  #failingSince: number | undefined;
  #pause = FIRST_PAUSE_MS;

  /** @param server how messages name it: "PostgreSQL at localhost:5432/sales" */
  constructor(server: string, context: StageContext, options: OutageOptions = {}) {
    this.#server = server;
    this.#context = context;
    this.#options = options;
  }

  /**
   * Runs `work`, and runs it again when it failed by a retriable error: it must be right to do so, whatever of it had
   * reached the server.
   * @throws MedallionError interrupted; that error when patience is over, and at once any other
   */
  async ride<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#context;
    for (;;) {
      const losses = this.#losses;
      try {
        const result = await work();
        // What began before the loss says nothing about the time after it.
        if (losses === this.#losses) {
          this.end();
        }
        return result;
      } catch (error) {
        if (!isPassing(error)) {
          throw error;
        }
        await this.#endure(error, signal);
      }
    }
  }

  /** Pauses before the next attempt, shorter when interrupted; throws the failure when patience is over. */
  async wait(failure: MedallionError, signal: AbortSignal): Promise<void> {
    const { forMs = DEFAULT_PATIENCE.forMs, unsaid = 0 } = this.#options;
    this.#losses += 1;
    this.#failed += 1;
    if (this.#failed === 1) {
      this.#awaySince = Date.now();
    }
    this.#failingSince ??= Date.now();
    const left = this.#failingSince + forMs - Date.now();
    if (left <= 0 || signal.aborted) {
      throw forMs === 0 ? failure : givenUp(failure, forMs);
    }
    if (this.#failed === unsaid + 1) {
      const what = this.#hasAnswered ? 'lost' : 'cannot reach';
      this.#context.emit({
        type: 'warning',
        message: `${what} ${this.#server} (${failure.reason}); trying again for up to ${durationText(forMs)}`,
      });
    }
    const pause = this.#pause * (1 - JITTER + 2 * JITTER * Math.random());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    await delay(Math.min(pause, left), undefined, { signal }).catch(() => undefined);
  }

  /** The server answers; patience goes on running out until it has also done some work. */
  answered(): void {
    if (this.#failed > (this.#options.unsaid ?? 0)) {
      const away = durationText(Date.now() - this.#awaySince);
      this.#context.emit({ type: 'note', message: `${this.#server} is back after ${away}` });
    }
    this.#hasAnswered = true;
    this.#failed = 0;
  }

  /** The server answers, and work goes on. */
  end(): void {
    this.answered();
    this.#failingSince = undefined;
    this.#pause = FIRST_PAUSE_MS;
  }

  async #endure(failure: MedallionError, signal: AbortSignal): Promise<void> {
    throwIfInterrupted(signal);
    await this.wait(failure, signal);
    throwIfInterrupted(signal);
    try {
      await this.#options.recover?.();
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
    }
  }
}

function isPassing(error: unknown): error is MedallionError {
  return error instanceof MedallionError && error.retriable;
}

function givenUp(failure: MedallionError, forMs: number): MedallionError {
  const { code, message, reason, hint, retriable } = failure;
  return new MedallionError(code, `${message}; given up after ${durationText(forMs)}`, {
    ...(hint === undefined ? {} : { hint }),
    reason,
    retriable,
    cause: failure,
  });
}

/** A duration in a message: 5 min, 30 s, 1.5 s. */
export function durationText(ms: number): string {
  return ms >= 60_000
    ? `${Math.round(ms / 60_000)} min`
    : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`.replace('.0 ', ' ');
}
