import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { REASONS } from '../event/reasons.ts';
import { VERSION } from '../version.ts';
import type { Page } from './server.ts';

/** What a run of ingest has counted so far; the same object all the while. */
export interface WrittenTotals {
  readonly events: number;
  readonly bytes: number;
  readonly quarantined: Readonly<Record<string, number>>;
}

/** What a promotion has counted so far; the same object all the while. */
export interface PublishedTotals {
  readonly models: readonly { readonly model: string; readonly written: number }[];
  readonly rejections: Readonly<Record<string, number>>;
  readonly silver: { readonly skipped: number };
}

/** From an increment of a few events to the first promotion of a long history. */
const DURATION_BUCKETS = [0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];
/** Of prom-client's own metrics those whose names break Prometheus' conventions. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);
const OUTCOMES = ['done', 'locked', 'check_failed', 'failed', 'interrupted'] as const;
export type PromotionOutcome = (typeof OUTCOMES)[number];

/**
 * What the process tells Prometheus. Counters count what this process has committed, by batches; gauges say how
 * things stand in the log and the warehouse, whoever did it.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #growth = new WeakMap<object, Map<string, number>>();

  readonly up = this.#gauge('up', 'Whether it answered when it was last looked at', ['dependency']);
  readonly #events = this.#counter('ingest_events_total', 'Events written to bronze');
  readonly #bytes = this.#counter('ingest_bytes_total', 'Bytes of the events written to bronze');
  readonly #quarantined = this.#counter(
    'quarantined_events_total',
    'events rejected, by ingest or by silver',
    ['reason'],
  );
  readonly #skipped = this.#counter(
    'skipped_events_total',
    'Records that the where of their source leaves out',
  );
  readonly #promotions = this.#counter('promotions_total', 'Promotions that ended', ['outcome']);
  readonly #rows = this.#counter(
    'promote_rows_total',
    'Rows published in the tables of silver and gold',
    ['model'],
  );
  readonly #duration = new Histogram({
    name: 'medallion_promote_duration_seconds',
    help: 'Time that promotions took, of all outcomes',
    buckets: DURATION_BUCKETS,
    registers: [this.#registry],
  });
  readonly #lastSuccess = this.#gauge(
    'promote_last_success_timestamp_seconds',
    'When a promotion was last done',
  );
  readonly lagEvents = this.#gauge(
    'consumer_lag_events',
    'Events of the log that are not in bronze, at most; absent where that is not known',
    ['topic', 'partition'],
  );
  readonly lagSeconds = this.#gauge(
    'consumer_lag_seconds',
    'How long the first of them has waited',
    ['topic', 'partition'],
  );
  readonly backlogEvents = this.#gauge(
    'promote_backlog_events',
    'Events of bronze that are not judged by silver, at most',
  );
  readonly backlogSeconds = this.#gauge(
    'promote_backlog_seconds',
    'How long the first of them has waited',
  );
  readonly staleDates = this.#gauge(
    'promote_stale_dates',
    'Days that changed in silver and are not published in gold',
  );
  readonly quarantineOpen = this.#gauge(
    'quarantine_open_events',
    'Rejected events that nobody has dealt with',
    ['stage', 'reason'],
  );
  readonly committed = this.#gauge(
    'layer_committed_timestamp_seconds',
    'When something was last committed to the layer',
    ['layer'],
  );
  /** By layer, when its latest event was: Unix milliseconds. */
  readonly latestEvents = new Map<string, number>();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) {
      this.#registry.removeSingleMetric(name);
    }
    this.up.set({ dependency: 'warehouse' }, 0);
    this.up.set({ dependency: 'log' }, 0);
    this.#gauge('build_info', 'The version that runs; always 1', ['version']).set(
      { version: VERSION },
      1,
    );
    for (const reason of Object.keys(REASONS)) {
      this.#quarantined.inc({ reason }, 0);
    }
    for (const outcome of OUTCOMES) {
      this.#promotions.inc({ outcome }, 0);
    }
    // An age grows between two looks.
    this.#gauge(
      'layer_freshness_seconds',
      "Age of the layer's latest event; in gold an event is as old as its day",
      ['layer'],
      (gauge) => {
        for (const [layer, at] of this.latestEvents) {
          gauge.set({ layer }, (Date.now() - at) / 1000);
        }
      },
    );
  }

  written(totals: WrittenTotals): void {
    this.#events.inc(this.#grown(totals, 'events', totals.events));
    this.#bytes.inc(this.#grown(totals, 'bytes', totals.bytes));
    this.#rejected(totals, totals.quarantined);
  }

  published(totals: PublishedTotals): void {
    for (const { model, written } of totals.models) {
      this.#rows.inc({ model }, this.#grown(totals, `rows ${model}`, written));
    }
    this.#rejected(totals, totals.rejections);
    this.#skipped.inc(this.#grown(totals, 'skipped', totals.silver.skipped));
  }

  promoted(outcome: PromotionOutcome, seconds: number): void {
    this.#promotions.inc({ outcome });
    this.#duration.observe(seconds);
    if (outcome === 'done') {
      this.#lastSuccess.setToCurrentTime();
    }
  }

  async page(): Promise<Page> {
    return {
      status: 200,
      type: this.#registry.contentType,
      body: await this.#registry.metrics(),
    };
  }

  #rejected(totals: object, rejections: Readonly<Record<string, number>>): void {
    for (const [reason, events] of Object.entries(rejections)) {
      this.#quarantined.inc({ reason }, this.#grown(totals, `rejected ${reason}`, events));
    }
  }

  /** By how much one figure of `totals` has grown since it was last counted. */
  #grown(totals: object, figure: string, value: number): number {
    const counted = this.#growth.get(totals) ?? new Map<string, number>();
    this.#growth.set(totals, counted);
    const before = counted.get(figure) ?? 0;
    counted.set(figure, value);
    return value - before;
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({
      name: `medallion_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
    });
  }

  #gauge(
    name: string,
    help: string,
    labelNames: string[] = [],
    collect: (gauge: Gauge) => void = () => undefined,
  ): Gauge {
    return new Gauge({
      name: `medallion_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        collect(this);
      },
    });
  }
}
