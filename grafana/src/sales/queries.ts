import type { SectionName } from '../../../src/query/report/sections.ts';
import { sqlFile } from '../../../src/sql-file.ts';
import { CURRENCY } from '../names.ts';
import { isDayOf, isKeyOf, PERIOD, type Since } from '../period.ts';
import { sql } from '../sql.ts';
import { isAll, isChosen } from '../variables.ts';

/*
 * What the sales panels share. Gold knows days by place, by payment method, by category, by product: one thing at a time.
 * As long as nothing else is chosen a figure comes from there; else from the transactions of silver. Which of the two it is
 * is a constant in the query, so that PostgreSQL leaves the other one out.
 *
 * An order counts when it is from a chosen country and has a line with a chosen category and product; its total is that of
 * the whole order. Goods are the chosen lines alone.
 */

const ALL = isAll('country', 'category', 'product');
const ALL_GOODS = isAll('category', 'product');
const ALL_COUNTRIES = isAll('country');

/** From and until which day; until the last of the period unless said otherwise. */
export interface Span {
  readonly since: Since;
  readonly until?: string;
}

const isPurchaseFrom = ({ since, until }: Span): string => sql`
  ${isKeyOf(since, 'transactions.transaction_key', until)}
  and transactions.event_type = 'purchase'
  and ${isChosen('country', 'transactions.customer_country')}`;

/** A query's CTEs, the period first. */
export function withParts(...parts: readonly string[]): string {
  return `with ${[PERIOD, ...parts].join(',\n\n')}`;
}

/**
 * The query of a section of medallion report. Its first CTE reads gold by the days of the report: the last of `parts`
 * stands for it here, by the same name.
 */
export function asReported(section: SectionName, parts: string): string {
  const text = sqlFile(`query/report/${section}`);
  return `${withParts(parts)}${text.slice(text.indexOf('\n)') + 2).trimEnd()}`;
}

/** An amount of a transaction as marts have it. */
const reported = (amount: string): string =>
  `coalesce(round(${amount} * transactions.reporting_rate, 2), 0)`;

/** CTE: the transactions that count. Where gold answers nothing may be left of it, whoever else reads it. */
function chosenTransactions(span: Span): string {
  return sql`
    chosen as not materialized (
        select
            transactions.date_key,
            transactions.ordered_hour,
            transactions.customer_id,
            transactions.customer_country,
            transactions.customer_city,
            transactions.order_status_id,
            transactions.order_payment_method_id,
            transactions.order_currency_id,
            ${reported('transactions.order_subtotal')} as order_subtotal,
            ${reported('transactions.order_discount_amount')} as order_discount_amount,
            ${reported('transactions.order_total_amount')} as order_total_amount
        from period
        inner join silver.fact_transactions as transactions
            on ${isPurchaseFrom(span)}
        where
            ${ALL_GOODS}
            or exists (
                select
                from silver.fact_transaction_lines as lines
                where
                    lines.transaction_key = transactions.transaction_key
                    and ${isChosen('category', 'lines.category')}
                    and ${isChosen('product', 'lines.item_id')}
            )
    )`;
}

/** CTEs: orders by day. */
export function orders(span: Span): string {
  const { since, until } = span;
  return sql`
    ${chosenTransactions(span)},

    orders as (
        select days.date_key, days.total_orders as orders, days.order_total_amount_day as revenue
        from period
        inner join gold.sales_performance as days on ${isDayOf(since, 'days.date_key', until)}
        where ${ALL}
        union all
        select places.date_key, sum(places.orders), sum(places.revenue)
        from period
        inner join gold.geography_performance as places on ${isDayOf(since, 'places.date_key', until)}
        where ${ALL_GOODS} and not ${ALL_COUNTRIES} and ${isChosen('country', 'places.country')}
        group by places.date_key
        union all
        select date_key, count(*), sum(order_total_amount)
        from chosen
        where not ${ALL_GOODS}
        group by date_key
    )`;
}

/** CTE: the currencies of the orders of the period; for after `orders`, whose choice it shares. */
export function currencies(): string {
  return sql`
    used_currencies as (
        select days.currency
        from period
        inner join gold.order_performance as days on ${isDayOf('first_day', 'days.date_key')}
        where ${ALL}
        union
        select ${CURRENCY}
        from period
        inner join chosen on chosen.date_key >= period.first_day
        inner join silver.dim_currency as currencies on chosen.order_currency_id = currencies.id
        where not ${ALL}
    )`;
}

/** CTEs: orders by day and hour. */
export function hours(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    hours as (
        select sales.date_key, sales.hour, sales.orders
        from period
        inner join gold.hourly_sales as sales on ${isDayOf(span.since, 'sales.date_key')}
        where ${ALL}
        union all
        select date_key, ordered_hour, count(*)
        from chosen
        where not ${ALL}
        group by 1, 2
    )`;
}

/** CTEs: subtotals and discounts by day. */
export function discounts(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    discounts as (
        select
            days.date_key,
            days.order_subtotal_day as subtotal,
            days.order_discount_amount_day as discount
        from period
        inner join gold.sales_performance as days on ${isDayOf(span.since, 'days.date_key')}
        where ${ALL}
        union all
        select date_key, sum(order_subtotal), sum(order_discount_amount)
        from chosen
        where not ${ALL}
        group by date_key
    )`;
}

