import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, rows, SECONDS, stackedBars } from '../panels.ts';
import { sql } from '../sql.ts';
import { BEYOND_THE_BOOKS } from './state.ts';

// Silver's latest event is among the last transactions of its latest day, where keys rise with each window.
const FRESHNESS = sql`
  with layers as (
      select
          1 as place,
          'bronze' as layer,
          max(last_event_at) as latest_event_at,
          max(landed_at) as changed_at
      from gold.pipeline_partitions
      union all
      select
          2,
          'silver',
          (
              select max(latest.event_timestamp)
              from (
                  select event_timestamp
                  from silver.fact_transactions
                  order by transaction_key desc
                  limit 10000
              ) as latest
          ),
          (select max(promoted_at) from gold.pipeline_partitions)
      union all
      select
          3,
          'gold',
          (select max(date_key) from gold.sales_performance)::timestamp at time zone 'UTC',
          (
              select finished_at
              from gold.pipeline_runs
              where published_days <> '{}'
              order by run_id desc
              limit 1
          )
  )

  select
      layer,
      latest_event_at,
      changed_at,
      extract(epoch from now() - changed_at) as unchanged_for
  from layers
  order by place`;

const LAG = sql`
  select
      topic,
      partition,
      waiting_events,
      coalesce(extract(epoch from now() - waiting_since), 0) as waiting_for,
      landed_events,
      last_event_at,
      landed_at,
      promoted_at
  from gold.pipeline_partitions
  order by waiting_events desc, landed_at desc, topic, partition
  limit 100`;

const THROUGHPUT = sql`
  select
      $__timeGroupAlias(ended_at, $__interval),
      command as metric,
      sum(events) as events
  from (
      select command, events, coalesce(finished_at, now()) as ended_at
      from gold.pipeline_runs
      where command in ('generate', 'ingest', 'promote')
  ) as runs
  where $__timeFilter(ended_at) and events > 0
  group by 1, 2
  order by 1, 2`;

/** How events move on: what is fresh, what waits, what passed. */
export function flow(): Builder<Panel>[] {
  return [
    rows(
      {
        title: 'Freshness',
        description:
          "The latest event of each layer, and when the layer last changed. Bronze tells the log's time, silver the event's own, gold whole days.",
        sql: FRESHNESS,
        width: 10,
        height: 8,
      },
      { unchanged_for: SECONDS },
    ),
    stackedBars(
      {
        title: 'Throughput',
        description:
          'Events written to the log, landed and promoted, at the end of the run that did it; a run that goes on counts at the present.',
        sql: THROUGHPUT,
        width: 14,
        height: 8,
      },
      COUNT,
    ).interval('1m'),
    rows(
      {
        title: 'Lag by partition',
        description: `What waits for silver, the longest queue first, up to 100 partitions. ${BEYOND_THE_BOOKS}`,
        sql: LAG,
        width: 24,
        height: 8,
      },
      { waiting_events: COUNT, waiting_for: SECONDS, landed_events: COUNT },
    ),
  ];
}
