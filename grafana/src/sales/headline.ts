import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { AGO, COUNT, figure, PERCENT, SHORT_MONEY, TIME, trend, type Unit } from '../panels.ts';
import { startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { buyers, categories, currencies, discounts, orders, withParts } from './queries.ts';

/** What a figure is over some days: of a sum, or of one sum over another. */
interface Figure {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly width: number;
  /** CTEs, the last of which has rows by date_key. */
  readonly parts: string;
  /** The last of the CTEs. */
  readonly from: string;
  /** What is added up. */
  readonly amount: string;
  /** What the sum is divided by the sum of; without it the sum is the figure. */
  readonly per?: string;
  /** How the quotient is rounded. */
  readonly decimals?: number;
  /** A share of a hundred: its change is in points. */
  readonly isShare?: true;
  readonly isMoney?: true;
}

const SINCE = { since: 'first_before' } as const;

const FIGURES: readonly Figure[] = [
  {
    title: 'Revenue',
    description:
      'Totals of the orders: with taxes and shipping, less discounts; all currencies as the orders have them. ' +
      'With a category or product chosen: of the orders that hold one.',
    ...{ unit: SHORT_MONEY, width: 4, isMoney: true },
    ...{ parts: orders(SINCE), from: 'orders', amount: 'revenue' },
  },
  {
    title: 'Orders',
    description: 'Purchases.',
    ...{ unit: COUNT, width: 4 },
    ...{ parts: orders(SINCE), from: 'orders', amount: 'orders' },
  },
  {
    title: 'Average ticket',
    description: 'Revenue over orders.',
    ...{ unit: SHORT_MONEY, width: 4, isMoney: true },
    ...{ parts: orders(SINCE), from: 'orders', amount: 'revenue', per: 'orders', decimals: 2 },
  },
  {
    title: 'Units sold',
    description: 'Units on the order lines; with a category or product chosen on those alone.',
    ...{ unit: COUNT, width: 4 },
    ...{ parts: categories(SINCE), from: 'categories', amount: 'units' },
  },
  {
    title: 'Units an order',
    description: 'Units on the order lines over orders.',
    ...{ unit: { unit: 'none', decimals: 2 }, width: 4 },
    parts: sql`
      ${orders(SINCE)},

      ${categories(SINCE)},

      baskets as (
          select date_key, units, 0 as orders
          from categories
          union all
          select date_key, 0, orders
          from orders
      )`,
    ...{ from: 'baskets', amount: 'units', per: 'orders', decimals: 2 },
  },
  {
    title: 'Gross margin',
    description:
      'Revenue of the order lines less cost, in percent of it: unit prices before discounts, taxes and shipping.',
    ...{ unit: PERCENT, width: 4, isShare: true },
    ...{ parts: categories(SINCE), from: 'categories', amount: '(revenue - cost) * 100' },
    ...{ per: 'revenue', decimals: 1 },
  },
  {
    title: 'Discount share',
    description: 'Discounts on the orders, in percent of their subtotals.',
    ...{ unit: PERCENT, width: 4, isShare: true },
    ...{ parts: discounts(SINCE), from: 'discounts', amount: 'discount * 100' },
    ...{ per: 'subtotal', decimals: 1 },
  },
];

/** CTE: the currencies of the orders, as the end of a tile's small line, which has no room for more. */
const CURRENCIES = sql`
  ${currencies()},

  currencies as (
      select
          case
              when count(*) = 0 then ''
              when (select currency from gold.reporting) is not null then ', ' || (select currency from gold.reporting)
              when count(*) < 3 then ', ' || string_agg(currency, '+' order by currency)
              else ', ' || count(*) || ' currencies'
          end as currency
      from used_currencies
  )`;

/**
 * The rows of a figure's panel: its points, and how it compares, of CTEs `points` (date_key, figure) and `compared`
 * (value, value_before).
 */
function shown({ title, isShare, isMoney }: Pick<Figure, 'title' | 'isShare' | 'isMoney'>): string {
  // A share of nothing is none; that a share was 0 is something to compare with.
  const isNone = (value: string): string =>
    isShare === true ? `${value} is null` : `coalesce(${value}, 0) = 0`;
  const change =
    isShare === true
      ? `to_char(value - value_before, 'FMSG990.0') || ' points'`
      : `to_char(round((value - value_before) * 100 / abs(value_before), 1), 'FMSG999,999,990.0') || ' %'`;
  return sql`
    ${isMoney === true ? CURRENCIES : "currencies as (select ''::text as currency)"}

    select
        ${startOf('points.date_key')} as time,
        case
            when not period.is_over then 'so far'
            when ${isNone('value')} and ${isNone('value_before')} then 'none, as before'
            when ${isNone('value_before')} then 'none before'
            when value is null then 'none now'
            else ${change}
        end || currencies.currency as metric,
        points.figure as "${title}"
    from period
    cross join compared
    cross join currencies
    cross join points
    order by time`;
}

/** A sum by the sums of its days; a quotient by what it was up to each of them. */
function compared(figure: Figure): string {
  const { parts, from, amount, per, decimals = 0 } = figure;
  // Twenty decimals in the division leave one rounding only, the last.
  const valueOf = (sum: string, of: string): string =>
    per === undefined
      ? sum
      : `round(${sum}::numeric(60, 20) / nullif(${of}, 0), ${String(decimals)})`;
  return sql`
    ${withParts(parts)},

    daily as (
        select date_key, sum(${amount}) as amount, sum(${per ?? '0'}) as per
        from ${from}
        group by date_key
    ),

    sums as (
        select
            coalesce(sum(daily.amount) filter (where daily.date_key >= period.first_day), 0) as amount,
            coalesce(sum(daily.per) filter (where daily.date_key >= period.first_day), 0) as per,
            coalesce(sum(daily.amount) filter (where daily.date_key < period.first_day), 0) as amount_before,
            coalesce(sum(daily.per) filter (where daily.date_key < period.first_day), 0) as per_before
        from period
        left join daily on true
    ),

    compared as (
        select ${valueOf('amount', 'per')} as value, ${valueOf('amount_before', 'per_before')} as value_before
        from sums
    ),

    points as (
        select
            days.date_key,
            ${
              per === undefined
                ? 'coalesce(daily.amount, 0)'
                : valueOf(
                    'sum(daily.amount) over (order by days.date_key)',
                    'sum(daily.per) over (order by days.date_key)',
                  )
            } as figure
        from period
        cross join lateral (
            select period.first_day + numbers.number as date_key
            from generate_series(0, period.last_day - period.first_day) as numbers (number)
        ) as days
        left join daily on days.date_key = daily.date_key
    ),

    ${shown(figure)}`;
}

/** CTE: what each customer bought, in the period and before it. */
const EACH = sql`
  ${withParts(buyers(SINCE))},

  each as (
      select
          buyers.customer_id,
          min(buyers.date_key) filter (where buyers.date_key >= period.first_day) as first_day,
          sum(buyers.orders) filter (where buyers.date_key >= period.first_day) as orders,
          sum(buyers.orders) filter (where buyers.date_key < period.first_day) as orders_before
      from period
      cross join buyers
      group by buyers.customer_id
  )`;

const CUSTOMERS = sql`
  ${EACH},

  compared as (
      select count(orders)::numeric as value, count(orders_before)::numeric as value_before
      from each
  ),

  points as (
      select
          period.first_day + numbers.number as date_key,
          sum(coalesce(joined.customers, 0)) over (order by numbers.number) as figure
      from period
      cross join lateral generate_series(0, period.last_day - period.first_day) as numbers (number)
      left join (
          select first_day, count(*) as customers
          from each
          group by first_day
      ) as joined on joined.first_day = period.first_day + numbers.number
  ),

  ${shown({ title: 'Customers' })}`;

const REPEAT_RATE = sql`
  ${EACH},

  -- The days of each customer's first order and of the second one.
  moves as (
      select first_day as date_key, 1 as customers, 0 as repeating
      from each
      union all
      select
          case
              when sum(buyers.orders) filter (where buyers.date_key = each.first_day) > 1 then min(each.first_day)
              else min(buyers.date_key) filter (where buyers.date_key > each.first_day)
          end,
          0,
          1
      from each
      inner join buyers on each.customer_id = buyers.customer_id and buyers.date_key >= each.first_day
      where each.orders > 1
      group by each.customer_id
  ),

  compared as (
      select
          round(count(*) filter (where orders > 1) * 100.0 / nullif(count(orders), 0), 1) as value,
          round(count(*) filter (where orders_before > 1) * 100.0 / nullif(count(orders_before), 0), 1)
          as value_before
      from each
  ),

  points as (
      select
          period.first_day + numbers.number as date_key,
          round(
              sum(daily.repeating) over (order by numbers.number) * 100.0
              / nullif(sum(daily.customers) over (order by numbers.number), 0),
              1
          ) as figure
      from period
      cross join lateral generate_series(0, period.last_day - period.first_day) as numbers (number)
      left join (
          select date_key, sum(customers) as customers, sum(repeating) as repeating
          from moves
          group by date_key
      ) as daily on daily.date_key = period.first_day + numbers.number
  ),

  ${shown({ title: 'Repeat rate', isShare: true })}`;

// Silver's latest event is among the last transactions of its latest day, where keys rise with each batch.
const LATEST_EVENT = sql`
  select extract(epoch from max(latest.event_timestamp)) * 1000 as "Data up to"
  from (
      select event_timestamp
      from silver.fact_transactions
      order by transaction_key desc
      limit 10000
  ) as latest`;

const LAST_PROMOTION = sql`
  select extract(epoch from last_promotion_at) * 1000 as "Last promotion"
  from gold.pipeline_state`;

const AGAINST = 'The change is against as many days before, of which each is over.';
const NO_SALES = 'no sales';

/** The figures of the time range, each with its change against as many days before; and how fresh they are. */
export function headline(): Builder<Panel>[] {
  const tiles = new Map<string, Builder<Panel>>(
    FIGURES.map((figure) => [
      figure.title,
      trend(
        {
          title: figure.title,
          description: `${figure.description} ${AGAINST}${figure.per === undefined ? '' : ' The line is the figure up to each day.'}`,
          ...{ sql: compared(figure), width: figure.width, height: 5, empty: NO_SALES },
        },
        figure.unit,
        figure.per === undefined ? 'sum' : 'lastNotNull',
      ),
    ]),
  );
  tiles.set(
    'Customers',
    trend(
      {
        title: 'Customers',
        description: `Customers who bought, each counted once. ${AGAINST} The line is how many had by each day.`,
        ...{ sql: CUSTOMERS, width: 4, height: 5, empty: NO_SALES },
      },
      COUNT,
      'lastNotNull',
    ),
  );
  tiles.set(
    'Repeat rate',
    trend(
      {
        title: 'Repeat rate',
        description: `Customers with two orders and more in these days, in percent of those who bought. ${AGAINST} The line is the figure up to each day.`,
        ...{ sql: REPEAT_RATE, width: 4, height: 5, empty: NO_SALES },
      },
      PERCENT,
      'lastNotNull',
    ),
  );
  tiles.set(
    'Data up to',
    figure(
      {
        title: 'Data up to',
        description: 'The time of the latest event in silver, in UTC.',
        ...{ sql: LATEST_EVENT, width: 6, height: 5, empty: 'no data yet' },
      },
      TIME,
    ),
  );
  tiles.set(
    'Last promotion',
    figure(
      {
        title: 'Last promotion',
        description:
          'When the latest complete promotion ended: medallion promote, or medallion run.',
        ...{ sql: LAST_PROMOTION, width: 6, height: 5, empty: 'none yet' },
      },
      AGO,
    ),
  );
  return ORDER.flatMap((title) => tiles.get(title) ?? []);
}

const ORDER = [
  ...['Revenue', 'Orders', 'Average ticket', 'Customers', 'Units sold', 'Gross margin'],
  ...['Units an order', 'Discount share', 'Repeat rate', 'Data up to', 'Last promotion'],
];
