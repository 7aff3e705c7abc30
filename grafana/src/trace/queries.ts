import { CURRENCY } from '../names.ts';
import { IS_IN_RANGE } from '../period.ts';
import { sql } from '../sql.ts';
import { textOf } from '../variables.ts';

/** The transaction that was asked for, as a literal. */
const TRANSACTION = textOf('transaction');

// One row per step of each event; gold is the latest publication of the transaction's day.
export const WAY = sql`
  with asked as (
      select ${TRANSACTION} as transaction_id
  ),

  accepted as (
      select 'current' as outcome, topic, partition, "offset", produced_at, run_id, date_key, event_type
      from silver.fact_transactions
      where transaction_id = (select transaction_id from asked)
      union all
      select outcome, topic, partition, "offset", produced_at, run_id, date_key, null
      from silver.discarded_events
      where transaction_id = (select transaction_id from asked)
  ),

  others as (
      select found.*
      from asked
      cross join lateral gold.events_outside_silver(asked.transaction_id) as found
  ),

  events as (
      select outcome, topic, partition, "offset", produced_at
      from accepted
      union all
      select outcome, topic, partition, "offset", produced_at
      from others
  ),

  published as (
      select accepted.*, runs.run_id as gold_run, runs.finished_at as published_at
      from accepted
      cross join lateral (
          select runs.run_id, runs.finished_at
          from gold.pipeline_runs as runs
          cross join lateral unnest(runs.published_days) as spans (span)
          where
              runs.published_days <> '{}'
              and accepted.date_key >= split_part(spans.span, '..', 1)::date
              and accepted.date_key <= coalesce(nullif(split_part(spans.span, '..', 2), ''), spans.span)::date
          order by runs.run_id desc
          limit 1
      ) as runs
      where accepted.outcome = 'current' and accepted.event_type = 'purchase'
  ),

  steps as (
      select
          1 as step,
          'log' as layer,
          produced_at as at,
          'taken in' as what,
          topic,
          partition,
          "offset",
          null::bigint as run_id
      from events
      union all
      select
          2,
          'bronze',
          landings.ingested_at,
          case when events.outcome = 'waiting' then 'ingested, waits for silver' else 'ingested' end,
          topic,
          partition,
          "offset",
          landings.run_id
      from events
      inner join gold.event_landings as landings using (topic, partition, "offset")
      union all
      select 3, 'quarantine', ingested_at, outcome || ': ' || reason, topic, partition, "offset", run_id
      from others
      where outcome <> 'waiting'
      union all
      select 4, 'silver', runs.finished_at, accepted.outcome, topic, partition, "offset", accepted.run_id
      from accepted
      left join gold.pipeline_runs as runs on accepted.run_id = runs.run_id
      union all
      select 5, 'gold', published_at, 'published with ' || date_key, topic, partition, "offset", gold_run
      from published
  )

  select at, layer, what, topic, partition, "offset", run_id
  from (
      select step, at, layer, what, topic, partition, "offset", run_id
      from steps
      union all
      select
          0,
          null,
          'nowhere',
          'no event of ' || transaction_id || ' is in the warehouse: look for a blank or a missing letter, or choose one below',
          null,
          null,
          null,
          null
      from asked
      where transaction_id <> '' and not exists (select from steps)
  ) as steps
  order by topic, partition, "offset", step, at`;

export const ORDER = sql`
  select
      transactions.event_timestamp,
      transactions.event_type,
      transactions.customer_id as customer,
      concat_ws(', ', transactions.customer_city, coalesce(countries.name, transactions.customer_country)) as place,
      replace(statuses.name, '_', ' ') as status,
      methods.name as payment_method,
      ${CURRENCY} as currency,
      transactions.order_subtotal as subtotal,
      transactions.order_tax_amount as tax,
      transactions.order_shipping_amount as shipping,
      transactions.order_discount_amount as discount,
      transactions.order_total_amount as total
  from silver.fact_transactions as transactions
  left join silver.dim_order_status as statuses on transactions.order_status_id = statuses.id
  left join silver.dim_payment_method as methods on transactions.order_payment_method_id = methods.id
  left join silver.dim_currency as currencies on transactions.order_currency_id = currencies.id
  left join silver.dim_country as countries on transactions.customer_country = countries.code
  where transactions.transaction_id = ${TRANSACTION}`;

