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

const ALL_GOODS = isAll('category', 'product');

const isPurchaseFrom = (since: Since): string => sql`
  ${isKeyOf(since, 'transactions.transaction_key')}
  and transactions.event_type = 'purchase'
  and ${isChosen('country', 'transactions.customer_country')}`;

/** A query's CTEs, the period first. */
export function withParts(...parts: readonly string[]): string {
  return `with ${[PERIOD, ...parts].join(',\n\n')}`;
}

/** CTE: the transactions that count. */
export function chosenTransactions(since: Since): string {
  return sql`
    chosen as (
        select transactions.*
        from period
        inner join silver.fact_transactions as transactions
            on ${isPurchaseFrom(since)}
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

/** CTEs: orders by day and place. */
export function orders(since: Since): string {
  return sql`
    ${chosenTransactions(since)},

    orders as (
        select places.date_key, places.country, places.city, places.orders, places.revenue
        from period
        inner join gold.geography_performance as places on ${isDayOf(since, 'places.date_key')}
        where ${ALL_GOODS} and ${isChosen('country', 'places.country')}
        union all
        select date_key, customer_country, customer_city, count(*), sum(order_total_amount)
        from chosen
        where not ${ALL_GOODS}
        group by date_key, customer_country, customer_city
    )`;
}

/** CTEs: orders by payment method. */
export function payments(since: Since): string {
  const all = isAll('country', 'category', 'product');
  return sql`
    ${chosenTransactions(since)},

    payments as (
        select days.payment_method, days.orders, days.revenue
        from period
        inner join gold.payment_performance as days on ${isDayOf(since, 'days.date_key')}
        where ${all}
        union all
        select methods.name, count(*), sum(chosen.order_total_amount)
        from chosen
        left join silver.dim_payment_method as methods on chosen.order_payment_method_id = methods.id
        where not ${all}
        group by methods.name
    )`;
}

/** CTE: the order lines that count. */
function chosenLines(since: Since): string {
  return sql`
    lines as (
        select
            transactions.date_key,
            lines.item_id,
            lines.category,
            lines.quantity as units,
            lines.unit_price * lines.quantity as revenue,
            lines.cost * lines.quantity as cost
        from period
        inner join silver.fact_transactions as transactions
            on ${isPurchaseFrom(since)}
        inner join silver.fact_transaction_lines as lines
            on transactions.transaction_key = lines.transaction_key
        where
            ${isChosen('category', 'lines.category')}
            and ${isChosen('product', 'lines.item_id')}
    )`;
}

/** CTEs: goods by day and category. */
export function categories(since: Since): string {
  const all = isAll('country', 'product');
  return sql`
    ${chosenLines(since)},

    categories as (
        select days.date_key, days.category, days.total_quantity as units, days.revenue
        from period
        inner join gold.item_category_performance as days on ${isDayOf(since, 'days.date_key')}
        where ${all} and ${isChosen('category', 'days.category')}
        union all
        select date_key, category, sum(units), sum(revenue)
        from lines
        where not ${all}
        group by date_key, category
    )`;
}

/** CTEs: goods by product. */
export function products(since: Since): string {
  const all = isAll('country', 'category');
  return sql`
    ${chosenLines(since)},

    products as (
        select days.item_id, days.units, days.revenue, days.cost
        from period
        inner join gold.product_performance as days on ${isDayOf(since, 'days.date_key')}
        where ${all} and ${isChosen('product', 'days.item_id')}
        union all
        select item_id, sum(units), sum(revenue), sum(cost)
        from lines
        where not ${all}
        group by item_id
    )`;
}
