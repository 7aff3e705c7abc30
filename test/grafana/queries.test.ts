import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, withClient, type Client } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';
import { figureName } from '../../src/cli/render/report-text.ts';
import { grantRole } from '../../src/schema/grants.ts';
import { report } from '../../src/query/report/report.ts';
import {
  HOURS,
  MONTHS,
  NET_SALES,
  SECTION_NAMES,
  SECTIONS,
  type SectionName,
} from '../../src/query/report/sections.ts';
import { migrateWarehouse } from '../../src/postgres/warehouse.ts';
import { testServer, withDatabase, type TestDatabase } from '../support/postgres.ts';
import { committed, panelsOf, readAlertRules, readDashboard, type Panel } from './committed.ts';
import { expand, type Asking, type Chosen } from './expand.ts';
import { DAYS, salesWarehouse } from './warehouse.ts';

type Choices = Readonly<Record<string, Chosen>>;

const SALES = readDashboard('sales');
const PIPELINE = readDashboard('pipeline');
const TRACE = readDashboard('trace');
const ALL: Choices = Object.fromEntries(
  SALES.templating.list
    .filter(({ includeAll }) => includeAll === true)
    .map(({ name, allValue = '' }) => [name, { all: allValue }]),
);
const NOTHING: Choices = Object.fromEntries(
  [PIPELINE, TRACE].flatMap(({ templating }) =>
    templating.list.filter(({ type }) => type === 'textbox').map(({ name }) => [name, '']),
  ),
);
const NOW = {
  from: new Date(Date.now() - 86_400_000).toISOString(),
  to: new Date(Date.now() + 3_600_000).toISOString(),
};

const NUMBER_TYPES = [20, 21, 23, 700, 701, 1700];
const TEXT_TYPES = [25, 1043];
const TIMESTAMPTZ = 1184;

let database: TestDatabase;
/** Roles belong to the whole server: these get names of their own. */
const ROLE = `reader_${String(process.pid)}`;
const COMPOSE_ROLE = `grafana_${String(process.pid)}`;
const PASSWORD = 'secret';
let reader: Client;

beforeAll(async () => {
  database = await salesWarehouse();
  await grantRole(database.settings, {
    ...{ kind: 'reader', role: ROLE, create: true, password: PASSWORD, dryRun: false },
  });
  reader = await connect(as(ROLE));
});

afterAll(async () => {
  await reader.end();
  await database.drop();
  await withClient(testServer(), async (client) => {
    await client.query(`drop role if exists ${ROLE}`);
    await client.query(`drop role if exists ${COMPOSE_ROLE}`);
  });
});

function as(role: string): ConnectionSettings {
  return { ...database.settings, user: role, password: PASSWORD };
}

/** What docker-compose.yaml runs when the database is new. */
async function makeComposeRole(settings: ConnectionSettings): Promise<void> {
  const script = committed('reader.sql')
    .replace(/^\\getenv.*$/m, '')
    .replaceAll(/\bgrafana\b/g, COMPOSE_ROLE)
    .replace(":'password'", `'${PASSWORD}'`);
  await withClient(settings, (client) => client.query(script));
}

async function ask(
  sql: string,
  variables: Choices,
  asking: Partial<Asking> = {},
): Promise<{ rows: unknown[][]; fields: readonly { name: string; dataTypeID: number }[] }> {
  const text = expand(sql, { ...DAYS, interval: '1h', variables, ...asking });
  return reader.query<unknown[]>({ text, rowMode: 'array' });
}

/** The query of a panel, whose title may also say which days it shows. */
function sqlOf(panels: readonly Panel[], title: string): string {
  const isMeant = (panel: Panel): boolean => panel.title.replace(', ${days}', '') === title;
  return panels.find(isMeant)?.targets?.[0]?.rawSql ?? `no ${title}`;
}

async function rowsOf(
  title: string,
  variables: Choices,
  { of = SALES, ...asking }: Partial<Asking> & { of?: typeof SALES } = {},
): Promise<unknown[][]> {
  return (await ask(sqlOf(panelsOf(of), title), variables, asking)).rows;
}

const CHOICES: readonly [string, Choices][] = [
  ['all of everything', ALL],
  ['a country', { ...ALL, country: ['FR'] }],
  ['a category with a quote', { ...ALL, category: ["d'or"] }],
  ['a product with a double quote', { ...ALL, product: ['6" pipe'] }],
  [
    'two of each',
    { country: ['DE', 'FR'], category: ["d'or", 'books'], product: ['prod_1', 'prod_2'] },
  ],
];

describe('every query, as the read-only role', () => {
  it.each(
    [SALES, PIPELINE, TRACE].flatMap((dashboard) =>
      dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map(({ name, query }) => ({ title: dashboard.title, name, query })),
    ),
  )('offers values of the variable $name in $title', async ({ query }) => {
    for (const [what, choices] of CHOICES) {
      expect((await ask(query, choices)).rows.length, what).toBeGreaterThan(0);
    }
  });

  it.each([
    ...panelsOf(SALES).map((panel) => ({ of: SALES.title, panel, choices: CHOICES, range: DAYS })),
    ...panelsOf(PIPELINE).map((panel) => ({
      ...{
        of: PIPELINE.title,
        panel,
        choices: [['now', NOTHING]] as [string, Choices][],
        range: NOW,
      },
    })),
    ...panelsOf(TRACE).map((panel) => ({
      ...{ of: TRACE.title, panel, range: DAYS },
      choices: [['t3', { ...NOTHING, transaction: ' t3 ' }]] as [string, Choices][],
    })),
  ])(
    '$of: $panel.title has rows, and the columns that a $panel.type needs',
    async ({ panel, choices, range }) => {
      expect(panel.targets).toHaveLength(1);
      const { rawSql, format } = panel.targets?.[0] ?? { rawSql: '', format: '' };
      for (const [what, variables] of choices) {
        const { rows, fields } = await ask(rawSql, variables, range);
        expect(rows.length, what).toBeGreaterThan(0);
        expectColumns(panel, format, fields);
        if (panel.type === 'stat' && format === 'table') {
          expect(rows).toHaveLength(1);
          expect(rows[0]?.[0]).not.toBeNull();
        }
      }
    },
  );

  it.each(
    [SALES, PIPELINE].flatMap(({ annotations, title }) =>
      annotations.list.map(({ name, target }) => ({ of: title, name, sql: target.rawSql })),
    ),
  )('the annotation "$name" of $of has times and texts', async ({ sql }) => {
    const { fields } = await ask(sql, NOTHING, NOW);
    expect(fields.map(({ name }) => name)).toEqual(['time', 'text']);
    expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([TIMESTAMPTZ, 25]);
  });

  it.each(readAlertRules())('the alert "$title" asks for one number', async ({ data }) => {
    const { rows, fields } = await ask(data[0]?.model.rawSql ?? '', {});
    expect(fields.map(({ dataTypeID }) => NUMBER_TYPES.includes(dataTypeID))).toEqual([true]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.[0]).not.toBeNull();
  });
});

