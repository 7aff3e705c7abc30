import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, MONEY, PERCENT, rows, stackedBars } from '../panels.ts';
import { PERIOD } from '../period.ts';
import { sql } from '../sql.ts';
import { isChosen } from '../variables.ts';
import { chosenTransactions, withParts } from './queries.ts';

const LEADERS = sql`
  ${withParts(chosenTransactions('first_day'))},

  leaders as (
      select
          customer_id,
          count(*) as orders,
          sum(order_total_amount) as revenue,
          max(event_timestamp) as last_order_at
      from chosen
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
      leaders.last_order_at
  from leaders
  left join silver.dim_customers as details on leaders.customer_id = details.id
  left join gold.customer_performance as performance on leaders.customer_id = performance.customer_id
  order by leaders.revenue desc, leaders.customer_id`;

const NEW_CUSTOMERS = sql`
  with ${PERIOD},

  first_orders as (
      select (performance.first_order_at at time zone 'UTC')::date as date_key, count(*) as customers
      from period
      inner join gold.customer_performance as performance
          on
              performance.first_order_at >= period.first_day::timestamp at time zone 'UTC'
              and performance.first_order_at < (period.last_day + 1)::timestamp at time zone 'UTC'
      left join silver.dim_customers as details on performance.customer_id = details.id
      where ${isChosen('country', 'details.country')}
      group by (performance.first_order_at at time zone 'UTC')::date
  )

  select
      (period.first_day + numbers.number)::timestamp at time zone 'UTC' as time,
      coalesce(first_orders.customers, 0) as new_customers
  from period
  cross join lateral generate_series(0, period.last_day - period.first_day) as numbers (number)
  left join first_orders on first_orders.date_key = period.first_day + numbers.number
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

/** Who bought. A customer's country is the one of today, but orders count for the country that they name. */
export function customers(): Builder<Panel>[] {
  return [
    rows(
      {
        title: 'Customers who bought most',
        description: 'In the time range. Country, city and segment are those of today.',
        sql: LEADERS,
        width: 24,
        height: 9,
      },
      { orders: COUNT, revenue: MONEY },
    ),
    stackedBars(
      {
        title: 'New customers by day',
        description:
          'Customers by the day of their first order, whatever it held; by the country of today.',
        sql: NEW_CUSTOMERS,
        width: 12,
        height: 8,
      },
      COUNT,
    ),
    rows(
      {
        title: 'Segments',
        description:
          'All customers and all they ever bought, by recency, frequency and money; by the country of today.',
        sql: SEGMENTS,
        width: 12,
        height: 8,
      },
      { customers: COUNT, orders: COUNT, revenue: MONEY, share_percent: PERCENT },
    ),
  ];
}
