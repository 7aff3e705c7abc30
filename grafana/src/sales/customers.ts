import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { CLICKED, toTransactions } from '../links.ts';
import { COUNT, MONEY, PERCENT, rows, SHORT, stackedBars, TIME, type Column } from '../panels.ts';
import { PERIOD, startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { isChosen } from '../variables.ts';
import { buyers, withParts } from './queries.ts';

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

const SEGMENTS = sql`
  select
      performance.segment,
      count(*) as customers,
      sum(performance.orders) as orders,
      sum(performance.revenue) as revenue,
      round(sum(performance.revenue) * 100 / nullif(sum(sum(performance.revenue)) over (), 0), 1) as share_percent
  from gold.customer_performance as performance
  left join silver.dim_customers as details on performance.customer_id = details.id
  where ${isChosen('country', 'details.country')}
  group by performance.segment
  order by revenue desc, performance.segment`;

const MONTHS = Array.from({ length: 12 }, (_, month) => String(month));

/** A row for each month with new customers, the latest twelve up to the end of the time range; a column for each month after. */
const COHORTS = sql`
  with ${PERIOD},

  cohorts as (
      select
          date_trunc('month', cohorts.first_day)::date as cohort,
          (
              extract(year from age(cohorts.month_key, date_trunc('month', cohorts.first_day))) * 12
              + extract(month from age(cohorts.month_key, date_trunc('month', cohorts.first_day)))
          )::integer as month,
          sum(cohorts.customers) as customers
      from period
      inner join gold.customer_cohorts as cohorts
          on
              cohorts.first_day > date_trunc('month', period.last_day) - interval '12 months'
              and cohorts.first_day <= period.last_day
      group by 1, 2
  )

  select
      to_char(cohort, 'YYYY-MM') as first_month,
      coalesce(sum(customers) filter (where month = 0), 0) as customers,
      ${MONTHS.slice(1)
        .map(
          (month) =>
            `round(sum(customers) filter (where month = ${month}) * 100 / nullif(sum(customers) filter (where month = 0), 0), 1) as month_${month}`,
        )
        .join(',\n')}
  from cohorts
  group by cohort
  order by cohort`;

/** Who bought. A customer's country is the one of today, but orders count for the country that they name. */
export function customers(): Builder<Panel>[] {
  const cohorts: Record<string, Column> = {
    first_month: { heading: 'First month', width: 100, grows: true },
    customers: { heading: 'Customers', width: 90, unit: COUNT },
  };
  for (const month of MONTHS.slice(1)) {
    cohorts[`month_${month}`] = { heading: `+${month}`, width: 65, unit: PERCENT, shaded: true };
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
        title: 'New and returning customers, ${days}',
        description:
          'Customers by day: new on the day of their first order of all time, returning on any other. Of all orders, whatever is chosen.',
        ...{ sql: NEW_AND_RETURNING, width: 12, height: 8 },
        empty: 'No days in the time range: choose a longer one.',
      },
      SHORT,
    ),
    rows(
      {
        title: 'Segments',
        description:
          'All customers and all they ever bought, by recency, frequency and money; by the country of today.',
        ...{ sql: SEGMENTS, width: 12, height: 8 },
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
        title: 'Cohorts',
        description:
          'Customers by the month of their first order: how many there are, and how many percent of them bought in each of the months after. ' +
          'The last twelve months of the time range; of all orders, whatever is chosen.',
        ...{ sql: COHORTS, width: 24, height: 12 },
        empty: 'No customers yet by the end of the time range.',
      },
      cohorts,
    ),
  ];
}
