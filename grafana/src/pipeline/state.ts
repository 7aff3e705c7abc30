import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { AGO, COUNT, figure, PERCENT, SECONDS, thresholds, type Unit } from '../panels.ts';
import { sql } from '../sql.ts';

/** What the log still holds only the log knows; every panel that could be taken for its lag says so. */
export const BEYOND_THE_BOOKS =
  'What the log holds and nobody has read yet is not in PostgreSQL: medallion status asks the log.';

/** Events beyond the watermarks of the promotion. */
export const WAITING_EVENTS = sql`
  select coalesce(sum(waiting_events), 0) as waiting_events
  from gold.pipeline_partitions`;

export const LONGEST_WAIT = sql`
  select coalesce(extract(epoch from now() - min(waiting_since)), 0) as longest_wait_seconds
  from gold.pipeline_partitions`;

/** Milliseconds since 1970: Grafana shows them as the time that has passed. */
const since = (column: string): string => sql`
  select extract(epoch from ${column}) * 1000 as ${column}
  from gold.pipeline_state`;

/**
 * Refused events in percent of those that were judged: by promotions, and by ingest where it refused them.
 * @param events whether a run's end counts
 * @param refusals whether an hour of refusals does
 */
export function quarantineShare(events: string, refusals: string): string {
  return sql`
    with judged as (
        select coalesce(sum(runs.events), 0) as events
        from (
            select events, coalesce(finished_at, now()) as ended_at
            from gold.pipeline_runs
            where command = 'promote'
        ) as runs
        where ${events}
    ),

    refused as (
        select
            coalesce(sum(events), 0) as events,
            coalesce(sum(events) filter (where stage = 'ingest'), 0) as at_ingest
        from gold.quarantine_by_hour
        where ${refusals}
    )

    select
        coalesce(
            round(refused.events * 100 / nullif(judged.events + refused.at_ingest, 0), 2), 0
        ) as quarantine_share_percent
    from judged
    cross join refused`;
}

const FAILED_RUNS = sql`
  select count(*) as failed_runs
  from gold.pipeline_runs
  where outcome = 'failed' and $__timeFilter(started_at)`;

const small = (title: string, description: string, query: string, unit: Unit, width = 6) =>
  figure({ title, description, sql: query, width, height: 4 }, unit);

const GOOD_UP_TO = (limit: number) => thresholds([null, 'green'], [limit, 'red']);

/** How the pipeline is, in numbers. */
export function state(): Builder<Panel>[] {
  return [
    small(
      'Last event',
      `When the log took in the latest event that was landed. ${BEYOND_THE_BOOKS}`,
      since('last_event_at'),
      AGO,
    ),
    small(
      'Waiting for promotion',
      `Events in bronze that silver does not have yet, holes in the offsets included. ${BEYOND_THE_BOOKS}`,
      WAITING_EVENTS,
      COUNT,
    ),
    small(
      'Longest wait',
      'How long ago the first event was landed that is not promoted yet.',
      LONGEST_WAIT,
      SECONDS,
    ),
    small(
      'Days waiting for gold',
      'Days whose facts changed since gold was last published.',
      sql`
        select waiting_days
        from gold.pipeline_state`,
      COUNT,
    ),
    small(
      'Last promotion',
      'When the latest complete promotion ended.',
      since('last_promotion_at'),
      AGO,
    ),
    small(
      'In quarantine',
      'Refused events that nobody has dealt with yet: medallion quarantine list.',
      sql`
        select quarantined_events
        from gold.pipeline_state`,
      COUNT,
    ),
    small(
      'Quarantine share',
      'Events refused in the time range, in percent of those judged in it.',
      quarantineShare('$__timeFilter(ended_at)', '$__timeFilter(quarantined_hour)'),
      PERCENT,
    ),
    small(
      'Failed runs',
      'Runs that began in the time range and failed.',
      FAILED_RUNS,
      COUNT,
    ).thresholds(GOOD_UP_TO(1)),
  ];
}
