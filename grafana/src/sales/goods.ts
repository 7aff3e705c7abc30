import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { SECTIONS } from '../../../src/query/report/sections.ts';
import { CLICKED, column, toTransactions } from '../links.ts';
import { bars, MONEY, PERCENT, QUANTITY, rows, SHORT, stackedBars } from '../panels.ts';
import { startOf } from '../period.ts';
import { sql } from '../sql.ts';
import { categories, products, withParts } from './queries.ts';

const CATEGORIES = sql`
  ${withParts(categories({ since: 'first_day' }))}

  select category, sum(revenue) as revenue
  from categories
  group by category
  order by revenue desc, category
  limit 20`;

const CATEGORIES_BY_DAY = sql`
  ${withParts(categories({ since: 'first_day' }))},

  leaders as (
      select category
      from categories
      group by category
      order by sum(revenue) desc, category
      limit 8
  )

  select
      ${startOf('categories.date_key')} as time,
      coalesce(leaders.category, 'others') as metric,
      sum(categories.revenue) as revenue
  from categories
  left join leaders on categories.category = leaders.category
  group by categories.date_key, coalesce(leaders.category, 'others')
  order by time, metric`;

const PRODUCTS = sql`
  ${withParts(products('the period'))},

  totals as (
      select item_id, sum(units) as units, sum(revenue) as revenue, sum(revenue - cost) as margin
      from products
      group by item_id
      order by revenue desc, item_id
      limit 100
  )

  select
      totals.item_id as product,
      details.category,
      totals.units,
      totals.revenue,
      totals.margin,
      round(totals.margin * 100 / nullif(totals.revenue, 0), 1) as margin_percent
  from totals
  left join silver.dim_products as details on totals.item_id = details.id
  order by totals.revenue desc, totals.item_id`;

const MOVERS = sql`
  ${withParts(products('both periods'))},

  totals as (
      select
          item_id,
          coalesce(sum(revenue) filter (where is_current), 0) as revenue,
          coalesce(sum(revenue) filter (where not is_current), 0) as before
      from products
      where (select is_over from period)
      group by item_id
  )

  select
      item_id as product,
      before,
      revenue,
      revenue - before as change,
      round((revenue - before) * 100 / nullif(before, 0), 1) as change_percent
  from totals
  where revenue <> before
  order by abs(revenue - before) desc, item_id
  limit 20`;

export function goods(): Builder<Panel>[] {
  return [
    stackedBars(
      {
        title: `${SECTIONS.categories_by_day.title}, \${days}`,
        description:
          'Unit price times quantity of the order lines, before discounts: the eight categories that sold most, and the others.',
        ...{ sql: CATEGORIES_BY_DAY, width: 14, height: 9 },
        empty: 'No sales in these days: choose a longer time range.',
      },
      SHORT,
    ),
    bars(
      {
        title: `${SECTIONS.categories.title}, \${days}`,
        description: 'The same over all days.',
        ...{ sql: CATEGORIES, width: 10, height: 9 },
        empty: 'No sales in these days: choose a longer time range.',
      },
      'category',
      SHORT,
    )
      .dataLinks([])
      .overrideByName('revenue', [
        { id: 'displayName', value: 'Revenue' },
        { id: 'links', value: [toTransactions({ category: column(0) })] },
      ]),
    rows(
      {
        title: `${SECTIONS.products.title}, \${days}`,
        description:
          'The 100 products that sold most. Revenue is before discounts; margin is revenue less cost.',
        ...{ sql: PRODUCTS, width: 13, height: 10 },
        empty: 'No sales in these days: choose a longer time range.',
      },
      {
        product: {
          ...{ heading: 'Product', width: 100, grows: true },
          link: toTransactions({ product: CLICKED }),
        },
        category: {
          ...{ heading: 'Category', width: 100 },
          link: toTransactions({ category: CLICKED }),
        },
        units: { heading: 'Units', width: 80, unit: QUANTITY },
        revenue: { heading: 'Revenue', width: 130, unit: MONEY },
        margin: { heading: 'Margin', width: 130, unit: MONEY },
        margin_percent: { heading: 'Margin %', width: 85, unit: PERCENT },
      },
    ),
    rows(
      {
        title: `${SECTIONS.movers.title}, \${days}`,
        description: 'The products whose revenue differs most from that of as many days before.',
        ...{ sql: MOVERS, width: 11, height: 10 },
        empty:
          'Nothing to compare: no product has sold more or less than before, or the day is not over.',
      },
      {
        product: {
          ...{ heading: 'Product', width: 90, grows: true },
          link: toTransactions({ product: CLICKED }),
        },
        before: { heading: 'Before', width: 120, unit: MONEY },
        revenue: { heading: 'Revenue', width: 120, unit: MONEY },
        change: { heading: 'Change', width: 120, unit: MONEY },
        change_percent: { heading: 'Change %', width: 85, unit: PERCENT },
      },
    ),
  ];
}