function expectColumns(
  { type, options, fieldConfig }: Panel,
  format: string,
  fields: readonly { name: string; dataTypeID: number }[],
): void {
  const names = fields.map(({ name }) => name);
  const ofType = (types: readonly number[]): string[] =>
    fields.filter(({ dataTypeID }) => types.includes(dataTypeID)).map(({ name }) => name);
  const shown = (fieldConfig?.overrides ?? []).map(({ matcher }) => matcher.options);
  if (type === 'table') {
    // Each column has a heading and a width of its own.
    expect(shown).toEqual(names);
  } else {
    expect(names).toEqual(expect.arrayContaining(shown));
  }
  if (type !== 'stat') {
    expect(format).toBe(type === 'timeseries' ? 'time_series' : 'table');
  }
  switch (type) {
    case 'stat':
      if (format === 'table') {
        expect(ofType(NUMBER_TYPES)).toEqual(names);
      } else {
        expect(names.slice(0, 2)).toEqual(['time', 'metric']);
        expect(ofType(NUMBER_TYPES)).toEqual(names.slice(2));
      }
      break;
    case 'timeseries':
      // Seconds since 1970 where Grafana's macros group the times.
      expect(names[0]).toBe('time');
      expect([TIMESTAMPTZ, ...NUMBER_TYPES]).toContain(fields[0]?.dataTypeID);
      expect(ofType(TEXT_TYPES)).toEqual(names.includes('metric') ? ['metric'] : []);
      expect(ofType(NUMBER_TYPES).filter((name) => name !== 'time')).not.toEqual([]);
      break;
    case 'barchart':
      expect(ofType(TEXT_TYPES)).toEqual([options.xField]);
      expect(ofType(NUMBER_TYPES)).toHaveLength(1);
      break;
    case 'piechart':
      expect(ofType(TEXT_TYPES)).toHaveLength(1);
      expect(ofType(NUMBER_TYPES)).toHaveLength(1);
      break;
    case 'geomap':
      expect(names).toEqual(['country', 'name', 'orders', 'revenue']);
      break;
    default:
      expect(type).toBe('table');
  }
}

/** What a tile says: its small line, and its points added up, or the last of them. */
async function tile(
  title: string,
  choices: Choices = ALL,
  asking: Partial<Asking> = {},
): Promise<[unknown, number | null]> {
  const panel = panelsOf(SALES).find((candidate) => candidate.title === title);
  const points = await rowsOf(title, choices, asking);
  expect(new Set(points.map(([, text]) => text)).size, title).toBe(1);
  const values = points.map((point) => point[2]);
  const isSum = panel?.options.reduceOptions?.calcs[0] === 'sum';
  const cents = values.reduce<number>((sum, value) => sum + Math.round(Number(value) * 100), 0);
  const last = values.at(-1) ?? null;
  return [points[0]?.[1], isSum ? cents / 100 : last === null ? null : Number(last)];
}

/** Numbers that name something. */
const NAMES = ['partition', 'offset', 'run_id', 'line'];
const DATE = 1082;

it.each([SALES, PIPELINE, TRACE].map((of) => ({ of, title: of.title })))(
  '$title gives each number and each time of a table a unit, and days no hours',
  async ({ of }) => {
    const variables = { ...NOTHING, ...(of === SALES ? ALL : {}) };
    for (const { title, type, targets, fieldConfig } of panelsOf(of)) {
      const { fields } = await ask(targets?.[0]?.rawSql ?? '', variables);
      expect(
        fields.map(({ dataTypeID }) => dataTypeID),
        title,
      ).not.toContain(DATE);
      const bare = fields.filter(({ name, dataTypeID }) => {
        const override = fieldConfig?.overrides.find(({ matcher }) => matcher.options === name);
        return (
          [...NUMBER_TYPES, TIMESTAMPTZ].includes(dataTypeID) &&
          override?.properties.some(({ id }) => id === 'unit') !== true
        );
      });
      const names = bare.map(({ name }) => name).filter((name) => !NAMES.includes(name));
      expect(type === 'table' ? names : [], title).toEqual([]);
    }
  },
);

