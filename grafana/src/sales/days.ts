import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { COUNT, lines, MONEY, type Unit } from '../panels.ts';
import { sql } from '../sql.ts';
import { orders, withParts } from './queries.ts';

/** A figure of each day beside that of the day as far into the period before; days without a sale have 0. */
function byDay(figure: 'revenue' | 'orders'): string {
  return sql`
    ${withParts(orders('first_before'))},

    by_day as (
        select date_key, sum(${figure}) as figure
        from orders
        group by date_key
    )

    select
        (period.first_day + numbers.number)::timestamp at time zone 'UTC' as time,
        coalesce(days.figure, 0) as ${figure},
        coalesce(days_before.figure, 0) as "period before"
    from period
    cross join lateral generate_series(0, period.last_day - period.first_day) as numbers (number)
    left join by_day as days on days.date_key = period.first_day + numbers.number
    left join by_day as days_before on days_before.date_key = period.first_before + numbers.number
    order by time`;
}

function byDayPanel(title: string, figure: 'revenue' | 'orders', unit: Unit): PanelBuilder {
  const description =
    'By UTC day, beside the day as far into the period before. The last day may not be over yet.';
  const frame = { title, description, sql: byDay(figure), width: 12, height: 9 };
  return lines(frame, unit).overrideByName('period before', [
    { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
    { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    { id: 'custom.lineWidth', value: 1 },
    { id: 'custom.fillOpacity', value: 0 },
  ]);
}

export function days(): PanelBuilder[] {
  return [
    byDayPanel('Revenue by day', 'revenue', MONEY),
    byDayPanel('Orders by day', 'orders', COUNT),
  ];
}