/** CTEs: who bought, by day; a guest is nobody. */
export function buyers(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    buyers as (
        select days.customer_id, days.date_key, days.orders, days.total_amount as revenue
        from period
        inner join gold.customer_days as days on ${isDayOf(span.since, 'days.date_key')}
        where ${ALL_GOODS} and ${isChosen('country', 'days.country')} and days.customer_id <> ''
        union all
        select customer_id, date_key, count(*), sum(order_total_amount)
        from chosen
        where not ${ALL_GOODS} and customer_id is not null
        group by customer_id, date_key
    )`;
}

/** CTEs: orders by place. */
export function placesOf(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    places as (
        select days.country, days.city, sum(days.orders) as orders, sum(days.revenue) as revenue
        from period
        inner join gold.geography_performance as days on ${isDayOf(span.since, 'days.date_key')}
        where ${ALL_GOODS} and ${isChosen('country', 'days.country')}
        group by days.country, days.city
        union all
        select customer_country, customer_city, count(*), sum(order_total_amount)
        from chosen
        where not ${ALL_GOODS}
        group by customer_country, customer_city
    )`;
}

/** CTEs: orders by payment method. */
export function payments(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    payments as (
        select days.payment_method, days.orders, days.revenue
        from period
        inner join gold.payment_performance as days on ${isDayOf(span.since, 'days.date_key')}
        where ${ALL}
        union all
        select methods.name, count(*), sum(chosen.order_total_amount)
        from chosen
        left join silver.dim_payment_method as methods on chosen.order_payment_method_id = methods.id
        where not ${ALL}
        group by methods.name
    )`;
}

/** CTEs: orders by status and currency. */
export function states(span: Span): string {
  return sql`
    ${chosenTransactions(span)},

    states as (
        select days.order_status, days.currency, days.orders, days.revenue
        from period
        inner join gold.order_performance as days on ${isDayOf(span.since, 'days.date_key')}
        where ${ALL}
        union all
        select statuses.name, ${CURRENCY}, count(*), sum(chosen.order_total_amount)
        from chosen
        left join silver.dim_order_status as statuses on chosen.order_status_id = statuses.id
        left join silver.dim_currency as currencies on chosen.order_currency_id = currencies.id
        where not ${ALL}
        group by 1, 2
    )`;
}

/** CTE: the order lines that count. */
function chosenLines(span: Span): string {
  return sql`
    lines as (
        select
            transactions.transaction_key,
            transactions.date_key,
            lines.item_id,
            lines.category,
            lines.quantity as units,
            ${reported('round(lines.unit_price * lines.quantity, 2)')} as revenue,
            ${reported('round(lines.cost * lines.quantity, 2)')} as cost
        from period
        inner join silver.fact_transactions as transactions
            on ${isPurchaseFrom(span)}
        inner join silver.fact_transaction_lines as lines
            on transactions.transaction_key = lines.transaction_key
        where
            ${isChosen('category', 'lines.category')}
            and ${isChosen('product', 'lines.item_id')}
    )`;
}

/** CTEs: goods by day and category; a row for each line where silver answers: who reads them adds them up. */
export function categories(span: Span): string {
  const all = isAll('country', 'product');
  return sql`
    ${chosenLines(span)},

    categories as (
        select days.date_key, days.category, days.total_quantity as units, days.revenue, days.cost
        from period
        inner join gold.item_category_performance as days on ${isDayOf(span.since, 'days.date_key')}
        where ${all} and ${isChosen('category', 'days.category')}
        union all
        select date_key, category, units, revenue, cost
        from lines
        where not ${all}
    )`;
}

/**
 * CTEs: goods by product, of the period and, where it is over and they are wanted, of as many days before; a row for each
 * month, day or line: who reads them adds them up. Whole months come from gold's months, the days around them from its days.
 */
export function products(of: 'the period' | 'both periods'): string {
  const all = isAll('country', 'category');
  const since = of === 'the period' ? 'first_day' : 'first_before';
  return sql`
    ${chosenLines({ since })},

    spans as (
        select
            is_current,
            first_day,
            last_day,
            -- The first month that begins in the span, and the one that does not end in it.
            date_trunc('month', first_day + interval '1 month' - interval '1 day')::date as first_month,
            date_trunc('month', last_day + 1)::date as end_month
        from (
            select true as is_current, first_day, last_day
            from period
            union all
            select false, first_before, first_day - 1
            from period
            where is_over and ${of === 'both periods' ? 'true' : 'false'}
        ) as days
    ),

    edges as (
        select is_current, first_day, least(last_day, first_month - 1) as last_day
        from spans
        union all
        select is_current, greatest(first_month, end_month), last_day
        from spans
    ),

    products as (
        select spans.is_current, months.item_id, months.units, months.revenue, months.cost
        from spans
        inner join gold.product_months as months
            on months.month_key >= spans.first_month and months.month_key < spans.end_month
        where ${all} and ${isChosen('product', 'months.item_id')}
        union all
        select edges.is_current, days.item_id, days.units, days.revenue, days.cost
        from edges
        inner join gold.product_performance as days
            on days.date_key between edges.first_day and edges.last_day
        where ${all} and ${isChosen('product', 'days.item_id')}
        union all
        select lines.date_key >= period.first_day, lines.item_id, lines.units, lines.revenue, lines.cost
        from period
        cross join lines
        where not ${all}
    )`;
}
