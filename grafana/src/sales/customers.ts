import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { columnName } from '../../../src/cli/render/report-text.ts';
import { MONTHS, SECTIONS } from '../../../src/query/report/sections.ts';
import { CLICKED, toTransactions } from '../links.ts';
import { COUNT, MONEY, PERCENT, rows, SHORT, stackedBars, TIME, type Column } from '../panels.ts';
import { PERIOD, startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { isChosen } from '../variables.ts';
import { asReported, buyers, withParts } from './queries.ts';

const LEADERS = sql`
  ${withParts(buyers({ since: 'first_day' }))},

  leaders as (
      select customer_id, sum(orders) as orders, sum(revenue) as revenue
      from buyers
      group by customer_id
      order by revenue desc, customer_id
      limit 20
  )

  select
      leaders.customer_id as customer,
      details.country,
      details.city,
      performance.segment,
      leaders.orders,
      leaders.revenue,
      performance.last_order_at
  from leaders
  left join silver.dim_customers as details on leaders.customer_id = details.id
  left join gold.customer_performance as performance on leaders.customer_id = performance.customer_id
  order by leaders.revenue desc, leaders.customer_id`;

// Of each day all customers, and those who have never bought before it.
const NEW_AND_RETURNING = sql`
  with ${PERIOD},

  new_customers as (
      select cohorts.first_day as date_key, sum(cohorts.first_customers) as customers
      from period
      inner join (
          select first_day, customers as first_customers
          from gold.customer_cohorts
          where month_key = date_trunc('month', first_day)::date
      ) as cohorts on cohorts.first_day between period.first_day and period.last_day
      group by cohorts.first_day
  )

  select
      ${startOf('period.first_day + numbers.number')} as time,
      coalesce(new_customers.customers, 0) as "new",
      coalesce(days.total_customers, 0) - coalesce(new_customers.customers, 0) as "returning"
  from period
  cross join lateral generate_series(0, period.last_day - period.first_day) as numbers (number)
  left join gold.sales_performance as days on days.date_key = period.first_day + numbers.number
  left join new_customers on new_customers.date_key = period.first_day + numbers.number
  order by time`;

const SEGMENTS = asReported(
  'segments',
  sql`
    customers as (
        select performance.segment, performance.orders, performance.revenue
        from gold.customer_performance as performance
        left join silver.dim_customers as details on performance.customer_id = details.id
        where ${isChosen('country', 'details.country')}
    )`,
);

/** A row for each month with new customers, the latest twelve up to the end of the time range; a column for each month after. */
const COHORTS = asReported(
  'cohorts',
  sql`
    cohorts as (
        select months.cohort_month, months.month_number, months.customers
        from period
        inner join gold.cohort_retention as months
            on
                months.cohort_month > date_trunc('month', period.last_day) - interval '12 months'
                and months.cohort_month <= period.last_day
    )`,
);

/** Who bought. A customer's country is the one of today, but orders count for the country that they name. */
export function customers(): Builder<Panel>[] {
  const cohorts: Record<string, Column> = {
    first_month: { heading: 'First month', width: 100, grows: true },
    customers: { heading: 'Customers', width: 90, unit: COUNT },
  };
  for (const month of MONTHS) {
    cohorts[month] = { heading: columnName(month), width: 65, unit: PERCENT, shaded: true };
  }
  return [
    rows(
      {
        title: 'Customers who bought most, ${days}',
        description: 'Country, city and segment are those of today, the last order is of all time.',
        ...{ sql: LEADERS, width: 24, height: 9 },
        empty: 'Nobody bought in these days: choose a longer time range.',
      },
      {
        customer: {
          ...{ heading: 'Customer', width: 150, grows: true },
          link: toTransactions({ customer: CLICKED }),
        },
        country: { heading: 'Country', width: 80 },
        city: { heading: 'City', width: 160 },
        segment: {
          heading: 'Segment',
          width: 120,
          colors: { champion: 'green', 'at risk': 'orange' },
        },
        orders: { heading: 'Orders', width: 90, unit: COUNT },
        revenue: { heading: 'Revenue', width: 150, unit: MONEY },
        last_order_at: { heading: 'Last order (UTC)', width: 170, unit: TIME },
      },
    ),
    stackedBars(
      {
        title: `${SECTIONS.new_and_returning.title}, \${days}`,
        description:
          'Customers by day: new on the day of their first order of all time, returning on any other. Of all orders, whatever is chosen.',
        ...{ sql: NEW_AND_RETURNING, width: 12, height: 9 },
        empty: 'No days in the time range: choose a longer one.',
      },
      SHORT,
    ),
    rows(
      {
        title: SECTIONS.segments.title,
        description:
          'All customers and all they ever bought, by recency, frequency and money; by the country of today.',
        ...{ sql: SEGMENTS, width: 12, height: 9 },
        empty: 'No customers yet: medallion promote makes them.',
      },
      {
        segment: { heading: 'Segment', width: 110, grows: true },
        customers: { heading: 'Customers', width: 95, unit: COUNT },
        orders: { heading: 'Orders', width: 90, unit: COUNT },
        revenue: { heading: 'Revenue', width: 150, unit: MONEY },
        share_percent: { heading: 'Share', width: 75, unit: PERCENT },
      },
    ),
    rows(
      {
        title: SECTIONS.cohorts.title,
        description:
          'Customers by the month of their first order: how many there are, and how many percent of them bought in each of the months after. ' +
          'The last twelve months of the time range; of all orders, whatever is chosen.',
        ...{ sql: COHORTS, width: 24, height: 14 },
        empty: 'No customers yet by the end of the time range.',
      },
      cohorts,
    ),
  ];
}
