import { describe, expect, it } from 'vitest';
import { DEFAULT_REPORTING } from '../../../src/config/reporting.ts';
import { renderHtml } from '../../../src/cli/render/html/page.ts';
import { renderPage } from '../../../src/cli/render/report-page.ts';
import { widthOf } from '../../../src/cli/render/text.ts';
import type { Period } from '../../../src/query/report/period.ts';
import type { Report } from '../../../src/query/report/report.ts';
import {
  HOURS,
  SECTION_NAMES,
  type SectionName,
  type SectionRows,
} from '../../../src/query/report/sections.ts';

const PERIOD: Period = {
  since: '2026-01-01',
  until: '2026-01-04',
  days: 4,
  firstDay: '2025-12-01',
  lastDay: '2026-01-04',
};

const ROWS: { [Name in SectionName]: SectionRows[Name][] } = {
  headline: [
    { figure: 'revenue', value: '3145022.95', value_before: '2900000.00', change_percent: '8.4' },
    { figure: 'orders', value: '2000', value_before: '2500', change_percent: '-20.0' },
    { figure: 'average_ticket', value: '1572.51', value_before: '1160.00', change_percent: '35.6' },
    { figure: 'customers', value: '100', value_before: '100', change_percent: '0.0' },
    { figure: 'units', value: '27441', value_before: '0', change_percent: null },
  ],
  days: [
    {
      date_key: '2026-01-01',
      orders: '1',
      customers: '1',
      units: '5000',
      revenue: '1000000.00',
      average_ticket: '1.0000',
      mean_of_7_days: '900000.00',
    },
    {
      date_key: '2026-01-02',
      orders: '0',
      customers: '0',
      units: '0',
      revenue: '0.00',
      average_ticket: null,
      mean_of_7_days: '850000.00',
    },
    {
      date_key: '2026-01-03',
      orders: '1',
      customers: '1',
      units: '20000',
      revenue: '2000000.00',
      average_ticket: '1.0000',
      mean_of_7_days: '800000.00',
    },
    {
      date_key: '2026-01-04',
      orders: '1',
      customers: '1',
      units: '2441',
      revenue: '145022.95',
      average_ticket: '1.0000',
      mean_of_7_days: '786255.74',
    },
  ],
  net_sales: [
    {
      ...{ currency: 'EUR', orders: '1999', gross_sales: '3000000.00', discounts: '100000.00' },
      ...{ returns: '50000.50', net_sales: '2849999.50', shipping: '60000.00', taxes: '300000.00' },
      total_sales: '3209999.50',
    },
    {
      ...{
        currency: 'USD',
        orders: '1',
        gross_sales: '10.00',
        discounts: '0.00',
        returns: '10.00',
      },
      ...{ net_sales: '0.00', shipping: '0.00', taxes: '0.00', total_sales: '0.00' },
    },
  ],
  categories_by_day: [
    { date_key: '2026-01-01', category: 'sports', revenue: '2000000.00' },
    { date_key: '2026-01-01', category: 'others', revenue: '0.50' },
    { date_key: '2026-01-03', category: 'sports', revenue: '1000000.00' },
    { date_key: '2026-01-03', category: 'toys', revenue: '2000000.00' },
  ],
  hours: ['Monday', 'Tuesday'].map((weekday, row) => ({
    weekday,
    ...Object.fromEntries(
      HOURS.map((hour, column) => [hour, String(row === 0 ? column * 100 : 0)] as const),
    ),
  })) as unknown as SectionRows['hours'][],
  new_and_returning: [
    { date_key: '2026-01-01', new_customers: '1000', returning_customers: '0' },
    { date_key: '2026-01-02', new_customers: '500', returning_customers: '1' },
  ],
  cohorts: [
    {
      ...{ first_month: '2025-11', customers: '1200', month_1: '50.0', month_2: '41.6' },
      ...{ month_3: null, month_4: null, month_5: null, month_6: null, month_7: null },
      ...{ month_8: null, month_9: null, month_10: null, month_11: '0.1' },
    },
  ],
  categories: [
    {
      category: 'sports',
      units: '20000',
      order_lines: '9000',
      revenue: '2312516.46',
      share_percent: '75.0',
    },
    {
      category: 'toys',
      units: '7441',
      order_lines: '1977',
      revenue: '770838.83',
      share_percent: '25.0',
    },
  ],
  products: [
    {
      product: 'prod_a_rather_long_name_for_a_product',
      category: 'sports',
      units: '1200',
      revenue: '1000000.00',
      margin: '250000.00',
      margin_percent: '25.0',
      share_percent: '32.4',
    },
    {
      product: 'prod_2',
      category: null,
      units: '5',
      revenue: '500000.50',
      margin: '-1.10',
      margin_percent: '0.0',
      share_percent: '16.2',
    },
  ],
  places: [
    { country: 'JP', city: '東京', orders: '1500', revenue: '2000000.00', share_percent: '63.6' },
    {
      country: 'DE',
      city: 'Berlin\u001b[2J',
      orders: '500',
      revenue: '1145022.95',
      share_percent: '36.4',
    },
  ],
  payments: [
    {
      payment_method: 'paypal',
      orders: '2000',
      revenue: '3145022.95',
      average_ticket: '1572.51',
      share_percent: '100.0',
    },
  ],
  movers: [
    {
      product: 'prod_2',
      before: '700000.50',
      revenue: '500000.50',
      change: '-200000.00',
      change_percent: '-28.6',
    },
  ],
  statuses: [{ status: 'to ship', orders: '2000', revenue: '3145022.95', share_percent: '100.0' }],
  currencies: [{ currency: 'EUR', orders: '2000', revenue: '3145022.95', share_percent: '100.0' }],
  segments: [
    {
      segment: 'champion',
      customers: '60',
      orders: '1500',
      revenue: '2000000.00',
      share_percent: '63.6',
    },
    {
      segment: 'at risk',
      customers: '40',
      orders: '500',
      revenue: '1145022.95',
      share_percent: '36.4',
    },
  ],
  customers: [
    {
      customer: 'cust_19',
      country: 'DE',
      city: 'Berlin',
      segment: 'champion',
      orders: '31',
      revenue: '54321.00',
      last_order_at: '2026-01-04 12:00:00+00',
    },
  ],
  state: [
    {
      last_event_at: '2026-01-04 23:59:59.5+00',
      last_ingested_at: '2026-01-05 08:00:00+00',
      ingested_events: '20100',
      waiting_events: '1234',
      waiting_days: '0',
      quarantined_events: '1',
      last_promoted_at: '2026-01-05 07:00:00+00',
      last_promote_started_at: '2026-01-05 09:00:00+00',
      last_promote_outcome: 'interrupted',
    },
  ],
  quarantine: [
    {
      stage: 'silver',
      reason: 'invalid_json',
      events: '1',
      last_quarantined_at: '2026-01-05 07:00:00.123+00',
    },
  ],
  restatements: [
    {
      date_key: '2026-01-03',
      restated_at: '2026-01-05 07:00:00.5+00',
      run_id: '7',
      late_events: '3',
      old_orders: '2',
      new_orders: '1',
      old_total: '2000100.00',
      new_total: '2000000.00',
      change: '-100.00',
    },
  ],
};