describe('Sales', () => {
  it('offers the values that there are, and the products of the chosen categories', async () => {
    const offered = async (name: string, choices = ALL): Promise<unknown[]> => {
      const variable = SALES.templating.list.find((candidate) => candidate.name === name);
      return (await ask(variable?.query ?? '', choices)).rows.flat();
    };
    expect(await offered('country')).toEqual(['DE', 'FR']);
    expect(await offered('category')).toEqual(['books', "d'or", 'garden']);
    expect(await offered('product')).toEqual(['6" pipe', 'prod_1', 'prod_2', 'prod_3']);
    expect(await offered('product', { ...ALL, category: ["d'or"] })).toEqual(['prod_2']);
  });

  it.each<[string, string, number]>([
    ['Revenue', '-4.8 %, EUR+USD', 190.5],
    ['Orders', '+200.0 %', 3],
    ['Average ticket', '-68.3 %, EUR+USD', 63.5],
    ['Customers', '+100.0 %', 2],
    ['Units sold', '+400.0 %', 5],
    ['Units an order', '+67.0 %', 1.67],
    // 34.25 of 60.25, after 80.00 of 180.00.
    ['Gross margin', '+12.4 points', 56.8],
    ['Discount share', '+0.0 points', 0],
    // cust_1 has two orders, cust_2 one.
    ['Repeat rate', '+50.0 points', 50],
  ])('%s says what it is and how it compares', async (title, text, value) => {
    expect(await tile(title)).toEqual([text, value]);
  });

  it('draws the course of the repeat rate: cust_1 bought again on the second day', async () => {
    const course = (await rowsOf('Repeat rate', ALL)).map(([, , rate]) => rate);
    expect(course).toEqual(['0.0', '50.0', '50.0']);
  });

  it('counts no guest as a customer, whatever is chosen', async () => {
    await change(`
      insert into gold.customer_days
      select '', date_key, country, city, orders, subtotal, tax_amount, discount_amount, total_amount
      from gold.customer_days where customer_id = 'cust_2'`);
    await change(
      `update silver.fact_transactions set customer_id = null where transaction_id = 't2'`,
    );
    try {
      expect(await tile('Customers')).toEqual(['+100.0 %', 2]);
      expect(await tile('Customers', { ...ALL, category: ['books'] })).toEqual(['none before', 1]);
      for (const choices of [ALL, { ...ALL, category: ['books'] }]) {
        const bought = await rowsOf('Customers who bought most', choices);
        expect(bought.map(([customer]) => customer)).not.toContain('');
        expect(bought.map(([customer]) => customer)).not.toContain(null);
      }
    } finally {
      await change(`delete from gold.customer_days where customer_id = ''`);
      await change(
        `update silver.fact_transactions set customer_id = 'cust_2' where transaction_id = 't2'`,
      );
    }
  });

  it('says the same figures, by the same names, as medallion report', async () => {
    const period = { since: '2020-01-01', until: '2020-01-03' };
    const { sections } = await withClient(database.settings, (client) =>
      report(client, { ...period, top: 1 }),
    );
    const figures = sections.headline?.rows ?? [];
    expect(figures).toHaveLength(9);
    for (const { figure, value } of figures) {
      const [, shown] = await tile(figureName(figure));
      expect(shown, figure).toBe(Number(value));
    }
  });

  const DAY = { date_key: 'time' };
  const SOLD = { orders: 'orders', revenue: 'revenue' };
  const same = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, name]));

  /** Columns of a section, and those of the panel of its title. */
  const COLUMNS: Partial<Record<SectionName, Record<string, string>>> = {
    days: { ...DAY, revenue: 'revenue', mean_of_7_days: '7-day mean' },
    net_sales: same(['currency', 'orders', ...NET_SALES]),
    categories_by_day: { ...DAY, category: 'metric', revenue: 'revenue' },
    categories: same(['category', 'revenue']),
    products: same(['product', 'category', 'units', 'revenue', 'margin', 'margin_percent']),
    movers: same(['product', 'before', 'revenue', 'change', 'change_percent']),
    places: { ...same(['country', 'city', 'share_percent']), ...SOLD },
    hours: same(['weekday', ...HOURS]),
    payments: same(['payment_method', 'revenue']),
    statuses: same(['status', 'orders']),
    currencies: { ...same(['currency', 'share_percent']), ...SOLD },
    segments: { ...same(['segment', 'customers', 'share_percent']), ...SOLD },
    new_and_returning: { ...DAY, new_customers: 'new', returning_customers: 'returning' },
    cohorts: same(['first_month', 'customers', ...MONTHS]),
  };

  it('compares every section of medallion report but those of the headline, leaders of all time and the data', () => {
    const others = SECTION_NAMES.filter((name) => COLUMNS[name] === undefined);
    expect(others).toEqual(['headline', 'customers', 'state', 'quarantine', 'restatements']);
  });

  it.each(Object.entries(COLUMNS) as [SectionName, Record<string, string>][])(
    '%s are those of medallion report, under the same title',
    async (name, columns) => {
      const period = { since: '2020-01-01', until: '2020-01-03' };
      const { sections } = await withClient(database.settings, (client) =>
        report(client, { ...period, top: 100 }),
      );
      const said: readonly Readonly<Record<string, string | null>>[] = sections[name]?.rows ?? [];
      const { rows, fields } = await ask(sqlOf(panelsOf(SALES), SECTIONS[name].title), ALL);
      const shown = rows.map((row) =>
        Object.fromEntries(fields.map((field, index) => [field.name, row[index]])),
      );
      const plain = (value: unknown): unknown =>
        typeof value === 'string' && /^-?[\d.]+$/.test(value)
          ? Number(value)
          : String(value).replace(' 00:00:00+00', '');
      expect(shown.length).toBeGreaterThan(0);
      expect(said.map((row) => Object.keys(columns).map((column) => plain(row[column])))).toEqual(
        shown.map((row) => Object.values(columns).map((column) => plain(row[column]))),
      );
    },
  );

  const day = (date: string, ...values: (string | null)[]): (string | null)[] => [
    `${date} 00:00:00+00`,
    ...values,
  ];

  it.each<[string, unknown[][]]>([
    [
      'Revenue by day',
      [
        // The mean of seven days counts 200.00 of 2019-12-31.
        day('2020-01-01', '150.50', '50.07', null, null, null),
        day('2020-01-02', '40.00', '55.79', null, null, null),
        day('2020-01-03', '0', '55.79', null, null, null),
      ],
    ],
    [
      'Orders by day',
      [
        day('2020-01-01', '2', '0.43', null, null, null),
        day('2020-01-02', '1', '0.57', null, null, null),
        day('2020-01-03', '0', '0.57', null, null, null),
      ],
    ],
    [
      'Categories by day',
      [
        day('2020-01-01', 'books', '30.00'),
        day('2020-01-01', "d'or", '20.25'),
        day('2020-01-02', 'books', '10.00'),
      ],
    ],
    [
      'Categories',
      [
        ['books', '40.00'],
        ["d'or", '20.25'],
      ],
    ],
    [
      'Products',
      [
        ['prod_1', 'books', '3.000', '30.00', '18.00', '60.0'],
        ['prod_2', "d'or", '1.000', '20.25', '10.25', '50.6'],
        ['6" pipe', 'books', '1.000', '10.00', '6.00', '60.0'],
      ],
    ],
    [
      'Movers',
      [
        ['prod_3', '180.00', '0', '-180.00', '-100.0'],
        ['prod_1', '0', '30.00', '30.00', null],
        ['prod_2', '0', '20.25', '20.25', null],
        ['6" pipe', '0', '10.00', '10.00', null],
      ],
    ],
    [
      'Map',
      [
        ['DE', 'Germany', '2', '140.00'],
        ['FR', 'France', '1', '50.50'],
      ],
    ],
    [
      'Places',
      [
        ['DE', 'Berlin', 'Germany', '2', '140.00', '73.5'],
        ['FR', 'Paris', 'France', '1', '50.50', '26.5'],
      ],
    ],
    [
      'Payment methods',
      [
        ['credit card', '140.00'],
        ['paypal', '50.50'],
      ],
    ],
    ['Order status', [['placed', '3']]],
    [
      'Net sales',
      [
        ['EUR', '2', '20.00', '0.00', '0.00', '20.00', '0.40', '2.00', '22.40'],
        ['USD', '1', '10.00', '0.00', '0.00', '10.00', '0.20', '1.00', '11.20'],
      ],
    ],
    // By its code, though the dimension's name of it is US-DOLLAR.
    [
      'Currencies',
      [
        ['EUR', '2', '140.00', '66.7'],
        ['USD', '1', '50.50', '33.3'],
      ],
    ],
    [
      'New and returning customers',
      [day('2020-01-01', '2', '0'), day('2020-01-02', '0', '1'), day('2020-01-03', '0', '0')],
    ],
    [
      'Cohorts',
      [
        ['2019-12', '1', ...Array.from({ length: 11 }, () => null)],
        ['2020-01', '2', ...Array.from({ length: 11 }, () => null)],
      ],
    ],
  ])('%s tells what was sold in the time range', async (title, answer) => {
    expect(await rowsOf(title, ALL)).toEqual(answer);
  });

  it.each([
    // 2019-12-31 had 200.00.
    ['a week before', '2020-01-07', ['0', '27.21', '200.00', null, null]],
    ['a year of 52 weeks before', '2020-12-29', ['0', '0.00', null, '200.00', null]],
  ])('sets a day beside that of %s', async (_what, date, figures) => {
    const range = { from: `${date}T00:00:00Z`, to: `${date}T23:59:59.999Z` };
    expect(await rowsOf('Revenue by day', ALL, range)).toEqual([day(date, ...figures)]);
  });

  it('knows the hours: two orders on a Wednesday, at midnight and at noon, one on a Thursday at nine', async () => {
    const sold = (await rowsOf('Orders by weekday and hour', ALL)).flatMap(([weekday, ...hours]) =>
      hours.flatMap((orders, hour) => (orders === '0' ? [] : [[weekday, hour * 2, orders]])),
    );
    expect(sold).toEqual([
      ['Wednesday', 0, '1'],
      ['Wednesday', 12, '1'],
      ['Thursday', 8, '1'],
    ]);
  });

  it('has no hours, but a word for it, where nothing was sold', async () => {
    const nothing = { ...ALL, country: ['DE'], category: ["d'or"] };
    expect(await rowsOf('Orders by weekday and hour', nothing)).toEqual([]);
  });

  it.each<[string, string, Choices, unknown]>([
    ['Revenue', 'from France', { country: ['FR'] }, ['-74.8 %, USD', 50.5]],
    ['Revenue', 'of orders with gold', { category: ["d'or"] }, ['none before, USD', 50.5]],
    ['Revenue', 'of orders with a pipe', { product: ['6" pipe'] }, ['none before, EUR', 40]],
    ['Revenue', 'of nothing', { country: ['DE'], category: ["d'or"] }, ['none, as before', 0]],
    ['Revenue', 'of what is gone', { product: ['prod_3'] }, ['-100.0 %', 0]],
    ['Average ticket', 'of what is gone', { product: ['prod_3'] }, ['none now', null]],
    [
      'Average ticket',
      'of nothing',
      { country: ['DE'], category: ["d'or"] },
      ['none, as before', null],
    ],
    ['Customers', 'with books', { category: ['books'] }, ['none before', 2]],
    ['Units sold', 'of books', { category: ['books'] }, ['none before', 4]],
    [
      'Units sold',
      'of books to France',
      { country: ['FR'], category: ['books'] },
      ['none before', 1],
    ],
    ['Repeat rate', 'in France', { country: ['FR'] }, ['+0.0 points', 0]],
    ['Gross margin', 'of what is gone', { product: ['prod_3'] }, ['none now', null]],
  ])('%s %s', async (title, _what, choices, answer) => {
    expect(await tile(title, { ...ALL, ...choices })).toEqual(answer);
  });

  it.each<[string, string, Choices, unknown[][]]>([
    ['Payment methods', 'in France', { country: ['FR'] }, [['paypal', '50.50']]],
    [
      'Categories',
      'in France',
      { country: ['FR'] },
      [
        ["d'or", '20.25'],
        ['books', '10.00'],
      ],
    ],
    ['Map', 'with gold', { category: ["d'or"] }, [['FR', 'France', '1', '50.50']]],
    [
      'Products',
      'of books in France',
      { country: ['FR'], category: ['books'] },
      [['prod_1', 'books', '1.000', '10.00', '6.00', '60.0']],
    ],
  ])('%s %s', async (title, _what, choices, answer) => {
    expect(await rowsOf(title, { ...ALL, ...choices })).toEqual(answer);
  });

  it.each([
    ['days', DAYS],
    // 2019-12-29 to 2020-02-01, the month before in the period before.
    [
      'a whole month and days around it',
      { from: '2019-12-29T06:00:00Z', to: '2020-02-02T06:00:00Z' },
    ],
    ['two whole months', { from: '2019-12-01T00:00:00Z', to: '2020-01-31T23:59:59.999Z' }],
    ['the ends of two months', { from: '2019-12-31T00:00:00Z', to: '2020-01-02T23:59:59.999Z' }],
    [
      'a month whose last day is left out',
      { from: '2020-01-01T00:00:00Z', to: '2020-01-31T12:00:00Z' },
    ],
  ])('says the same of silver, every value chosen, as of gold: %s', async (_what, range) => {
    const everything = {
      country: ['DE', 'FR'],
      category: ['books', "d'or", 'garden'],
      product: ['6" pipe', 'prod_1', 'prod_2', 'prod_3'],
    };
    for (const { title } of panelsOf(SALES)) {
      const name = title.replace(', ${days}', '');
      const said = await rowsOf(name, everything, range);
      expect(said, title).toEqual(await rowsOf(name, ALL, range));
    }
  });

  it.each(
    panelsOf(SALES)
      .map(({ title }) => title.replace(', ${days}', ''))
      .filter((title) => title !== 'Data up to'),
  )('%s reads gold alone as long as nothing is chosen', async (title) => {
    const plan = (await ask(`explain ${sqlOf(panelsOf(SALES), title)}`, ALL)).rows.flat();
    expect(plan.join('\n')).not.toMatch(/ on fact_/);
  });

  it('its annotations mark restated days, failed runs and bursts of rejected events', async () => {
    const marks = async (name: string, asking: Partial<Asking>): Promise<unknown[][]> => {
      const found = SALES.annotations.list.find((candidate) => candidate.name === name);
      const { rows } = await ask(found?.target.rawSql ?? '', ALL, asking);
      return rows.map(([time, text]) => [new Date(String(time)).toISOString(), text]);
    };
    expect(SALES.annotations.list.map(({ name }) => name)).toEqual([
      ...['Restated days', 'Failed runs', 'Bursts of rejected events'],
    ]);
    const restated = 'Restated once, by +10.00';
    expect(await marks('Restated days', DAYS)).toEqual([['2020-01-02T00:00:00.000Z', restated]]);
    // A range that begins within the day has its mark at its beginning.
    const noon = '2020-01-02T12:00:00.000Z';
    expect(await marks('Restated days', { ...DAYS, from: noon })).toEqual([[noon, restated]]);
    expect(await marks('Restated days', { ...DAYS, to: '2020-01-01T23:59:59.999Z' })).toEqual([]);

    const month = { ...NOW, from: new Date(Date.now() - 30 * 864e5).toISOString() };
    const failed = await marks('Failed runs', month);
    expect(failed.map(([, text]) => text)).toEqual([
      expect.stringMatching(/^ingest failed: medallion runs show \d+$/),
    ]);
    expect(failed[0]?.[0]).toMatch(/T00:00:00.000Z$/);
    await change(`
      insert into medallion.runs (command, version, arguments, started_at, finished_at, outcome)
      select 'made up', '0.1.0', '{}', finished_at, finished_at, 'failed'
      from medallion.runs where outcome = 'failed'`);
    await change(`
      insert into bronze.quarantine (topic, partition, "offset", stage, reason, raw, produced_at, run_id)
      select 'burst', 0, n, 'silver', 'no_items', null, now(), 1 from generate_series(1, 10) as n`);
    try {
      expect((await marks('Failed runs', month)).map(([, text]) => text)).toEqual([
        expect.stringMatching(/^2 runs failed: medallion runs show \d+ has the latest$/),
      ]);
      expect((await marks('Bursts of rejected events', month)).map(([, text]) => text)).toEqual([
        '12 events rejected in this hour',
      ]);
    } finally {
      await change(`delete from bronze.quarantine where topic = 'burst'`);
      await change(`delete from medallion.runs where command = 'made up'`);
    }
  });

  it('means days of UTC, whatever the time zone of the session', async () => {
    const inUtc = await tile('Revenue');
    const hours = await rowsOf('Orders by weekday and hour', ALL);
    await reader.query("set time zone 'Pacific/Kiritimati'");
    try {
      expect(await tile('Revenue')).toEqual(inUtc);
      for (const choices of [ALL, { ...ALL, country: ['DE', 'FR'] }]) {
        expect(await rowsOf('Orders by weekday and hour', choices)).toEqual(hours);
      }
      const days = (await rowsOf('Revenue by day', ALL)).map(([time]) => time);
      expect(days[0]).toBe('2020-01-01 14:00:00+14');
    } finally {
      await reader.query("set time zone 'UTC'");
    }
  });

  const AT = Date.UTC(2020, 0, 1);
  it.each([
    [
      'an hour of a day is that day',
      AT + 36e6,
      AT + 39.6e6,
      ['1 Jan 2020', 'against 31 Dec 2019'],
      150.5,
    ],
    ['a day up to midnight', AT, AT + 864e5, ['1 Jan 2020', 'against 31 Dec 2019'], 150.5],
    [
      '24 hours from within a day: one day',
      AT + 36e6,
      AT + 36e6 + 864e5,
      ['1 Jan 2020', 'against 31 Dec 2019'],
      150.5,
    ],
    [
      'three days from within a day',
      AT + 36e6,
      AT + 36e6 + 3 * 864e5,
      ['1 Jan 2020 to 3 Jan 2020', 'against 29 Dec 2019 to 31 Dec 2019'],
      190.5,
    ],
    [
      'seven days from within a day',
      AT - 5 * 864e5 + 36e6,
      AT + 2 * 864e5 + 36e6,
      ['27 Dec 2019 to 2 Jan 2020', 'against 20 Dec 2019 to 26 Dec 2019'],
      390.5,
    ],
  ])('counts whole days: %s', async (_what, from, to, shown, revenue) => {
    const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const said: unknown[] = [];
    for (const name of ['days', 'before']) {
      const variable = SALES.templating.list.find((candidate) => candidate.name === name);
      said.push(...(await ask(variable?.query ?? '', ALL, range)).rows.flat());
    }
    expect(said).toEqual(shown);
    expect((await tile('Revenue', ALL, range))[1]).toBe(revenue);
  });

  it('leaves today out of what is compared, and shows it apart; a range within today is today so far', async () => {
    const { today, week } = await databaseDays();
    await sell(today, 5);
    try {
      const now = new Date();
      const lastWeek = { from: week, to: now.toISOString() };
      expect(await tile('Revenue', ALL, lastWeek)).toEqual(['none, as before', 0]);
      const days = await rowsOf('Revenue by day', ALL, lastWeek);
      expect(days).toHaveLength(8);
      expect(days.slice(0, 7).map((row) => row[5])).toEqual(Array.from({ length: 7 }, () => null));
      expect(days[7]).toEqual([`${today} 00:00:00+00`, null, null, null, null, '5.00']);

      const start = `${today}T00:00:00.000Z`;
      const soFar = { from: start, to: `${today}T23:59:59.999Z` };
      expect(await tile('Revenue', ALL, soFar)).toEqual(['so far', 5]);
      expect((await rowsOf('Revenue by day', ALL, soFar)).map((row) => row[1])).toEqual(['5.00']);
      expect(await rowsOf('Movers', ALL, soFar)).toEqual([]);
    } finally {
      await unsell(today);
    }
  });
});

