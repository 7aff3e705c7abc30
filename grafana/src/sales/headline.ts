import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { COUNT, figureWithChange, MONEY, type Unit } from '../panels.ts';
import { sql } from '../sql.ts';
import { categories, chosenTransactions, orders, withParts } from './queries.ts';

interface Figure {
  readonly title: string;
  readonly description: string;
  /** CTEs, the last of which has a row for each day and more. */
  readonly parts: string;
  /** The last of the CTEs. */
  readonly from: string;
  readonly name: string;
  readonly unit: Unit;
  /** The figure over the rows that meet a condition. */
  readonly over: (condition: string) => string;
}

const FIGURES: readonly Figure[] = [
  {
    title: 'Revenue',
    description:
      'Totals of the orders: taxes and shipping in, discounts out; of all currencies as they are booked. ' +
      'With a category or product chosen: of the orders that hold one.',
    parts: orders('first_before'),
    from: 'orders',
    name: 'revenue',
    unit: MONEY,
    over: (condition) => `coalesce(sum(orders.revenue) filter (where ${condition}), 0)`,
  },
  {
    title: 'Orders',
    description: 'Purchases.',
    parts: orders('first_before'),
    from: 'orders',
    name: 'orders',
    unit: COUNT,
    over: (condition) => `coalesce(sum(orders.orders) filter (where ${condition}), 0)`,
  },
  {
    title: 'Average ticket',
    description: 'Revenue over orders.',
    parts: orders('first_before'),
    from: 'orders',
    name: 'average_ticket',
    unit: MONEY,
    // Twenty decimals in the division leave one rounding only, the last.
    over: (condition) => sql`
      round(
          (sum(orders.revenue) filter (where ${condition}))::numeric(60, 20)
          / nullif(sum(orders.orders) filter (where ${condition}), 0),
          2
      )`,
  },
  {
    title: 'Customers',
    description: 'Customers who bought, each counted once.',
    parts: chosenTransactions('first_before'),
    from: 'chosen',
    name: 'customers',
    unit: COUNT,
    over: (condition) => `count(distinct chosen.customer_id) filter (where ${condition})`,
  },
  {
    title: 'Units sold',
    description: 'Units on the order lines; with a category or product chosen on those alone.',
    parts: categories('first_before'),
    from: 'categories',
    name: 'units',
    unit: COUNT,
    over: (condition) => `coalesce(sum(categories.units) filter (where ${condition}), 0)`,
  },
];

function compared({ parts, from, name, over }: Figure): string {
  return sql`
    ${withParts(parts)},

    figures as (
        select
            ${over(`${from}.date_key >= period.first_day`)} as value,
            ${over(`${from}.date_key < period.first_day`)} as value_before
        from period
        cross join ${from}
    )

    select
        value as ${name},
        round((value - value_before) * 100 / nullif(abs(value_before), 0), 1) as change
    from figures`;
}

const WIDTHS = [6, 4, 5, 4, 5];

/** The figures of the time range, each with its change against as many days before. */
export function headline(): PanelBuilder[] {
  return FIGURES.map((figure, number) =>
    figureWithChange(
      {
        title: figure.title,
        description: `${figure.description} The change is against as many days before the time range.`,
        sql: compared(figure),
        width: WIDTHS[number] ?? 4,
        height: 4,
      },
      figure.unit,
    ),
  );
}