const AMOUNTS = { currencies: ['EUR'], unrated: 0 };

function reportOf(...names: SectionName[]): Report {
  const wanted = names.length === 0 ? SECTION_NAMES : names;
  const sections = Object.fromEntries(
    wanted.map((name) => [name, { columns: [], rows: ROWS[name] }]),
  );
  return {
    period: PERIOD,
    reporting: DEFAULT_REPORTING,
    amounts: AMOUNTS,
    writtenEvents: 20_100n,
    sections,
  };
}

/** The page of days with such revenues; null is a day without a sale. */
function daysPage(revenues: readonly (string | null)[]): string {
  const rows = revenues.map((revenue, index) => ({
    date_key: `2026-01-0${String(index + 1)}`,
    orders: revenue === null ? '0' : '1',
    customers: '0',
    units: '0',
    revenue: revenue ?? '0.00',
    average_ticket: revenue,
    mean_of_7_days: '3.00',
  }));
  return renderPage(
    {
      ...{ period: PERIOD, reporting: DEFAULT_REPORTING, amounts: AMOUNTS, writtenEvents: 1n },
      sections: { days: { columns: [], rows } },
    },
    { width: 80, color: false, top: 2 },
  );
}

/** The lines of the page below its head. */
function page(width: number, ...names: SectionName[]): string[] {
  const [, ...blocks] = renderPage(reportOf(...names), { width, color: false, top: 2 }).split(
    '\n\n',
  );
  return blocks.join('\n\n').trimEnd().split('\n');
}

