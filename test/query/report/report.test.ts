import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../src/postgres/client.ts';
import { report, type Report, type ReportQuery } from '../../../src/query/report/report.ts';
import { SECTION_NAMES } from '../../../src/query/report/sections.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { emptyGold, filledGold } from './gold.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await filledGold();
});
afterAll(() => database.drop());

async function ask(request: ReportQuery = {}, of = database): Promise<Report> {
  return withClient(of.settings, (client) => report(client, request));
}

const JANUARY = { since: '2026-01-01', until: '2026-01-03' };

it('has one query file a section', () => {
  const files = readdirSync(new URL('../../../sql/query/report/', import.meta.url));
  expect(files.sort()).toEqual(SECTION_NAMES.map((name) => `${name}.sql`).sort());
});

const values = (rows: readonly object[] = []): unknown[][] => rows.map(Object.values);

describe('sections', () => {
  let january: Report;
  beforeAll(async () => {
    january = await ask(JANUARY);
  });

  it('headline: figures beside the period before, each customer counted once', () => {
    expect(january.sections.headline?.rows).toEqual([
      { figure: 'revenue', value: '350.05', value_before: '100.00', change_percent: '250.1' },
      { figure: 'orders', value: '4', value_before: '1', change_percent: '300.0' },
      // 350.05 / 4 = 87.5125
      { figure: 'average_ticket', value: '87.51', value_before: '100.00', change_percent: '-12.5' },
      { figure: 'customers', value: '3', value_before: '1', change_percent: '200.0' },
      { figure: 'units', value: '7', value_before: '1', change_percent: '600.0' },
      { figure: 'units_an_order', value: '1.75', value_before: '1.00', change_percent: '75.0' },
      // 60.00 of 300.00; before 30.00 of 90.00
      { figure: 'gross_margin', value: '20.0', value_before: '33.3', change_percent: '-39.9' },
      { figure: 'discount_share', value: '0.0', value_before: '0.0', change_percent: null },
      // One of three customers has come twice.
      { figure: 'repeat_rate', value: '33.3', value_before: '0.0', change_percent: null },
    ]);
  });

  it('days: with the days on which nothing was sold', () => {
    expect(january.sections.days?.rows).toEqual([
      {
        date_key: '2026-01-01',
        orders: '2',
        customers: '2',
        units: '4',
        revenue: '200.00',
        average_ticket: '100.0000',
        mean_of_7_days: '42.86',
      },
      {
        date_key: '2026-01-02',
        orders: '0',
        customers: '0',
        units: '0',
        revenue: '0.00',
        average_ticket: null,
        mean_of_7_days: '42.86',
      },
      {
        date_key: '2026-01-03',
        orders: '2',
        customers: '2',
        units: '3',
        revenue: '150.05',
        average_ticket: '75.0250',
        mean_of_7_days: '64.29',
      },
    ]);
  });

  it('categories, products, places and payments: summed over the days, the largest first', () => {
    expect(january.sections.categories?.rows).toEqual([
      { category: 'toys', units: '4', order_lines: '3', revenue: '180.00', share_percent: '60.0' },
      {
        category: 'sports',
        units: '3',
        order_lines: '1',
        revenue: '120.00',
        share_percent: '40.0',
      },
    ]);
    expect(january.sections.products?.rows).toEqual([
      {
        product: 'prod_2',
        category: 'toys',
        units: '3',
        revenue: '135.00',
        margin: '-15.00',
        margin_percent: '-11.1',
        share_percent: '45.0',
      },
      {
        product: 'prod_1',
        category: 'sports',
        units: '3',
        revenue: '120.00',
        margin: '30.00',
        margin_percent: '25.0',
        share_percent: '40.0',
      },
      {
        product: 'prod_3',
        category: 'toys',
        units: '1',
        revenue: '45.00',
        margin: '45.00',
        margin_percent: '100.0',
        share_percent: '15.0',
      },
    ]);
    expect(january.sections.places?.rows).toEqual([
      { country: 'DE', city: 'Berlin', orders: '2', revenue: '250.15', share_percent: '71.5' },
      { country: 'unknown', city: 'unknown', orders: '1', revenue: '50.00', share_percent: '14.3' },
      { country: 'JP', city: '東京', orders: '1', revenue: '49.90', share_percent: '14.3' },
    ]);
    expect(january.sections.payments?.rows).toEqual([
      // 300.15 / 3 = 100.05
      {
        payment_method: 'credit card',
        orders: '3',
        revenue: '300.15',
        average_ticket: '100.05',
        share_percent: '85.7',
      },
      {
        payment_method: 'paypal',
        orders: '1',
        revenue: '49.90',
        average_ticket: '49.90',
        share_percent: '14.3',
      },
    ]);
  });

  it('movers, states and currencies: by what changed, and by orders', () => {
    const { movers, statuses, currencies } = january.sections;
    expect(values(movers?.rows)).toEqual([
      ['prod_2', '0', '135.00', '135.00', null],
      ['prod_3', '0', '45.00', '45.00', null],
      ['prod_1', '90.00', '120.00', '30.00', '33.3'],
    ]);
    expect(values(statuses?.rows)).toEqual([
      ['completed', '2', '200.00', '50.0'],
      ['to ship', '2', '150.05', '50.0'],
    ]);
    expect(values(currencies?.rows)).toEqual([
      ['EUR', '2', '200.00', '50.0'],
      ['USD', '2', '150.05', '50.0'],
    ]);
  });

  it('net sales, categories by day, hours, new customers and cohorts', () => {
    const { net_sales, categories_by_day, hours, new_and_returning, cohorts } = january.sections;
    expect(values(net_sales?.rows)).toEqual([
      ['EUR', '2', '200.00', '0.00', '0.00', '200.00', '0.00', '0.00', '200.00'],
      ['USD', '2', '150.05', '0.00', '999.99', '-849.94', '0.00', '0.00', '-849.94'],
    ]);
    expect(values(categories_by_day?.rows)).toEqual([
      ['2026-01-01', 'sports', '120.00'],
      ['2026-01-01', 'toys', '45.00'],
      ['2026-01-03', 'toys', '135.00'],
    ]);
    expect(hours?.rows).toHaveLength(7);
    const noon = hours?.rows.map(({ weekday, hour_12 }) => [weekday, hour_12]);
    expect(noon).toContainEqual(['Thursday', '2']);
    expect(noon).toContainEqual(['Saturday', '2']);
    expect(hours?.rows[3]?.hour_10).toBe('0');
    // cust_1 came in December.
    expect(values(new_and_returning?.rows)).toEqual([
      ['2026-01-01', '1', '1'],
      ['2026-01-02', '0', '0'],
      ['2026-01-03', '1', '1'],
    ]);
    expect(values(cohorts?.rows).map((row) => row.slice(0, 4))).toEqual([
      ['2025-12', '1', '100.0', null],
      ['2026-01', '2', null, null],
    ]);
  });

  it('segments and customers: over all time', () => {
    expect(january.sections.segments?.rows).toEqual([
      {
        segment: 'champion',
        customers: '1',
        orders: '3',
        revenue: '350.15',
        share_percent: '77.8',
      },
      { segment: 'new', customers: '1', orders: '1', revenue: '50.00', share_percent: '11.1' },
      { segment: 'dormant', customers: '1', orders: '1', revenue: '49.90', share_percent: '11.1' },
    ]);
    expect(january.sections.customers?.rows.map(({ customer, city }) => [customer, city])).toEqual([
      ['cust_1', 'Berlin'],
      ['cust_3', 'unknown'],
      ['cust_2', '東京'],
    ]);
  });

  it('state: what waits is counted in bronze, beyond each watermark, holes or not', () => {
    expect(january.sections.state?.rows).toEqual([
      {
        last_event_at: '2026-01-03 12:00:09+00',
        last_ingested_at: '2026-01-04 09:00:00.25+00',
        ingested_events: '6',
        waiting_events: '3',
        waiting_days: '1',
        quarantined_events: '3',
        last_promoted_at: '2026-01-04 08:00:09+00',
        last_promote_started_at: '2026-01-04 10:00:00+00',
        last_promote_outcome: 'failed',
      },
    ]);
  });

  it('quarantine: what is open, by reason', () => {
    expect(january.sections.quarantine?.rows).toEqual([
      {
        stage: 'silver',
        reason: 'invalid_json',
        events: '2',
        last_quarantined_at: '2026-01-04 08:00:02+00',
      },
      {
        stage: 'ingest',
        reason: 'empty_value',
        events: '1',
        last_quarantined_at: '2026-01-04 08:00:00+00',
      },
    ]);
  });

  it('restatements: of the days of the period', () => {
    expect(january.sections.restatements?.rows).toEqual([
      {
        date_key: '2026-01-01',
        restated_at: '2026-01-04 08:00:08+00',
        run_id: '1',
        late_events: '4',
        old_orders: '1',
        new_orders: '2',
        old_total: '150.10',
        new_total: '200.00',
        change: '49.90',
      },
    ]);
  });
});

