import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, COUNT, rows, stackedBars } from '../panels.ts';
import { sql } from '../sql.ts';

const BY_REASON = sql`
  select reason, sum(events) as events
  from gold.quarantine_summary
  group by reason
  order by events desc, reason`;

const BY_FIELD = sql`
  select stage, reason, field, events, latest_at
  from gold.quarantine_summary
  order by events desc, stage, reason, field
  limit 100`;

const OVER_TIME = sql`
  select quarantined_hour as time, reason as metric, sum(events) as events
  from gold.quarantine_by_hour
  where $__timeFilter(quarantined_hour)
  group by quarantined_hour, reason
  order by quarantined_hour, reason`;

/** What was refused, and why. */
export function quarantine(): Builder<Panel>[] {
  return [
    bars(
      {
        title: 'Quarantine by reason',
        description: 'Refused events that nobody has dealt with yet.',
        sql: BY_REASON,
        width: 8,
        height: 8,
      },
      'reason',
      COUNT,
    ),
    rows(
      {
        title: 'Quarantine by field',
        description: 'The same by stage and field: medallion quarantine list shows the events.',
        sql: BY_FIELD,
        width: 8,
        height: 8,
      },
      { events: COUNT },
    ),
    stackedBars(
      {
        title: 'Refused by hour',
        description: 'All that was refused, whatever became of it.',
        sql: OVER_TIME,
        width: 8,
        height: 8,
      },
      COUNT,
    ),
  ];
}