describe('amounts', () => {
  const BOOKED = { currencies: ['EUR', 'USD'], unrated: 0 };
  const IN_EUR = { ...DEFAULT_REPORTING, currency: 'EUR' };
  const SUMMED =
    'Amounts of 2 currencies are added up as sent (EUR, USD). To convert them, set report.currency.';
  const LEFT_OUT =
    '2 orders without a rate to EUR: their amounts are left out. Add the rates to silver.exchange_rates.';

  it.each([
    ['of one currency', {}, 'UTC, EUR', []],
    ['of several currencies, as sent', { amounts: BOOKED }, 'UTC', [SUMMED]],
    ['of none', { amounts: { ...BOOKED, currencies: [] } }, 'UTC', []],
    ['converted', { amounts: BOOKED, reporting: IN_EUR }, 'UTC, EUR', []],
    [
      'of which some have no rate',
      { amounts: { ...BOOKED, unrated: 2 }, reporting: IN_EUR },
      'UTC, EUR',
      [LEFT_OUT],
    ],
  ])('%s say so, on a terminal and in HTML', (_, changed, head, notes) => {
    const report = { ...reportOf('segments'), ...changed };
    const lines = renderPage(report, { width: 100, color: false, top: 10 }).split('\n');
    expect(lines.slice(0, notes.length + 2)).toEqual([
      `Sales 2026-01-01 to 2026-01-04  4 days, ${head}`,
      ...notes,
      '',
    ]);
    const page = renderHtml(report, { top: 10 });
    expect(page).toContain(`<p>4 days, ${head}</p>`);
    expect(page.split('class="behind"').length - 1).toBe(notes.length);
    for (const note of notes) {
      expect(page).toContain(note);
    }
  });
});