async function databaseDays(): Promise<{ today: string; week: string }> {
  const { rows } = await withClient(database.settings, (client) =>
    client.query<{ today: string }>(`select (now() at time zone 'UTC')::date as today`),
  );
  const today = rows[0]?.today ?? '';
  return { today, week: new Date(Date.now() - 7 * 864e5).toISOString() };
}

async function sell(day: string, revenue: number): Promise<void> {
  await change(`insert into gold.sales_performance values ($1, 1, 1, $2, 0, 0, $2, 1, 1, 1)`, [
    day,
    revenue,
  ]);
}

async function unsell(day: string): Promise<void> {
  await change('delete from gold.sales_performance where date_key = $1', [day]);
}

async function change(statement: string, values: readonly unknown[] = []): Promise<void> {
  await withClient(database.settings, (client) => client.query(statement, [...values]));
}

describe('Pipeline health', () => {
  const tell = (title: string, asking: Partial<Asking> = NOW): Promise<unknown[][]> =>
    rowsOf(title, NOTHING, { of: PIPELINE, ...asking });

  it.each<[string, unknown[][]]>([
    ['Waiting for promotion', [['1']]],
    ['Days waiting for gold', [['0']]],
    ['In quarantine', [['2']]],
    // Two of the eight events that were promoted.
    ['Quarantine share', [['25.00']]],
    ['Failed runs', [['1']]],
    [
      'Quarantine by reason',
      [
        ['invalid json', '1'],
        ['unknown reference', '1'],
      ],
    ],
  ])('%s', async (title, answer) => {
    expect(await tell(title)).toEqual(answer);
  });

  it('Throughput counts what was ingested and promoted', async () => {
    expect(await throughput()).toEqual(
      new Map([
        ['ingest', 9],
        ['promote', 8],
      ]),
    );
  });

  async function throughput(asking: Partial<Asking> = NOW): Promise<Map<unknown, number>> {
    const events = new Map<unknown, number>();
    for (const [, command, count] of await tell('Throughput', asking)) {
      events.set(command, (events.get(command) ?? 0) + Number(count));
    }
    return events;
  }

  it('Throughput counts a run that goes on, also where the clock of the browser is behind', async () => {
    await change(`
      with run as (
          insert into medallion.runs (command, version, arguments, started_at, outcome)
          values ('generate', '0.1.0', '{}', now() - interval '2 hours', 'running')
          returning run_id
      )
      insert into medallion.run_partitions (run_id, topic, partition, from_offset, to_offset, events)
      select run_id, 'sales', 0, 0, 7, 7 from run`);
    try {
      const to = new Date(Date.now() - 3_600_000).toISOString();
      expect((await throughput({ ...NOW, to })).get('generate')).toBe(7);
    } finally {
      await change(`delete from medallion.runs where command = 'generate'`);
    }
  });

  it('Throughput has a line for each command, none on top of another', () => {
    const panel = panelsOf(PIPELINE).find(({ title }) => title === 'Throughput');
    expect(panel?.fieldConfig?.defaults.custom).not.toHaveProperty('stacking.mode', 'normal');
  });

  it('the quarantine is there in a range of minutes, too', async () => {
    const to = new Date(Date.now() + 60_000);
    const range = { from: new Date(to.getTime() - 120_000).toISOString(), to: to.toISOString() };
    expect(await tell('Quarantine share', range)).toEqual([['25.00']]);
    const rejected = await tell('Rejected by hour', range);
    expect(rejected.map(([, reason, events]) => [reason, events])).toEqual([
      ['invalid json', '1'],
      ['unknown reference', '1'],
    ]);
    for (const [time] of rejected) {
      expect(Date.parse(String(time))).toBeGreaterThanOrEqual(Date.parse(range.from));
    }
  });

  it('Freshness tells the latest event of each layer', async () => {
    const layers = (await tell('Freshness')).map(([layer, latest]) => [layer, latest]);
    expect(layers).toEqual([
      ['bronze', '2026-02-01 00:00:08'],
      ['silver', '2020-01-02 09:30:00'],
      ['gold', '2020-01-02'],
    ]);
  });

  it('Lag by partition and Restatements name what waits and what changed', async () => {
    const lag = (await tell('Lag by partition')).map((row) => row.slice(0, 3));
    expect(lag).toEqual([['sales', '0', '1']]);
    const restated = (await tell('Restatements')).map(([day, , ...figures]) => [day, ...figures]);
    expect(restated).toEqual([['2020-01-02', '1', '0', '40.00', '10.00']]);
  });

  it('a reason leads to its events, and an event to its transaction', async () => {
    const rejected = async (reason: string): Promise<unknown[][]> =>
      (await rowsOf('Rejected events', { ...NOTHING, reason }, { of: PIPELINE, ...NOW })).map(
        ([, ...event]) => event,
      );
    const json = ['invalid json', null, null, 'sales', '0', '6', 'open'];
    const reference = [
      ...['unknown reference', 'order.payment_method', 't5', 'sales', '0', '7', 'open'],
    ];
    expect(await rejected('')).toEqual([json, reference]);
    expect(await rejected('unknown reference')).toEqual([reference]);
    expect(await rejected('invalid_json')).toEqual([json]);
  });

  it('Check results have the latest of each check, once', async () => {
    const checks = (await tell('Check results')).map(([, model, name]) => [model, name]);
    expect(checks).toContainEqual(['gold.sales_performance', 'a day has orders']);
    expect(new Set(checks.map(String)).size).toBe(checks.length);
  });

  it('its annotations mark failed runs and bursts of rejected events', async () => {
    const marks = async (name: string): Promise<unknown[]> => {
      const found = PIPELINE.annotations.list.find((candidate) => candidate.name === name);
      return (await ask(found?.target.rawSql ?? '', NOTHING, NOW)).rows.map(([, text]) => text);
    };
    expect(await marks('Failed runs')).toEqual([
      expect.stringMatching(/^ingest failed: medallion runs show \d+$/),
    ]);
    expect(await marks('Bursts of rejected events')).toEqual([]);
    await change(`
      insert into bronze.quarantine (topic, partition, "offset", stage, reason, raw, produced_at, run_id)
      select 'burst', 0, n, 'silver', 'no_items', null, now(), 1 from generate_series(1, 10) as n`);
    try {
      expect(await marks('Bursts of rejected events')).toEqual(['12 events rejected in this hour']);
    } finally {
      await change(`delete from bronze.quarantine where topic = 'burst'`);
    }
  });
});

