import { setTimeout as sleep } from 'node:timers/promises';
import { MedallionError, messageOf } from '../errors.ts';
import { rowsOf } from '../query/ask.ts';
import type { Status } from '../query/status.ts';
import { Health } from '../metrics/health.ts';
import { Metrics, type PromotionOutcome } from '../metrics/metrics.ts';
import { servePages } from '../metrics/server.ts';
import type { StageContext } from '../progress.ts';

export interface MonitorOptions {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** How long promotions wait in between. */
  readonly everyMs: number;
}

/** Between two looks at log and warehouse, for gauges and readiness: as often as promotions, within these bounds. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

/** Says over HTTP how a pipeline of this process is: /metrics for Prometheus, /healthz and /readyz for supervisors. */
export class Monitor {
  readonly metrics = new Metrics();
  readonly #health: Health;
  readonly #lookEveryMs: number;

  private constructor(everyMs: number) {
    this.#lookEveryMs = Math.min(Math.max(everyMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
    this.#health = new Health(everyMs);
  }

  /**
   * Serves a monitor while `work` runs.
   * @throws MedallionError config, when the port is taken: nothing has begun then
   */
  static async during<T>(
    { host, port, everyMs }: MonitorOptions,
    { signal, emit }: StageContext,
    work: (monitor: Monitor) => Promise<T>,
  ): Promise<T> {
    const monitor = new Monitor(everyMs);
    const server = await servePages(host, port, {
      '/metrics': () => monitor.metrics.page(),
      '/healthz': () => monitor.#health.live(),
      '/readyz': () => monitor.#health.ready(),
    });
    emit({
      type: 'note',
      message: `metrics at ${server.url}/metrics, /healthz and /readyz beside`,
    });
    signal.addEventListener('abort', () => monitor.#health.stopping(), { once: true });
    try {
      return await work(monitor);
    } finally {
      await server.close();
    }
  }

  /** Ingest runs as long as `work` does. */
  async ingest<T>(work: () => Promise<T>): Promise<T> {
    this.#health.ingesting('running');
    try {
      return await work();
    } finally {
      this.#health.ingesting('ended');
    }
  }

  /** Counts and times a promotion. */
  async promotion<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const count = (outcome: PromotionOutcome): void =>
      this.metrics.promoted(outcome, (performance.now() - start) / 1000);
    try {
      const result = await work();
      count('done');
      this.#health.promoted(undefined);
      return result;
    } catch (error) {
      count(outcomeOf(error));
      this.#health.promoted(messageOf(error));
      throw error;
    }
  }

  /** Looks how things stand, again and again until it is stopped. */
  async watch(look: () => Promise<Status>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const status = await look();
        const problem = status.problem?.message;
        this.#health.looked({ warehouse: undefined, log: problem });
        this.#set(status);
      } catch (error) {
        const unknown = 'not known while the warehouse is away';
        this.#health.looked({ warehouse: messageOf(error), log: unknown });
        this.#set(undefined);
      }
      await sleep(this.#lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Sets the gauges; those of what is not known any more are gone. @param status undefined: the warehouse is away */
  #set(status: Status | undefined): void {
    const { up, lagEvents, lagSeconds, quarantineOpen, committed, latestEvents } = this.metrics;
    up.set({ dependency: 'warehouse' }, Number(status !== undefined));
    up.set({ dependency: 'log' }, Number(status !== undefined && status.problem === undefined));
    for (const gauge of [lagEvents, lagSeconds, quarantineOpen]) {
      gauge.reset();
    }
    if (status === undefined) {
      return;
    }
    for (const { topic, partition, lag } of status.partitions) {
      if (lag.count !== undefined) {
        lagEvents.set({ topic, partition }, lag.count);
        lagSeconds.set({ topic, partition }, lag.seconds ?? 0);
      }
    }
    this.metrics.backlogEvents.set(status.promotion.count ?? 0);
    this.metrics.backlogSeconds.set(status.promotion.seconds ?? 0);
    this.metrics.staleDates.set(status.gold.count ?? 0);
    for (const row of rowsOf<'stage' | 'reason' | 'events'>(status.quarantine)) {
      quarantineOpen.set({ stage: row.stage ?? '', reason: row.reason ?? '' }, Number(row.events));
    }
    latestEvents.clear();
    for (const row of rowsOf<'layer' | 'latest_event_at' | 'committed_at'>(status.freshness)) {
      const layer = row.layer ?? '';
      if (row.latest_event_at !== null) {
        latestEvents.set(layer, millisecondsOf(row.latest_event_at));
      }
      if (row.committed_at !== null) {
        committed.set({ layer }, millisecondsOf(row.committed_at) / 1000);
      }
    }
  }
}

function outcomeOf(error: unknown): PromotionOutcome {
  const code = error instanceof MedallionError ? error.code : undefined;
  return code === 'locked' || code === 'check_failed' || code === 'interrupted' ? code : 'failed';
}

/** "2026-01-03 22:12:43.5+00", as PostgreSQL writes a time. */
function millisecondsOf(timestamp: string): number {
  return Date.parse(timestamp.replace(' ', 'T').replace(/\+00$/, 'Z'));
}