describe('at 80 columns', () => {
  it('says what it is about', () => {
    expect(
      renderPage(reportOf('segments'), { width: 80, color: false, top: 10 }).split('\n')[0],
    ).toBe('Sales 2026-01-01 to 2026-01-04  4 days, UTC, EUR');
  });

  it('shows the headline figures against the period before', () => {
    expect(page(80, 'headline')).toEqual([
      'Headline, against 2025-12-28 to 2025-12-31',
      'figure                period        before    change',
      '──────────────  ────────────  ────────────  ────────',
      'Revenue         3,145,022.95  2,900,000.00   ▲ +8.4%',
      'Orders                 2,000         2,500  ▼ -20.0%',
      'Average ticket      1,572.51      1,160.00  ▲ +35.6%',
      'Customers                100           100    = 0.0%',
      'Units sold            27,441             0       new',
    ]);
  });

  it('shows sales by day', () => {
    expect(page(80, 'days')).toEqual([
      'Revenue by day',
      '    2M ┤                ███████',
      '       │                ███████',
      '       │                ███████',
      '       │                ███████',
      '    1M ┤███████         ███████',
      '       │███████         ███████',
      '       │███████         ███████',
      // 145,022.95 is 0.58 of a line of 250,000: five eighths.
      '       │███████         ███████ ▅▅▅▅▅▅▅',
      '     0 ┼────────────────────────────────',
      '        01-01   01-02   01-03   01-04',
      'Best        2026-01-03  2,000,000.00',
      'Weakest     2026-01-04  145,022.95',
      '7-day mean  2026-01-04  786,255.74',
      'No sale on 1 of 4 days',
    ]);
  });

  const mean = (day: number): string => `7-day mean  2026-01-0${String(day)}  3.00`;

  it.each([
    [
      'the best and the weakest of those with a sale',
      ['5.00', null, '7.00'],
      [
        'Best        2026-01-03  7.00',
        'Weakest     2026-01-01  5.00',
        mean(3),
        'No sale on 1 of 3 days',
      ],
    ],
    [
      'one alone',
      [null, '7.00'],
      ['Best        2026-01-02  7.00', mean(2), 'No sale on 1 of 2 days'],
    ],
    ['days that are alike', ['7.00', '7.00'], ['Best        2026-01-01  7.00', mean(2)]],
    ['no best where nothing was earned', ['0.00', '0.00'], [mean(2)]],
    ['the weakest, below nothing', ['0.00', '-2.50'], ['Weakest     2026-01-02  -2.50', mean(2)]],
  ])('names of the days %s', (_, revenues, named) => {
    const lines = daysPage(revenues).split('\n');
    const labels = lines.findIndex((line) => line.startsWith('        01-01'));
    expect(labels).toBeGreaterThan(0);
    expect(lines.slice(labels + 1).filter((line) => line !== '')).toEqual(named);
  });

  it('names and draws no day where none has a sale, and says where the sales are', () => {
    expect(daysPage([null, null])).toBe(
      'Sales 2026-01-01 to 2026-01-04  4 days, UTC, EUR\n' +
        'There are no sales in this period. The sales are from 2025-12-01 to 2026-01-04.\n\n' +
        'Revenue by day\nnone\n',
    );
  });

  it('shows categories, products, places and customers with bars where there is room', () => {
    expect(page(80, 'categories')).toEqual([
      'Categories',
      'category   units  order lines       revenue  share',
      '────────  ──────  ───────────  ────────────  ─────  ────────────────────────────',
      'sports    20,000        9,000  2,312,516.46  75.0%  ████████████████████████████',
      'toys       7,441        1,977    770,838.83  25.0%  █████████▍',
    ]);
    expect(page(80, 'products')).toEqual([
      'Products, top 2',
      'product               category  units       revenue      margin  margin %  share',
      '────────────────────  ────────  ─────  ────────────  ──────────  ────────  ─────',
      'prod_a_rather_long_…  sports    1,200  1,000,000.00  250,000.00     25.0%  32.4%',
      'prod_2                              5    500,000.50       -1.10      0.0%  16.2%',
    ]);
    expect(page(80, 'places')).toEqual([
      'Places, top 2',
      'country  city           orders       revenue  share',
      '───────  ─────────────  ──────  ────────────  ─────  ───────────────────────────',
      'JP       東京            1,500  2,000,000.00  63.6%  ███████████████████████████',
      String.raw`DE       Berlin\x1b[2J     500  1,145,022.95  36.4%  ███████████████▌`,
    ]);
    expect(page(80, 'customers')).toEqual([
      'Customers, all time',
      'customer  country  city    segment   orders    revenue  last order',
      '────────  ───────  ──────  ────────  ──────  ─────────  ──────────  ────────────',
      'cust_19   DE       Berlin  champion      31  54,321.00  2026-01-04  ████████████',
    ]);
  });

  it('shows net sales as they are added up, a column for each currency', () => {
    expect(page(80, 'net_sales')).toEqual([
      'Net sales',
      'amount                EUR    USD',
      '───────────  ────────────  ─────',
      'Gross sales  3,000,000.00  10.00',
      'Discounts      100,000.00   0.00',
      'Returns         50,000.50  10.00',
      'Net sales    2,849,999.50   0.00',
      'Shipping        60,000.00   0.00',
      'Taxes          300,000.00   0.00',
      'Total sales  3,209,999.50   0.00',
      'Orders              1,999      1',
    ]);
  });

  it('shows the course of categories and customers, when orders come, and who comes again', () => {
    expect(page(80, 'categories_by_day')).toEqual([
      'Categories by day',
      'category       revenue  by day',
      '────────  ────────────  ──────',
      'sports    3,000,000.00  █ ▄',
      'toys      2,000,000.00    █',
      'others            0.50  █',
    ]);
    expect(page(80, 'new_and_returning')).toEqual([
      'New and returning customers',
      'customers  a day  at most  by day',
      '─────────  ─────  ───────  ──────',
      'New        750.0    1,000  █▄',
      'Returning    0.5        1   █',
    ]);
    expect(page(80, 'hours')).toEqual([
      'Orders by weekday and hour',
      '         00  02  04  06  08  10  12  14  16  18  20  22',
      'Monday       ░░░ ░░░ ▒▒▒ ▒▒▒ ▒▒▒ ▓▓▓ ▓▓▓ ▓▓▓ ███ ███ ███',
      'Tuesday',
      'Most: Monday, 22-24, 1,100 orders',
    ]);
    expect(page(80, 'cohorts')).toEqual([
      'Cohorts',
      'first month  customers  +1  +2  +11',
      '───────────  ─────────  ──  ──  ───',
      '2025-11          1,200  50  42    0',
      'Percent of them who bought so many months after',
    ]);
    expect(page(110, 'cohorts')[3]).toBe('2025-11          1,200  50.0  41.6  0.1');
  });

  it('shows the state of the data and what to do next', () => {
    expect(page(80, 'state')).toEqual([
      'State of the data',
      'Last event             2026-01-04 23:59:59 UTC',
      'Last event in bronze   2026-01-05 08:00:00 UTC',
      'Events in bronze       20,100',
      'Waiting for promotion  1,234 events',
      'Quarantined, open      1 event',
      'Last promotion         2026-01-05 07:00:00 UTC',
      'Latest run of promote  interrupted, 2026-01-05 09:00:00 UTC',
      'Next: medallion promote',
    ]);
  });

  it('shows what was refused and what was restated', () => {
    expect(page(80, 'restatements')).toEqual([
      'Restated days',
      'day         late events  orders        before           now   change',
      '──────────  ───────────  ──────  ────────────  ────────────  ───────',
      '2026-01-03            3   2 → 1  2,000,100.00  2,000,000.00  -100.00',
    ]);
    expect(page(100, 'restatements')[1]).toMatch(/ change {2}restated \(UTC\)$/);
    expect(page(80, 'quarantine').slice(0, 4)).toEqual([
      'Quarantine, open',
      'reason        rejected by  events  last (UTC)',
      '────────────  ───────────  ──────  ───────────────────  ────────────────────────',
      'invalid_json  silver            1  2026-01-05 07:00:00  ████████████████████████',
    ]);
  });
});