describe('the alerts', () => {
  async function firing(): Promise<string[]> {
    const uids: string[] = [];
    for (const { uid, data } of readAlertRules()) {
      const [[value] = []] = (await ask(data[0]?.model.rawSql ?? '', {})).rows;
      const limit = data[1]?.model.conditions?.[0]?.evaluator.params[0];
      if (Number(value) > Number(limit)) {
        uids.push(uid.replace('medallion-', ''));
      }
    }
    return uids;
  }

  it('fire for rejected events and a failed run, and not for what is well', async () => {
    expect(await firing()).toEqual(['quarantine-share', 'failed-run']);
  });

  /** As many orders in each hour of the day a week ago as given. */
  async function aWeekAgo(orders: number): Promise<void> {
    await change(
      `insert into gold.hourly_sales (date_key, hour, orders, revenue)
       select distinct (at - interval '7 days')::date, extract(hour from at), $1::bigint, 1
       from generate_series(
           now() at time zone 'UTC' - interval '1 day', now() at time zone 'UTC', interval '1 hour'
       ) as at`,
      [orders],
    );
  }

  it('miss events where the same hours of earlier weeks had orders, and none where the shop slept', async () => {
    await change(`update medallion.offsets set last_produced_at = now() - interval '4 hours'`);
    try {
      // Of four earlier weeks one has orders: three whole hours of 20 are 15 a week.
      await aWeekAgo(20);
      expect(await firing()).toContain('freshness');
      await change(`update medallion.offsets set last_produced_at = now() - interval '5 minutes'`);
      expect(await firing()).not.toContain('freshness');
    } finally {
      await change(`delete from gold.hourly_sales where date_key > '2021-01-01'`);
      await change(`update medallion.offsets set last_produced_at = '2026-02-01 00:00:08+00'`);
    }
  });

  it('sleep with a shop: hours in which earlier weeks had no order miss none', async () => {
    await change(`update medallion.offsets set last_produced_at = now() - interval '4 hours'`);
    try {
      await aWeekAgo(20);
      await change(`
        delete from gold.hourly_sales
        where date_key + hour * interval '1 hour' >= now() at time zone 'UTC' - interval '7 days 6 hours'`);
      expect(await firing()).not.toContain('freshness');
      await change(`update medallion.offsets set last_produced_at = now() - interval '10 hours'`);
      expect(await firing()).toContain('freshness');
    } finally {
      await change(`delete from gold.hourly_sales where date_key > '2021-01-01'`);
      await change(`update medallion.offsets set last_produced_at = '2026-02-01 00:00:08+00'`);
    }
  });

  it('fire for an event that has waited for more than 15 minutes', async () => {
    const wait = (minutes: number): Promise<void> =>
      change(
        `update bronze.events set ingested_at = now() - $1 * interval '1 minute' where "offset" = 8`,
        [minutes],
      );
    try {
      await wait(16);
      expect(await firing()).toContain('lag-time');
      await wait(14);
      expect(await firing()).not.toContain('lag-time');
    } finally {
      await wait(0);
    }
  });

  it('fire for more than 100,000 events that wait', async () => {
    // One event waits: offsets that nobody has read count as events, too.
    const hold = (more: number): Promise<void> =>
      change(`update medallion.offsets set next_offset = next_offset + $1`, [more]);
    try {
      await hold(100_000);
      expect(await firing()).toContain('lag-events');
      await hold(-1);
      expect(await firing()).not.toContain('lag-events');
    } finally {
      await hold(-99_999);
    }
  });

  it('are each made to fire by one of these tests', () => {
    expect(
      readAlertRules()
        .map(({ uid }) => uid.replace('medallion-', ''))
        .sort(),
    ).toEqual([
      ...['failed-check', 'failed-run', 'freshness', 'lag-events', 'lag-time', 'promotion'],
      'quarantine-share',
    ]);
  });

  it('fire for a check that kept gold from being published, until a later promotion meets it', async () => {
    const check = (run: number, outcome: string): Promise<void> =>
      change(
        `insert into medallion.check_results (run_id, model, check_name, severity, failing, checked, outcome)
         values ($1, 'gold.made_up', 'holds', 'error', 1, 1, $2)`,
        [run, outcome],
      );
    try {
      await check(1000, 'error');
      expect(await firing()).toContain('failed-check');
      await check(1001, 'pass');
      expect(await firing()).not.toContain('failed-check');
    } finally {
      await change(`delete from medallion.check_results where model = 'gold.made_up'`);
    }
  });

  it('fire when no promotion was completed for more than 26 hours', async () => {
    await change(
      `update medallion.runs set finished_at = finished_at - interval '27 hours' where command = 'promote'`,
    );
    try {
      expect(await firing()).toContain('promotion');
    } finally {
      await change(
        `update medallion.runs set finished_at = finished_at + interval '27 hours' where command = 'promote'`,
      );
    }
  });
});