describe('period', () => {
  it('is the 31 days up to the last day with sales unless asked otherwise', async () => {
    const { period, sections } = await ask({ sections: ['headline', 'days'] });
    expect(period).toEqual({
      since: '2025-12-04',
      until: '2026-01-03',
      days: 31,
      firstDay: '2025-12-30',
      lastDay: '2026-01-03',
    });
    expect(sections.days?.rows).toHaveLength(31);
    expect(sections.headline?.rows.map((row) => row.value)).toEqual([
      '450.05',
      '5',
      '90.01',
      ...['3', '8', '1.60'],
      // 90.00 of 390.00; no discounts; one of three customers came again.
      ...['23.1', '0.0', '33.3'],
    ]);
  });

  it('compares with nothing where nothing was sold before', async () => {
    const { sections } = await ask({
      since: '2025-12-30',
      until: '2026-01-03',
      sections: ['headline'],
    });
    expect(sections.headline?.rows[0]).toEqual({
      figure: 'revenue',
      value: '450.05',
      value_before: '0.00',
      change_percent: null,
    });
  });

  it('may hold no sales', async () => {
    const { period, sections } = await ask({ since: '2030-01-01', until: '2030-01-02' });
    expect(period?.days).toBe(2);
    expect(sections.categories?.rows).toEqual([]);
    expect(sections.headline?.rows[2]).toEqual({
      figure: 'average_ticket',
      value: null,
      value_before: null,
      change_percent: null,
    });
  });
});