describe('beside the days', () => {
  it('shows the course of each figure where there is room', () => {
    expect(page(80, 'headline', 'days').slice(0, 6)).toEqual([
      'Headline, against 2025-12-28 to 2025-12-31',
      'figure                period        before    change  by day',
      '──────────────  ────────────  ────────────  ────────  ──────',
      'Revenue         3,145,022.95  2,900,000.00   ▲ +8.4%  ▄ █▁',
      'Orders                 2,000         2,500  ▼ -20.0%  █ ██',
      'Average ticket      1,572.51      1,160.00  ▲ +35.6%  █ ██',
    ]);
    expect(page(60, 'headline', 'days')[1]).not.toContain('by day');
  });
});

it('keeps figures below one another whatever stands before them', () => {
  const { period, reporting, amounts, writtenEvents } = reportOf();
  const names = ['Oslo', '東京', 'Ōsaka', '👩‍👩‍👧 家', 'e\u0301', '\u202ex'];
  const rows = names.map((city) => ({ ...ROWS.places[0], city })) as SectionRows['places'][];
  const sections = { places: { columns: [], rows } };
  const lines = renderPage(
    { period, reporting, amounts, writtenEvents, sections },
    { width: 60, color: false, top: 9 },
  ).split('\n');
  const places = lines
    .filter((line) => line.includes('63.6%'))
    .map((line) => widthOf(line.slice(0, line.indexOf('63.6%'))));
  expect(places).toEqual(names.map(() => places[0]));
});