describe('before the first promotion', () => {
  it('every query answers, and no alert is green or red about what never came', async () => {
    await withDatabase(
      async ({ settings }) => {
        // As with docker compose: the role is made with the database, the tables by the first command.
        await makeComposeRole(settings);
        await migrateWarehouse(settings);
        await withClient(
          { ...settings, user: COMPOSE_ROLE, password: PASSWORD },
          async (client) => {
            const rows = async (sql: string, isSales = false): Promise<unknown[][]> => {
              const text = expand(sql, {
                ...{ ...NOW, interval: '1h' },
                variables: { ...NOTHING, transaction: 't1', ...(isSales ? ALL : {}) },
              });
              return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
            };
            for (const dashboard of [SALES, PIPELINE, TRACE]) {
              const queries = [
                ...panelsOf(dashboard).map((panel) => panel.targets?.[0]?.rawSql),
                ...dashboard.templating.list
                  .filter(({ type }) => type === 'query')
                  .map(({ query }) => query),
                ...dashboard.annotations.list.map(({ target }) => target.rawSql),
              ];
              for (const sql of queries) {
                await expect(rows(sql ?? '', dashboard === SALES), sql).resolves.toBeDefined();
              }
            }
            const answers = readAlertRules().map(({ uid, data }) => [
              uid,
              data[0]?.model.rawSql ?? '',
            ]);
            for (const [uid = '', sql = ''] of answers) {
              const isSilent = ['medallion-freshness', 'medallion-promotion'].includes(uid);
              expect(await rows(sql), uid).toHaveLength(isSilent ? 0 : 1);
            }
          },
        );
      },
      { empty: true },
    );
    await withClient(testServer(), (client) => client.query(`drop role ${COMPOSE_ROLE}`));
  });
});

