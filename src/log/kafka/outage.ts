import { setTimeout as delay } from 'node:timers/promises';
import type { MedallionError } from '../../errors.ts';

/** How long a broker that went away is waited for, milliseconds, unless told otherwise. */
const RETRY_FOR_MS = 5 * 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Waits for brokers that went away: ever longer pauses, one warning for each outage, and an end of patience. */
export class Outage {
  readonly #retryForMs: number;
  readonly #warn: (message: string) => void;
  #attempts = 0;
  #since: number | undefined;
  #pause = FIRST_PAUSE_MS;

  constructor(warn: (message: string) => void, retryForMs = RETRY_FOR_MS) {
    this.#warn = warn;
    this.#retryForMs = retryForMs;
  }

  /** Pauses before the next attempt, shorter when interrupted. Throws the failure when it has lasted too long. */
  async wait(failure: MedallionError, signal: AbortSignal): Promise<void> {
    this.#attempts += 1;
    this.#since ??= Date.now();
    // A broker that has just started, or hands a group over, is back at the next attempt: that is no news.
    if (this.#attempts === 2) {
      this.#warn(`${failure.message}; trying again for ${durationText(this.#retryForMs)}`);
    }
    if (Date.now() - this.#since + this.#pause > this.#retryForMs) {
      throw failure;
    }
    await delay(this.#pause, undefined, { signal }).catch(() => undefined);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  /** The brokers answer. Returns whether it was said that they were away. */
  end(): boolean {
    const wasAway = this.#attempts >= 2;
    this.#attempts = 0;
    this.#since = undefined;
    this.#pause = FIRST_PAUSE_MS;
    return wasAway;
  }
}

function durationText(ms: number): string {
  return ms >= 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1000)} s`;
}