describe('at 60 columns', () => {
  it('cuts names and leaves out what matters least', () => {
    expect(page(60, 'products')).toEqual([
      'Products, top 2',
      'product               units       revenue      margin  share',
      '────────────────────  ─────  ────────────  ──────────  ─────',
      'prod_a_rather_long_…  1,200  1,000,000.00  250,000.00  32.4%',
      'prod_2                    5    500,000.50       -1.10  16.2%',
    ]);
  });
});

describe('at 120 columns', () => {
  it('gives names and bars their room', () => {
    expect(page(120, 'products')).toEqual([
      'Products, top 2',
      'product                                category  units       revenue      margin  margin %  share',
      '─────────────────────────────────────  ────────  ─────  ────────────  ──────────  ────────  ─────  ─────────────────────',
      'prod_a_rather_long_name_for_a_product  sports    1,200  1,000,000.00  250,000.00     25.0%  32.4%  █████████████████████',
      'prod_2                                               5    500,000.50       -1.10      0.0%  16.2%  ██████████▌',
    ]);
  });
});

it('fits every width from 60 to 200 columns, without blanks at line ends', () => {
  for (let width = 60; width <= 200; width += 1) {
    const lines = renderPage(reportOf(), { width, color: false, top: 2 }).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    expect(lines.filter((line) => line.endsWith(' '))).toEqual([]);
  }
});

it('is at least 60 and at most 200 columns wide', () => {
  const at = (width: number): string => renderPage(reportOf(), { width, color: false, top: 2 });
  expect(at(20)).toBe(at(60));
  expect(at(500)).toBe(at(200));
});

it('says the same in colour', () => {
  const plain = renderPage(reportOf(), { width: 80, color: false, top: 2 });
  const colored = renderPage(reportOf(), { width: 80, color: true, top: 2 });
  expect(plain).not.toContain('\u001b');
  expect(colored).toContain('\u001b[32m▲ +8.4%\u001b[39m');
  expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
});

describe('without anything to show', () => {
  const empty = (writtenEvents: bigint, period?: Period): string =>
    renderPage(
      { period, reporting: DEFAULT_REPORTING, amounts: AMOUNTS, writtenEvents, sections: {} },
      { width: 80, color: false, top: 10 },
    );

  it('says which command comes next', () => {
    expect(empty(0n)).toBe(
      'The warehouse is empty.\nNext: medallion demo\n  or: medallion generate && medallion ingest\n',
    );
    expect(empty(20_000n)).toBe(
      '20,000 events in bronze, but gold holds no sales yet.\nNext: medallion promote\n',
    );
  });

  it('says where the sales are when the period has none', () => {
    expect(empty(1n, { ...PERIOD, since: '2027-01-01', until: '2027-01-01', days: 1 })).toBe(
      'Sales 2027-01-01 to 2027-01-01  1 day, UTC, EUR\n' +
        'There are no sales in this period. The sales are from 2025-12-01 to 2026-01-04.\n',
    );
  });

  it('leaves out troubles that there are not, unless asked for them', () => {
    const calm = (...names: SectionName[]): string => {
      const { sections, ...rest } = reportOf(...names);
      const none = { columns: [], rows: [] };
      return renderPage(
        { ...rest, sections: { ...sections, quarantine: none, restatements: none } },
        { width: 80, color: false, top: 10 },
      );
    };
    expect(calm()).not.toMatch(/Quarantine, open\n|Restated/);
    expect(calm('days')).toMatch(/\n\nQuarantine, open\nnone\n\nRestated days\nnone\n$/);
  });
});
