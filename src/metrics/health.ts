import { VERSION } from '../version.ts';
import { jsonPage, type Page } from './server.ts';

/** A look at what is depended on that is older than this says nothing of now. */
const STALE_MS = 60_000;
/** With a short interval a promotion may well take longer than some of them. */
const SHORTEST_LIMIT_MS = 60_000;
const MISSED_INTERVALS = 3;

interface Check {
  readonly ok: boolean;
  readonly problem?: string;
}

/** Whether the process lives, and whether it does its work: for whoever restarts it, and whoever relies on it. */
export class Health {
  readonly #startedAt = Date.now();
  readonly #everyMs: number;
  #lookedAt: number | undefined;
  #problems: Readonly<Record<'warehouse' | 'log', string | undefined>> = {
    warehouse: undefined,
    log: undefined,
  };
  #ingest: 'not begun' | 'running' | 'ended' = 'not begun';
  #promotedAt: number | undefined;
  #promoteProblem: string | undefined;
  #isStopping = false;

  /** @param everyMs how long promotions wait in between */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** What was found when the warehouse and the log were asked; undefined is no problem. */
  looked(problems: Readonly<Record<'warehouse' | 'log', string | undefined>>): void {
    this.#lookedAt = Date.now();
    this.#problems = problems;
  }

  ingesting(state: 'running' | 'ended'): void {
    this.#ingest = state;
  }

  /** @param problem why a promotion was not done; undefined when it was */
  promoted(problem: string | undefined): void {
    this.#promoteProblem = problem;
    if (problem === undefined) {
      this.#promotedAt = Date.now();
    }
  }

  stopping(): void {
    this.#isStopping = true;
  }

  live(): Page {
    return jsonPage(200, {
      status: 'ok',
      version: VERSION,
      uptime_seconds: Math.round((Date.now() - this.#startedAt) / 1000),
    });
  }

  ready(): Page {
    const checks: Readonly<Record<string, Check>> = {
      warehouse: this.#dependency('warehouse'),
      log: this.#dependency('log'),
      ingest: this.#ingest === 'running' ? { ok: true } : { ok: false, problem: this.#ingest },
      promote: this.#promote(),
    };
    const isReady = !this.#isStopping && Object.values(checks).every(({ ok }) => ok);
    const status = this.#isStopping ? 'stopping' : isReady ? 'ready' : 'not ready';
    return jsonPage(isReady ? 200 : 503, { status, checks });
  }

  #dependency(name: 'warehouse' | 'log'): Check {
    if (this.#lookedAt === undefined) {
      return { ok: false, problem: 'not checked yet' };
    }
    const age = Date.now() - this.#lookedAt;
    const problem =
      age > STALE_MS ? `last checked ${Math.round(age / 1000)} s ago` : this.#problems[name];
    return problem === undefined ? { ok: true } : { ok: false, problem };
  }

  #promote(): Check & { readonly last_done_seconds?: number } {
    const latest = this.#promoteProblem;
    if (this.#promotedAt === undefined) {
      return { ok: false, problem: latest ?? 'no promotion has finished yet' };
    }
    const age = Date.now() - this.#promotedAt;
    const seconds = Math.round(age / 1000);
    const limit = Math.max(MISSED_INTERVALS * this.#everyMs, SHORTEST_LIMIT_MS);
    return age > limit
      ? {
          ok: false,
          last_done_seconds: seconds,
          problem: latest ?? `the last promotion finished ${seconds} s ago`,
        }
      : { ok: true, last_done_seconds: seconds };
  }
}
