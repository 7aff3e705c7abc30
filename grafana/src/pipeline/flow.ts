import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, lines, rows, SECONDS, SHORT, TIME } from '../panels.ts';
import { sql } from '../sql.ts';
import { BEYOND_POSTGRESQL } from './state.ts';

// Silver's latest event is among the last transactions of its latest day, where keys rise with each batch.
const FRESHNESS = sql`
  with layers as (
      select
          1 as place,
          'bronze' as layer,
          to_char(max(last_event_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as latest_event,
          max(ingested_at) as changed_at
      from gold.pipeline_partitions
      union all
      select
          2,
          'silver',
          (
              select to_char(max(latest.event_timestamp) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
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
          (select to_char(max(date_key), 'YYYY-MM-DD') from gold.sales_performance),
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
      latest_event,
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
      ingested_events,
      last_event_at,
      ingested_at,
      promoted_at
  from gold.pipeline_partitions
  order by waiting_events desc, ingested_at desc, topic, partition
  limit 100`;

// A run that goes on counts at the end of the range: the browser's clock may be behind the server's.
const THROUGHPUT = sql`
  select
      $__timeGroupAlias(ended_at, $__interval),
      command as metric,
      sum(events) as events
  from (
      select command, events, coalesce(finished_at, $__timeTo()::timestamptz) as ended_at
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
        ...{ sql: FRESHNESS, width: 12, height: 8 },
        empty: 'Nothing is ingested yet: medallion ingest.',
      },
      {
        layer: { heading: 'Layer', width: 75, grows: true },
        latest_event: { heading: 'Latest event (UTC)', width: 160 },
        changed_at: { heading: 'Changed (UTC)', width: 160, unit: TIME },
        unchanged_for: { heading: 'Unchanged for', width: 115, unit: SECONDS },
      },
    ),
    lines(
      {
        title: 'Throughput',
        description:
          'Events written to the log, ingested and promoted, at the end of the run that did it; a run that goes on counts at the end of the time range, with what it has done so far.',
        ...{ sql: THROUGHPUT, width: 12, height: 8 },
        empty: 'No run moved events in the time range: choose a longer one.',
      },
      SHORT,
    ).interval('1m'),
    rows(
      {
        title: 'Lag by partition',
        description: `What waits for silver, the longest queue first, up to 100 partitions. ${BEYOND_POSTGRESQL}`,
        ...{ sql: LAG, width: 24, height: 8 },
        empty: 'Nothing is ingested yet: medallion ingest.',
      },
      {
        topic: { heading: 'Topic', width: 180, grows: true },
        partition: { heading: 'Partition', width: 85 },
        waiting_events: { heading: 'Waiting', width: 100, unit: COUNT },
        waiting_for: { heading: 'Waiting for', width: 110, unit: SECONDS },
        ingested_events: { heading: 'Ingested', width: 110, unit: COUNT },
        last_event_at: { heading: 'Last event (UTC)', width: 170, unit: TIME },
        ingested_at: { heading: 'Ingested at (UTC)', width: 170, unit: TIME },
        promoted_at: { heading: 'Promoted at (UTC)', width: 170, unit: TIME },
      },
    ),
  ];
}
