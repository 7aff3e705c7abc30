import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { column, TO_TRACE, toRejected } from '../links.ts';
import { bars, COUNT, figure, rows, SHORT, stackedBars, TIME } from '../panels.ts';
import { FIRST_HOUR } from '../period.ts';
import { inHours } from './state.ts';
import { sql } from '../sql.ts';
import { textOf } from '../variables.ts';

const OPEN = sql`
  select quarantined_events
  from gold.pipeline_state`;

const SKIPPED = sql`
  select coalesce(sum(skipped_events), 0) as skipped_events
  from (
      select skipped_events, coalesce(finished_at, now()) as ended_at
      from gold.pipeline_runs
  ) as runs
  where ${inHours('ended_at')}`;

const BY_REASON = sql`
  select replace(reason, '_', ' ') as reason, sum(events) as events
  from gold.quarantine_summary
  group by reason
  order by events desc, reason`;

const BY_FIELD = sql`
  select replace(reason, '_', ' ') as reason, field, stage, events, latest_at
  from gold.quarantine_summary
  order by events desc, stage, reason, field
  limit 100`;

// The hour in which the range begins stands at its beginning.
const OVER_TIME = sql`
  select
      greatest(quarantined_hour, $__timeFrom()::timestamptz) as time,
      replace(reason, '_', ' ') as metric,
      sum(events) as events
  from gold.quarantine_by_hour
  where quarantined_hour >= ${FIRST_HOUR} and quarantined_hour <= $__timeTo()::timestamptz
  group by quarantined_hour, reason
  order by quarantined_hour, reason`;

const REJECTED = sql`
  select
      quarantined_at,
      replace(reason, '_', ' ') as reason,
      field,
      transaction_id,
      topic,
      partition,
      "offset",
      status
  from gold.quarantined_events
  where
      $__timeFilter(quarantined_at)
      and (${textOf('reason')} = '' or reason = replace(${textOf('reason')}, ' ', '_'))
  order by quarantined_at desc, topic, partition, "offset"
  limit 100`;

const NONE_OPEN = 'Nothing is open: no event was rejected, or all were replayed or dismissed.';

/** What was rejected, and why. */
export function quarantine(): Builder<Panel>[] {
  return [
    figure(
      {
        title: 'In quarantine',
        description: 'Rejected events that nobody has dealt with yet: medallion quarantine list.',
        ...{ sql: OPEN, width: 3, height: 8, empty: 'none' },
      },
      COUNT,
    ),
    figure(
      {
        title: 'Skipped',
        description:
          'Records that promotions of the time range left out because they are of another source: the where of a mapping says so. They are not in quarantine.',
        ...{ sql: SKIPPED, width: 3, height: 8, empty: 'none' },
      },
      COUNT,
    ),
    bars(
      {
        title: 'Quarantine by reason',
        description: 'Rejected events that nobody has dealt with yet. A bar leads to the events.',
        ...{ sql: BY_REASON, width: 8, height: 8, empty: NONE_OPEN },
      },
      'reason',
      SHORT,
    ).overrideByName('events', [
      { id: 'displayName', value: 'Events' },
      { id: 'links', value: [toRejected(column(0))] },
    ]),
    stackedBars(
      {
        title: 'Rejected by hour',
        description: 'All that was rejected, whatever became of it.',
        ...{ sql: OVER_TIME, width: 10, height: 8 },
        empty: 'Nothing was rejected in the time range.',
      },
      SHORT,
    ),
    rows(
      {
        title: 'Quarantine by field',
        description: 'What is open, by stage and field.',
        ...{ sql: BY_FIELD, width: 24, height: 8, empty: NONE_OPEN },
      },
      {
        reason: { heading: 'Reason', width: 200, link: toRejected(column(0)) },
        field: { heading: 'Field', width: 300, grows: true },
        stage: { heading: 'Stage', width: 100 },
        events: { heading: 'Events', width: 100, unit: COUNT },
        latest_at: { heading: 'Latest (UTC)', width: 170, unit: TIME },
      },
    ),
    rows(
      {
        title: 'Rejected events',
        description:
          'The latest in the time range, of the reason above: medallion quarantine show has the event itself. An id leads to its trace.',
        ...{ sql: REJECTED, width: 24, height: 10 },
        empty: 'No event was rejected in the time range for this reason.',
      },
      {
        quarantined_at: { heading: 'Rejected (UTC)', width: 155, unit: TIME },
        reason: { heading: 'Reason', width: 150 },
        field: { heading: 'Field', width: 160 },
        transaction_id: { heading: 'Transaction', width: 435, grows: true, link: TO_TRACE },
        topic: { heading: 'Topic', width: 105 },
        partition: { heading: 'Part.', width: 50 },
        offset: { heading: 'Offset', width: 80 },
        status: {
          ...{ heading: 'Status', width: 80 },
          colors: { open: 'orange', replayed: 'green' },
        },
      },
    ),
  ];
}