describe('Order trace', () => {
  const tell = (title: string, transaction: string): Promise<unknown[][]> =>
    rowsOf(title, { ...NOTHING, transaction }, { of: TRACE });
  const unknown = (id: string): string =>
    `nowhere no event of ${id} is in the warehouse: look for a blank or a missing letter, or choose one below `;

  it.each<[string, string[]]>([
    [
      't1',
      [
        'log taken in 1',
        'bronze ingested 1',
        // Of two that are alike the later one in the log counts.
        'silver duplicate 1',
        'log taken in 4',
        'bronze ingested 4',
        'silver current 4',
        'gold published with 2020-01-01 4',
      ],
    ],
    [
      't3',
      [
        'log taken in 3',
        'bronze ingested 3',
        'silver superseded 3',
        'log taken in 5',
        'bronze ingested 5',
        'silver current 5',
        'gold published with 2020-01-02 5',
      ],
    ],
    ['t4', ['log taken in 8', 'bronze ingested, waits for silver 8']],
    [
      't5',
      ['log taken in 7', 'bronze ingested 7', 'quarantine rejected, open: unknown_reference 7'],
    ],
    ["t1' or true --", [unknown("t1' or true --")]],
    ['t', [unknown('t')]],
    ['', []],
  ])('leads %s through the layers', async (transaction, way) => {
    const steps = await tell('Through the layers', transaction);
    expect(steps.map(([, layer, what, , , offset]) => [layer, what, offset].join(' '))).toEqual(
      way,
    );
  });

  it('shows the order, its lines, and its part of gold', async () => {
    expect((await tell('Order', 't2')).map((row) => row.slice(2))).toEqual([
      [
        ...['cust_2', 'Paris, France', 'placed', 'paypal', 'USD'],
        ...['10.00', '1.00', '0.20', '0.00', '50.50'],
      ],
    ]);
    expect(await tell('Order lines', 't2')).toEqual([
      ['1', 'prod_2', "d'or", '20.2500', '1.000', '0.0000', '10.0000'],
      ['2', 'prod_1', 'books', '10.0000', '1.000', '0.0000', '4.0000'],
    ]);
    expect(await tell('Cells of gold', 't2')).toEqual([
      ['sales performance', '2020-01-01', '50.50', '150.50', '33.6'],
      ['geography performance', '2020-01-01, FR, Paris', '50.50', '50.50', '100.0'],
      ['payment performance', '2020-01-01, paypal', '50.50', '50.50', '100.0'],
      ['customer performance', 'cust_2', '50.50', '50.50', '100.0'],
      ['item category performance', '2020-01-01, books', '10.00', '30.00', '33.3'],
      ['item category performance', "2020-01-01, d'or", '20.25', '20.25', '100.0'],
      ['product performance', '2020-01-01, prod_1', '10.00', '30.00', '33.3'],
      ['product performance', '2020-01-01, prod_2', '20.25', '20.25', '100.0'],
    ]);
  });

  const listed = async (choices: Choices, asking: Partial<Asking> = {}): Promise<unknown[]> =>
    (await rowsOf('Latest transactions', { ...NOTHING, ...choices }, { of: TRACE, ...asking })).map(
      ([, id]) => id,
    );

  it('lists the latest transactions of the time range by their time, not by their keys', async () => {
    // It came later than t2, and happened before.
    await change(`
      insert into silver.fact_transactions
      select ((date '2020-01-01' - date '1900-01-01')::bigint << 40) + (1::bigint << 39), 'early', 'refund', event_version,
          '2020-01-01 06:00:00+00', date_key, customer_id, customer_type, customer_country, customer_city, order_status_id,
          order_payment_method_id, order_currency_id, order_subtotal, order_tax_amount, order_shipping_amount,
          order_discount_amount, order_total_amount, produced_at, topic, partition, 1000, run_id, '2020-01-01 06:00:00+00',
          refunds, order_tax_included, order_exchange_rate, extra, 6, 1, 1
      from silver.fact_transactions where transaction_id = 't2'`);
    try {
      expect(await listed({})).toEqual(['t3', 't2', 'early', 't1']);
      const noon = { from: '2020-01-01T05:00:00Z', to: '2020-01-01T12:00:00Z' };
      expect(await listed({}, noon)).toEqual(['t2', 'early']);
    } finally {
      await change(`delete from silver.fact_transactions where transaction_id = 'early'`);
    }
  });

  it.each<[string, Choices, string[]]>([
    ['a day, which stands for the time range', { day: '2019-12-31' }, ['t0']],
    ['a day as a chart hands it on', { day: String(Date.UTC(2020, 0, 1)) }, ['t2', 't1']],
    ['a product', { product: 'prod_1' }, ['t2', 't1']],
    ['a category', { category: "d'or" }, ['t2']],
    ['a city and a country', { city: 'Berlin', country: 'DE' }, ['t3', 't1']],
    ['a customer', { customer: 'cust_2' }, ['t2']],
    ['nothing that there is', { customer: 'cust_2', product: '6" pipe' }, []],
  ])('lists those of %s', async (_what, choices, ids) => {
    expect(await listed(choices)).toEqual(ids);
  });
});

