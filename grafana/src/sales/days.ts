import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { columnName, figureName, MEAN } from '../../../src/cli/render/report-text.ts';
import { HOURS, NET_SALES, SECTIONS } from '../../../src/query/report/sections.ts';
import { CLICKED_TIME, toTransactions } from '../links.ts';
import { COUNT, lines, MONEY, rows, SHORT, type Column } from '../panels.ts';
import { isDayOf, startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { asReported, hours, orders, withParts } from './queries.ts';

/** A figure of each day, its mean of seven days, and that of the same weekday a week and a year (52 weeks) before. */
function byDay(figure: 'revenue' | 'orders'): string {
  return sql`
    ${withParts(orders({ since: 'first_year_before', until: 'greatest(period.last_day, period.today)' }))},

    by_day as (
        select date_key, sum(${figure}) as figure
        from orders
        group by date_key
    ),

    days as (
        select
            period.first_day + numbers.number as date_key,
            by_day.figure,
            round(
                avg(coalesce(by_day.figure, 0))
                    over (order by numbers.number rows between 6 preceding and current row),
                2
            ) as mean
        from period
        cross join lateral generate_series(-6, period.last_day - period.first_day) as numbers (number)
        left join by_day on by_day.date_key = period.first_day + numbers.number
    )

    select
        ${startOf('days.date_key')} as time,
        coalesce(days.figure, 0) as ${figure},
        days.mean as "${MEAN}",
        week.figure as "a week before",
        year.figure as "a year before",
        null::numeric as "today so far"
    from period
    inner join days on days.date_key >= period.first_day
    left join by_day as week on week.date_key = days.date_key - 7
    left join by_day as year on year.date_key = days.date_key - 364
    union all
    select ${startOf('period.today')}, null, null, null, null, by_day.figure
    from period
    inner join by_day on period.today = by_day.date_key
    where
        period.today > period.last_day
        and ${startOf('period.today')} <= $__timeTo()::timestamptz
    order by time`;
}

const FIXED = (color: string): { id: string; value: object } => ({
  id: 'color',
  value: { mode: 'fixed', fixedColor: color },
});

function byDayPanel(title: string, figure: 'revenue' | 'orders'): PanelBuilder {
  const frame = {
    title: `${title}, \${days}`,
    description:
      'By day. The mean is of the seven days up to each; a year is 52 weeks, so that weekdays meet. Today stands apart until it is over.',
    ...{ sql: byDay(figure), width: 12, height: 9 },
    empty: 'No days in the time range: choose a longer one.',
  };
  const thin = (color: string, dash: readonly number[]): { id: string; value: unknown }[] => [
    FIXED(color),
    { id: 'custom.lineStyle', value: { fill: 'dash', dash } },
    { id: 'custom.lineWidth', value: 1 },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.showPoints', value: 'never' },
  ];
  return lines(frame, SHORT)
    .dataLinks([])
    .overrideByName(figure, [
      FIXED('blue'),
      { id: 'displayName', value: figure },
      { id: 'links', value: [toTransactions({ day: CLICKED_TIME })] },
    ])
    .overrideByName(MEAN, [
      FIXED('orange'),
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.showPoints', value: 'never' },
    ])
    .overrideByName('a week before', thin('text', [2, 6]))
    .overrideByName('a year before', thin('purple', [10, 10]))
    .overrideByName('today so far', [
      FIXED('green'),
      { id: 'custom.showPoints', value: 'always' },
      { id: 'custom.pointSize', value: 8 },
      { id: 'links', value: [toTransactions({ day: CLICKED_TIME })] },
    ]);
}

export function days(): PanelBuilder[] {
  return [byDayPanel(SECTIONS.days.title, 'revenue'), byDayPanel('Orders by day', 'orders')];
}

const NET = asReported(
  'net_sales',
  sql`
    days as (
        select sales.*
        from period
        inner join gold.net_sales as sales on ${isDayOf('first_day', 'sales.date_key')}
    )`,
);

/** What the sales of each currency are made of. */
export function netSales(): Builder<Panel> {
  const amounts = NET_SALES.map((name): [string, Column] => [
    name,
    { heading: figureName(name), width: 140, unit: MONEY },
  ]);
  return rows(
    {
      title: `${SECTIONS.net_sales.title}, \${days}`,
      description:
        'Gross sales less discounts and returns are net sales; with shipping and taxes they are total sales. A refund counts on its own day. ' +
        'Of all orders, whatever is chosen.',
      ...{ sql: NET, width: 24, height: 5 },
      empty: 'No sales in these days: choose a longer time range.',
    },
    {
      currency: { heading: 'Currency', width: 100, grows: true },
      orders: { heading: 'Orders', width: 80, unit: COUNT },
      ...Object.fromEntries(amounts),
    },
  );
}

/** A row for each weekday, a column for each two hours: Grafana gives a column 50 pixels at least. */
const WHEN = asReported('hours', hours({ since: 'first_day' }));

/** When the shop sells. */
export function when(): Builder<Panel> {
  const columns: Record<string, Column> = {
    weekday: { heading: 'Weekday', width: 100, grows: true },
  };
  for (const name of HOURS) {
    columns[name] = { heading: columnName(name), width: 80, unit: COUNT, shaded: true };
  }
  return rows(
    {
      title: `${SECTIONS.hours.title}, \${days}`,
      description:
        'Orders of the days by the hours in which they were made, in the zone of the days.',
      ...{ sql: WHEN, width: 24, height: 10 },
      empty: 'No sales in these days.',
    },
    columns,
  );
}
