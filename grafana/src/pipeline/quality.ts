import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { CLICKED, toTransactions } from '../links.ts';
import { COUNT, MONEY, rows, TIME } from '../panels.ts';
import { dayText } from '../period.ts';
import { sql } from '../sql.ts';

const RESTATEMENTS = sql`
  select
      ${dayText('date_key')} as day,
      restated_at,
      late_events,
      new_orders - old_orders as orders,
      new_total,
      new_total - old_total as change
  from gold.restatements
  where $__timeFilter(restated_at)
  order by restated_at desc, date_key desc
  limit 100`;

const CHECKS = sql`
  with latest as (
      select model, check_name, max(run_id) as run_id
      from gold.pipeline_checks
      where $__timeFilter(checked_at)
      group by model, check_name
  )

  select checks.outcome, model, check_name, checks.failing, checks.checked
  from latest
  inner join gold.pipeline_checks as checks using (model, check_name, run_id)
  order by checks.outcome = 'pass', checks.failing desc, model, check_name`;

/** What the promotion found out about the data. */
export function quality(): Builder<Panel>[] {
  return [
    rows(
      {
        title: 'Check results',
        description:
          'The latest result of each check in the time range, those not met first: medallion checks shows the failing rows.',
        ...{ sql: CHECKS, width: 24, height: 10 },
        empty: 'No promotion has checked anything in the time range: choose a longer one.',
      },
      {
        outcome: {
          ...{ heading: 'Outcome', width: 90 },
          colors: { pass: 'green', warn: 'orange', error: 'red' },
        },
        model: { heading: 'Table', width: 270 },
        check_name: { heading: 'Check', width: 400, grows: true },
        failing: { heading: 'Failing rows', width: 120, unit: COUNT },
        checked: { heading: 'Checked rows', width: 130, unit: COUNT },
      },
    ),
    rows(
      {
        title: 'Restatements',
        description:
          'Days that changed after they were over and had been published, by late events and corrections. A day leads to its transactions.',
        ...{ sql: RESTATEMENTS, width: 24, height: 9 },
        empty: 'No day that was over has changed in the time range.',
      },
      {
        day: {
          ...{ heading: 'Day', width: 120, grows: true },
          link: toTransactions({ day: CLICKED }),
        },
        restated_at: { heading: 'Restated (UTC)', width: 180, unit: TIME },
        late_events: { heading: 'Late events', width: 120, unit: COUNT },
        orders: { heading: 'Orders added', width: 120, unit: COUNT },
        new_total: { heading: 'Revenue now', width: 180, unit: MONEY },
        change: { heading: 'Change', width: 160, unit: MONEY },
      },
    ),
  ];
}
