import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, COUNT, MONEY, PERCENT, rows } from '../panels.ts';
import { sql } from '../sql.ts';
import { categories, products, withParts } from './queries.ts';

const CATEGORIES = sql`
  ${withParts(categories('first_day'))}

  select category, sum(revenue) as revenue
  from categories
  group by category
  order by revenue desc, category
  limit 20`;

const PRODUCTS = sql`
  ${withParts(products('first_day'))},

  totals as (
      select item_id, sum(units) as units, sum(revenue) as revenue, sum(cost) as cost
      from products
      group by item_id
  )

  select
      totals.item_id as product,
      details.category,
      totals.units,
      totals.revenue,
      totals.cost,
      totals.revenue - totals.cost as margin,
      round((totals.revenue - totals.cost) * 100 / nullif(totals.revenue, 0), 1) as margin_percent
  from totals
  left join silver.dim_products as details on totals.item_id = details.id
  order by totals.revenue desc, totals.item_id
  limit 100`;

export function goods(): Builder<Panel>[] {
  return [
    bars(
      {
        title: 'Categories',
        description: 'Unit price times quantity of the order lines, before discounts.',
        sql: CATEGORIES,
        width: 10,
        height: 10,
      },
      'category',
      MONEY,
    ),
    rows(
      {
        title: 'Products',
        description:
          'The 100 products that sold most. Revenue is before discounts; margin is revenue less cost.',
        sql: PRODUCTS,
        width: 14,
        height: 10,
      },
      { units: COUNT, revenue: MONEY, cost: MONEY, margin: MONEY, margin_percent: PERCENT },
    ),
  ];
}
