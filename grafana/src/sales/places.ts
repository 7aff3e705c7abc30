import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  FrameGeometrySourceBuilder,
  FrameGeometrySourceMode,
  MapLayerOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import * as geomap from '@grafana/grafana-foundation-sdk/geomap';
import { SECTIONS } from '../../../src/query/report/sections.ts';
import { CLICKED, column, toTransactions } from '../links.ts';
import { bars, COUNT, framed, MONEY, PERCENT, rows, SHORT, slices } from '../panels.ts';
import { sql } from '../sql.ts';
import { asReported, payments, placesOf, states, withParts } from './queries.ts';

const COUNTRIES = sql`
  ${withParts(placesOf({ since: 'first_day' }))}

  select
      places.country,
      coalesce(names.name, places.country) as name,
      sum(places.orders) as orders,
      sum(places.revenue) as revenue
  from places
  left join silver.dim_country as names on places.country = names.code
  group by places.country, names.name
  order by revenue desc, places.country`;

const PLACES = sql`
  ${withParts(placesOf({ since: 'first_day' }))}

  select
      places.country,
      places.city,
      coalesce(names.name, places.country) as name,
      places.orders,
      places.revenue,
      round(places.revenue * 100 / nullif(sum(places.revenue) over (), 0), 1) as share_percent
  from places
  left join silver.dim_country as names on places.country = names.code
  order by places.revenue desc, places.country, places.city
  limit 100`;

const PAYMENT_MIX = sql`
  ${withParts(payments({ since: 'first_day' }))}

  select payment_method, sum(revenue) as revenue
  from payments
  group by payment_method
  order by revenue desc, payment_method`;

const STATUSES = sql`
  ${withParts(states({ since: 'first_day' }))}

  select replace(order_status, '_', ' ') as status, sum(orders) as orders
  from states
  group by order_status
  order by orders desc, order_status`;

const CURRENCIES = asReported('currencies', states({ since: 'first_day' }));

/** What Grafana has of its own: where countries are, and their outlines. Nothing of the map comes from the internet. */
const GAZETTEER = 'public/gazetteer/countries.json';
const OUTLINES = 'public/maps/countries.geojson';
/** One transparent pixel in the place of the tiles of a map. */
const NO_TILE = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
const EMPTY = 'No sales in these days: choose a longer time range.';

function map(): geomap.PanelBuilder {
  const frame = {
    title: 'Map, ${days}',
    description:
      'Revenue by country, for country codes of two letters; the table has all places. The outlines come with Grafana: ' +
      'for streets choose another base layer in the options of the panel, which fetches it from the internet.',
    ...{ sql: COUNTRIES, width: 12, height: 11, empty: EMPTY },
  };
  return framed(new geomap.PanelBuilder(), frame, 'table')
    .unit(SHORT.unit)
    .view(
      new geomap.MapViewConfigBuilder()
        .id('fit')
        .allLayers(false)
        .layer('Revenue')
        .padding(10)
        .maxZoom(5),
    )
    .basemap(
      new MapLayerOptionsBuilder()
        .type('xyz')
        .name('Basemap')
        .config({ url: NO_TILE, attribution: '' }),
    )
    .layers([
      new MapLayerOptionsBuilder()
        .type('geojson')
        .name('Countries')
        .config({
          src: OUTLINES,
          rules: [],
          style: { color: { fixed: 'rgba(128, 128, 128, 0.35)' }, opacity: 0.3, lineWidth: 1 },
        })
        .tooltip(false),
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
            text: { mode: 'field', field: 'name', fixed: '' },
            textConfig: {
              fontSize: 11,
              offsetX: 0,
              offsetY: 0,
              textAlign: 'center',
              textBaseline: 'middle',
            },
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
        title: `${SECTIONS.places.title}, \${days}`,
        description: 'The 100 places with most revenue, as the orders name them.',
        ...{ sql: PLACES, width: 12, height: 11, empty: EMPTY },
      },
      {
        country: {
          ...{ heading: 'Code', width: 65 },
          link: toTransactions({ country: CLICKED }),
        },
        city: {
          ...{ heading: 'City', width: 120, grows: true },
          link: toTransactions({ city: CLICKED, country: column(0) }),
        },
        name: { heading: 'Country', width: 120 },
        orders: { heading: 'Orders', width: 75, unit: COUNT },
        revenue: { heading: 'Revenue', width: 130, unit: MONEY },
        share_percent: { heading: 'Share', width: 70, unit: PERCENT },
      },
    ),
  ];
}

/** How the orders stand, and how they were paid. */
export function paymentsAndStates(): Builder<Panel>[] {
  return [
    slices(
      {
        title: `${SECTIONS.payments.title}, \${days}`,
        description: 'Revenue by payment method.',
        ...{ sql: PAYMENT_MIX, width: 9, height: 8, empty: EMPTY },
      },
      SHORT,
    ),
    bars(
      {
        title: `${SECTIONS.statuses.title}, \${days}`,
        description: 'Orders by the state that their latest event names.',
        ...{ sql: STATUSES, width: 7, height: 8, empty: EMPTY },
      },
      'status',
      SHORT,
    ).overrideByName('orders', [{ id: 'displayName', value: 'Orders' }]),
    rows(
      {
        title: `${SECTIONS.currencies.title}, \${days}`,
        description:
          'Orders by their currency; amounts are in it, unless report.currency names one to convert them to.',
        ...{ sql: CURRENCIES, width: 8, height: 8, empty: EMPTY },
      },
      {
        currency: { heading: 'Currency', width: 100, grows: true },
        orders: { heading: 'Orders', width: 75, unit: COUNT },
        revenue: { heading: 'Revenue', width: 130, unit: MONEY },
        share_percent: { heading: 'Share', width: 70, unit: PERCENT },
      },
    ),
  ];
}
