import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  FrameGeometrySourceBuilder,
  FrameGeometrySourceMode,
  MapLayerOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import * as geomap from '@grafana/grafana-foundation-sdk/geomap';
import type { PanelBuilder as PiePanel } from '@grafana/grafana-foundation-sdk/piechart';
import { COUNT, framed, MONEY, PERCENT, rows, slices } from '../panels.ts';
import { sql } from '../sql.ts';
import { orders, payments, withParts } from './queries.ts';

const COUNTRIES = sql`
  ${withParts(orders('first_day'))}

  select country, sum(orders) as orders, sum(revenue) as revenue
  from orders
  group by country
  order by revenue desc, country`;

const PLACES = sql`
  ${withParts(orders('first_day'))},

  places as (
      select country, city, sum(orders) as orders, sum(revenue) as revenue
      from orders
      group by country, city
  )

  select
      country,
      city,
      orders,
      revenue,
      round(revenue * 100 / nullif(sum(revenue) over (), 0), 1) as share_percent
  from places
  order by revenue desc, country, city
  limit 100`;

const PAYMENT_MIX = sql`
  ${withParts(payments('first_day'))}

  select payment_method, sum(revenue) as revenue
  from payments
  group by payment_method
  order by revenue desc, payment_method`;

/** Where Grafana's own list of places has the country codes. */
const GAZETTEER = 'public/gazetteer/countries.json';

function map(): geomap.PanelBuilder {
  const frame = {
    title: 'Map',
    description: 'Revenue by country, for country codes of two letters; the table has all places.',
    sql: COUNTRIES,
    width: 10,
    height: 11,
  };
  return framed(new geomap.PanelBuilder(), frame, 'table')
    .unit(MONEY.unit)
    .basemap(new MapLayerOptionsBuilder().type('default').name('Basemap'))
    .layers([
      new MapLayerOptionsBuilder()
        .type('markers')
        .name('Revenue')
        .location(
          new FrameGeometrySourceBuilder()
            .mode(FrameGeometrySourceMode.Lookup)
            .lookup('country')
            .gazetteer(GAZETTEER),
        )
        .config({
          showLegend: false,
          style: {
            size: { field: 'revenue', fixed: 5, min: 4, max: 24 },
            color: { fixed: 'semi-dark-blue' },
            opacity: 0.6,
          },
        })
        .tooltip(true),
    ]);
}

/** Where the orders came from, as they say themselves. */
export function places(): Builder<Panel>[] {
  return [
    map(),
    rows(
      {
        title: 'Places',
        description: 'The 100 places with most revenue, as the orders name them.',
        sql: PLACES,
        width: 8,
        height: 11,
      },
      { orders: COUNT, revenue: MONEY, share_percent: PERCENT },
    ),
  ];
}

export function paymentMix(): PiePanel {
  return slices(
    {
      title: 'Payment mix',
      description: 'Revenue by payment method.',
      sql: PAYMENT_MIX,
      width: 6,
      height: 11,
    },
    MONEY,
  );
}