it('gives the sections asked for, and as many leaders', async () => {
  const { sections } = await ask({ ...JANUARY, sections: ['customers', 'products'], top: 1 });
  expect(Object.keys(sections)).toEqual(['products', 'customers']);
  expect(sections.products?.rows.map(({ product }) => product)).toEqual(['prod_2']);
  // The share is that of all products, not of those shown.
  expect(sections.products?.rows[0]?.share_percent).toBe('45.0');
  expect(sections.customers?.rows.map(({ customer }) => customer)).toEqual(['cust_1']);
});

it('keeps every digit of large sums', async () => {
  const huge = await emptyGold();
  try {
    await withClient(huge.settings, async (client) => {
      await client.query(
        `insert into gold.sales_performance values
           ('2026-01-01', 3, 1, 0, 0, 0, 900719925474099312345678901234567.89, 0, 0, 0)`,
      );
    });
    const { sections } = await ask({ sections: ['headline'] }, huge);
    // The sum divided by 3 is 300239975158033104115226300411522.63
    expect(sections.headline?.rows.map((row) => row.value).slice(0, 3)).toEqual([
      '900719925474099312345678901234567.89',
      '3',
      '300239975158033104115226300411522.63',
    ]);
  } finally {
    await huge.drop();
  }
});

describe('before there are sales', () => {
  it('says that nothing was ever promoted', async () => {
    const bare = await createTestDatabase();
    try {
      expect(await ask({}, bare)).toEqual({
        ...{ period: undefined, writtenEvents: 0n, sections: {} },
        ...{ reporting: { timezone: 'UTC', currency: undefined }, amounts: undefined },
      });
    } finally {
      await bare.drop();
    }
  });

  it('tells what can be told of an empty gold', async () => {
    const empty = await emptyGold();
    try {
      const { period, writtenEvents, sections } = await ask({}, empty);
      expect(period).toBeUndefined();
      expect(writtenEvents).toBe(0n);
      expect(Object.keys(sections)).toEqual(['state', 'quarantine']);
      expect(sections.state?.rows[0]).toMatchObject({
        last_event_at: null,
        waiting_events: '0',
        ingested_events: '0',
      });
    } finally {
      await empty.drop();
    }
  });

  it('answers every section on tables without rows', async () => {
    const empty = await emptyGold();
    try {
      // One day of sales and nothing else: every query runs, most find nothing.
      await withClient(empty.settings, async (client) => {
        await client.query(
          `insert into gold.sales_performance values ('2026-01-01', 1, 1, 1, 0, 0, 1, 1, 1, 1)`,
        );
      });
      const { sections } = await ask({}, empty);
      expect(Object.keys(sections)).toEqual([...SECTION_NAMES]);
    } finally {
      await empty.drop();
    }
  });
});

it('names the remedy when gold was made by another version', async () => {
  const old = await filledGold();
  try {
    await withClient(old.settings, async (client) => {
      await client.query('alter table gold.product_performance drop column margin');
    });
    await expect(ask({}, old)).rejects.toMatchObject({
      code: 'model',
      message: 'section products: column "margin" does not exist',
    });
  } finally {
    await old.drop();
  }
});
