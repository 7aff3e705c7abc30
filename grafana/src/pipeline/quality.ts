import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, MONEY, rows } from '../panels.ts';
import { sql } from '../sql.ts';

const RESTATEMENTS = sql`
  select
      restated_at,
      date_key as day,
      run_id,
      late_events,
      old_orders,
      new_orders,
      old_total,
      new_total,
      new_total - old_total as change
  from gold.restatements
  where $__timeFilter(restated_at)
  order by restated_at desc, date_key desc
  limit 100`;

const CHECKS = sql`
  with latest as (
      select distinct on (model, check_name)
          model,
          check_name,
          severity,
          outcome,
          failing,
          checked,
          checked_at,
          run_id
      from gold.pipeline_checks
      where $__timeFilter(checked_at)
      order by model, check_name, run_id desc
  )

  select outcome, model, check_name, severity, failing, checked, checked_at, run_id
  from latest
  order by outcome = 'pass', failing desc, model, check_name`;

/** What the promotion found out about the data. */
export function quality(): Builder<Panel>[] {
  return [
    rows(
      {
        title: 'Check results',
        description:
          'The latest result of each check in the time range, those not met first: medallion checks shows the failing rows.',
        sql: CHECKS,
        width: 12,
        height: 10,
      },
      { failing: COUNT, checked: COUNT },
    ),
    rows(
      {
        title: 'Restatements',
        description: 'Published days that changed afterwards, by late events and corrections.',
        sql: RESTATEMENTS,
        width: 12,
        height: 10,
      },
      { late_events: COUNT, old_total: MONEY, new_total: MONEY, change: MONEY },
    ),
  ];
}