describe('a dashboard of the older pipeline, which names no schema', () => {
  it.each(['medallion db grant reader', 'grafana/reader.sql'])(
    'goes on working for the role of %s, which changes nothing',
    async (maker) => {
      const isGranted = maker.startsWith('medallion');
      if (!isGranted) {
        await makeComposeRole(database.settings);
      }
      await withClient(as(isGranted ? ROLE : COMPOSE_ROLE), async (client) => {
        const rows = async (text: string): Promise<unknown[][]> =>
          (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
        expect(
          await rows(
            `select date_key, avg_ticket, avg_customer_ticket, total_orders, order_total_amount_day
             from sales_performance where date_key = '2020-01-01'`,
          ),
        ).toEqual([['2020-01-01', '75.2500', '75.2500', '2', '150.50']]);
        expect(
          await rows(
            `select item_id, event_timestamp, unit_price, cost, quantity
             from fact_transaction_items where item_id = 'prod_2'`,
          ),
        ).toEqual([['prod_2', '2020-01-01 12:00:00+00', '20.2500', '10.0000', '1.000']]);
        await client.query('set default_transaction_read_only = off');
        await expect(client.query('delete from sales_performance')).rejects.toThrow(/permission/);
        for (const hidden of ['bronze.events', 'bronze.quarantine', 'medallion.runs']) {
          await expect(client.query(`select from ${hidden}`)).rejects.toThrow(/permission/);
        }
      });
    },
  );
});
