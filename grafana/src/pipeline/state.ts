import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { AGO, COUNT, figure, PERCENT, SECONDS, thresholds, type Unit } from '../panels.ts';
import { FIRST_HOUR } from '../period.ts';
import { sql } from '../sql.ts';
import { LIMITS } from './limits.ts';

/** What the log still holds only the log knows; every panel that could be taken for its lag says so. */
export const BEYOND_POSTGRESQL =
  'What the log holds and nobody has read yet is not in PostgreSQL: medallion status asks the log.';

/** Events beyond the watermarks of the promotion. */
export const WAITING_EVENTS = sql`
  select coalesce(sum(waiting_events), 0) as waiting_events
  from gold.pipeline_partitions`;

export const LONGEST_WAIT = sql`
  select coalesce(extract(epoch from now() - min(waiting_since)), 0) as longest_wait_seconds
  from gold.pipeline_partitions`;

/**
 * Orders that the same hours of up to four earlier weeks had, a mean, in the whole hours since the latest event: a shop
 * that sleeps misses none. No row without an event, or before there is an hour of a week ago to compare with.
 */
export const MISSED_ORDERS = sql`
  with silent as (
      select generate_series(
          date_trunc('hour', greatest(last_event_at, now() - interval '7 days'), 'UTC') + interval '1 hour',
          date_trunc('hour', now(), 'UTC') - interval '1 hour',
          interval '1 hour'
      ) at time zone 'UTC' as at
      from gold.pipeline_state
  ),

  weeks as (
      select number
      from generate_series(1, 4) as weeks (number)
      where current_date - 7 * number >= (select min(date_key) from gold.hourly_sales)
  ),

  expected as (
      select coalesce(sum(sales.orders), 0) as orders
      from silent
      cross join weeks
      inner join gold.hourly_sales as sales
          on
              sales.date_key = silent.at::date - 7 * weeks.number
              and sales.hour = extract(hour from silent.at)
  )

  select round(expected.orders / count(weeks.number), 1) as missed_orders
  from expected
  cross join weeks
  where (select last_event_at from gold.pipeline_state) is not null
  group by expected.orders`;

/** Hours since the last complete promotion, or since the first event that waits for one; no row where there is neither. */
export const SINCE_PROMOTION = sql`
  with since as (
      select coalesce(
          (select last_promotion_at from gold.pipeline_state),
          (select min(waiting_since) from gold.pipeline_partitions)
      ) as at
  )

  select round(extract(epoch from now() - at)::numeric / 3600, 2) as hours
  from since
  where at is not null`;

/** Milliseconds since 1970: Grafana shows them as the time that has passed. */
const since = (column: string): string => sql`
  select extract(epoch from ${column}) * 1000 as ${column}
  from gold.pipeline_state`;

/**
 * Rejected events in percent of those that were judged: by promotions, and by ingest where it rejected them.
 * @param events whether a run's end counts
 * @param rejections whether an hour of rejections does
 */
export function quarantineShare(events: string, rejections: string): string {
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

    rejected as (
        select
            coalesce(sum(events), 0) as events,
            coalesce(sum(events) filter (where stage = 'ingest'), 0) as at_ingest
        from gold.quarantine_by_hour
        where ${rejections}
    )

    select
        coalesce(
            round(rejected.events * 100 / nullif(judged.events + rejected.at_ingest, 0), 2), 0
        ) as quarantine_share_percent
    from judged
    cross join rejected`;
}

/** Whether a time lies in the time range, its first hour whole. A run that goes on ends at the present of the server. */
export const inHours = (column: string): string =>
  `${column} >= ${FIRST_HOUR} and ${column} <= greatest($__timeTo()::timestamptz, ${FIRST_HOUR} + interval '1 hour')`;

const FAILED_RUNS = sql`
  select count(*) as failed_runs
  from gold.pipeline_runs
  where outcome = 'failed' and $__timeFilter(started_at)`;

const small = (title: string, description: string, query: string, unit: Unit, limit?: number) =>
  figure(
    { title, description, sql: query, width: 6, height: 4, empty: 'none yet' },
    unit,
  ).thresholds(
    limit === undefined
      ? thresholds([null, 'text'])
      : // A figure at its limit is not above it yet.
        thresholds([null, 'green'], [limit === 0 ? 1 : limit * 1.000001, 'red']),
  );

/** How the pipeline is, in numbers. */
export function state(): Builder<Panel>[] {
  return [
    small(
      'Last event',
      `When the log took in the latest ingested event. ${BEYOND_POSTGRESQL}`,
      since('last_event_at'),
      AGO,
    ),
    small(
      'Missed orders',
      'Orders that the same hours of up to four earlier weeks had, in the whole hours since the last event: 0 in hours in which the shop sleeps.',
      MISSED_ORDERS,
      COUNT,
      LIMITS.missedOrders,
    ),
    small(
      'Waiting for promotion',
      `Events in bronze that silver does not have yet, holes in the offsets included. ${BEYOND_POSTGRESQL}`,
      WAITING_EVENTS,
      COUNT,
      LIMITS.waiting,
    ),
    small(
      'Longest wait',
      'How long ago the first event that is not promoted yet was ingested.',
      LONGEST_WAIT,
      SECONDS,
      LIMITS.wait,
    ),
    small(
      'Last promotion',
      'How long ago the latest complete promotion ended; before there is one, how long ago the first event was ingested.',
      SINCE_PROMOTION,
      { unit: 'h', decimals: 1 },
      LIMITS.sincePromotion,
    ),
    small(
      'Quarantine share',
      'Events rejected in the time range, in percent of those judged in it, from the hour on in which it begins.',
      quarantineShare(inHours('ended_at'), inHours('quarantined_hour')),
      PERCENT,
      LIMITS.rejected,
    ),
    small(
      'Failed runs',
      'Runs that began in the time range and failed.',
      FAILED_RUNS,
      COUNT,
      LIMITS.failed,
    ),
    small(
      'Days waiting for gold',
      'Days whose facts changed since gold was last published.',
      sql`
        select waiting_days
        from gold.pipeline_state`,
      COUNT,
    ),
  ];
}