export const LINES = sql`
  select line_number as line, item_id as product, category, unit_price, quantity, discount, cost
  from silver.fact_transaction_items
  where transaction_id = ${TRANSACTION}
  order by line_number`;

export const CELLS = sql`
  with asked as (
      select *
      from silver.fact_transactions
      where transaction_id = ${TRANSACTION} and event_type = 'purchase'
  ),

  goods as (
      select
          asked.date_key,
          lines.category,
          lines.item_id,
          sum(round(lines.unit_price * lines.quantity, 2)) as revenue
      from asked
      inner join silver.fact_transaction_lines as lines using (transaction_key)
      group by asked.date_key, lines.category, lines.item_id
  ),

  cells as (
      select
          1 as place,
          'sales_performance' as mart,
          date_key::text as cell,
          order_total_amount_day as revenue,
          order_total_amount as of_this_order
      from asked
      inner join gold.sales_performance using (date_key)
      union all
      select 2, 'geography_performance', concat_ws(', ', date_key, country, city), revenue, order_total_amount
      from asked
      inner join gold.geography_performance as places using (date_key)
      where places.country = asked.customer_country and places.city = asked.customer_city
      union all
      select 3, 'payment_performance', concat_ws(', ', date_key, payment_method), revenue, order_total_amount
      from asked
      inner join gold.payment_performance as methods using (date_key)
      where methods.payment_method_id = asked.order_payment_method_id
      union all
      select 4, 'customer_performance', customer_id, revenue, order_total_amount
      from asked
      inner join gold.customer_performance using (customer_id)
      union all
      select 5, 'item_category_performance', concat_ws(', ', date_key, category), max(days.revenue), sum(goods.revenue)
      from goods
      inner join gold.item_category_performance as days using (date_key, category)
      group by date_key, category
      union all
      select 6, 'product_performance', concat_ws(', ', date_key, item_id), max(days.revenue), sum(goods.revenue)
      from goods
      inner join gold.product_performance as days using (date_key, item_id)
      group by date_key, item_id
  )

  select
      replace(mart, '_', ' ') as mart,
      cell,
      of_this_order,
      revenue,
      round(of_this_order * 100 / nullif(revenue, 0), 1) as share_percent
  from cells
  order by place, cell`;

export const RESTATED = sql`
  select
      restatements.restated_at,
      restatements.late_events,
      restatements.new_total,
      restatements.new_total - restatements.old_total as change
  from silver.fact_transactions as transactions
  inner join gold.restatements as restatements using (date_key)
  where transactions.transaction_id = ${TRANSACTION}
  order by restatements.restated_at desc`;

/** A day as it is written, or as a chart hands it on: in milliseconds since 1970. */
const DAY = sql`
  case
      when ${textOf('day')} = '' then null
      when length(${textOf('day')}) = 10 then ${textOf('day')}::date
      else (to_timestamp(${textOf('day')}::numeric / 1000) at time zone 'UTC')::date
  end`;

const is = (name: string, column: string): string =>
  `(${textOf(name)} = '' or ${column} = ${textOf(name)})`;

// A day that was chosen stands for the time range.
export const LATEST = sql`
  with asked as (
      select
          ${DAY} as day
  )

  select
      transactions.event_timestamp,
      transactions.transaction_id,
      transactions.customer_id as customer,
      transactions.customer_country as country,
      transactions.customer_city as city,
      transactions.event_type,
      transactions.order_total_amount as total
  from asked
  inner join silver.fact_transactions as transactions
      on
          asked.day is null
          and ${IS_IN_RANGE}
          or transactions.transaction_key >= (asked.day - date '1900-01-01')::bigint << 40
          and transactions.transaction_key < (asked.day + 1 - date '1900-01-01')::bigint << 40
  where
      ${is('customer', 'transactions.customer_id')}
      and ${is('country', 'transactions.customer_country')}
      and ${is('city', 'transactions.customer_city')}
      and (
          (${textOf('category')} = '' and ${textOf('product')} = '')
          or exists (
              select
              from silver.fact_transaction_lines as lines
              where
                  lines.transaction_key = transactions.transaction_key
                  and ${is('category', 'lines.category')}
                  and ${is('product', 'lines.item_id')}
          )
      )
  order by transactions.event_timestamp desc, transactions.transaction_id
  limit 100`;
