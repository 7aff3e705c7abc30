import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  withClient,
  type Client,
  type ConnectionSettings,
} from '../../src/postgres/client.ts';
import { grantRole } from '../../src/schema/grants.ts';
import { testServer, type TestDatabase } from '../support/postgres.ts';
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

async function ask(
  sql: string,
  variables: Choices,
  asking: Partial<Asking> = {},
): Promise<{ rows: unknown[][]; fields: readonly { name: string; dataTypeID: number }[] }> {
  const text = expand(sql, { ...DAYS, interval: '1h', variables, ...asking });
  return reader.query<unknown[]>({ text, rowMode: 'array' });
}

function sqlOf(panels: readonly Panel[], title: string): string {
  return panels.find((panel) => panel.title === title)?.targets?.[0]?.rawSql ?? `no ${title}`;
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
      ...{ of: PIPELINE.title, panel, choices: [['now', {}]] as [string, Choices][], range: NOW },
    })),
    ...panelsOf(TRACE).map((panel) => ({
      ...{ of: TRACE.title, panel, range: DAYS },
      choices: [['t3', { transaction: ' t3 ' }]] as [string, Choices][],
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
        if (panel.type === 'stat') {
          expect(rows).toHaveLength(1);
          expect(rows[0]?.[0]).not.toBeNull();
        }
      }
    },
  );

  it.each(readAlertRules())('the alert "$title" asks for one number', async ({ data }) => {
    const { rows, fields } = await ask(data[0]?.model.rawSql ?? '', {});
    expect(rows).toHaveLength(1);
    expect(fields.map(({ dataTypeID }) => NUMBER_TYPES.includes(dataTypeID))).toEqual([true]);
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
  expect(names).toEqual(expect.arrayContaining(shown));
  expect(format).toBe(type === 'timeseries' ? 'time_series' : 'table');
  switch (type) {
    case 'stat':
      expect(ofType(NUMBER_TYPES)).toEqual(names);
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
      expect(names).toEqual(['country', 'orders', 'revenue']);
      break;
    default:
      expect(type).toBe('table');
  }
}

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

  const day = (date: string, ...values: string[]): string[] => [`${date} 00:00:00+00`, ...values];

  it.each<[string, unknown[][]]>([
    ['Revenue', [['190.50', '-4.8']]],
    ['Orders', [['3', '200.0']]],
    ['Average ticket', [['63.50', '-68.3']]],
    ['Customers', [['2', '100.0']]],
    ['Units sold', [['5', '400.0']]],
    [
      'Revenue by day',
      [
        day('2020-01-01', '150.50', '0'),
        day('2020-01-02', '40.00', '0'),
        day('2020-01-03', '0', '200.00'),
      ],
    ],
    [
      'Orders by day',
      [day('2020-01-01', '2', '0'), day('2020-01-02', '1', '0'), day('2020-01-03', '0', '1')],
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
        ['prod_1', 'books', '3', '30.00', '12.00', '18.00', '60.0'],
        ['prod_2', "d'or", '1', '20.25', '10.00', '10.25', '50.6'],
        ['6" pipe', 'books', '1', '10.00', '4.00', '6.00', '60.0'],
      ],
    ],
    [
      'Map',
      [
        ['DE', '2', '140.00'],
        ['FR', '1', '50.50'],
      ],
    ],
    [
      'Places',
      [
        ['DE', 'Berlin', '2', '140.00', '73.5'],
        ['FR', 'Paris', '1', '50.50', '26.5'],
      ],
    ],
    [
      'Payment mix',
      [
        ['credit card', '140.00'],
        ['paypal', '50.50'],
      ],
    ],
    [
      'New customers by day',
      [day('2020-01-01', '2'), day('2020-01-02', '0'), day('2020-01-03', '0')],
    ],
  ])('%s tells what was sold in the time range', async (title, answer) => {
    expect(await rowsOf(title, ALL)).toEqual(answer);
  });

  it.each<[string, string, Choices, unknown[][]]>([
    ['Revenue', 'from France', { country: ['FR'] }, [['50.50', '-74.8']]],
    ['Revenue', 'of orders with gold', { category: ["d'or"] }, [['50.50', null]]],
    ['Revenue', 'of orders with a pipe', { product: ['6" pipe'] }, [['40.00', null]]],
    ['Revenue', 'of nothing', { country: ['DE'], category: ["d'or"] }, [['0', null]]],
    ['Average ticket', 'of nothing', { country: ['DE'], category: ["d'or"] }, [[null, null]]],
    ['Customers', 'with books', { category: ['books'] }, [['2', null]]],
    ['Units sold', 'of books', { category: ['books'] }, [['4', null]]],
    ['Units sold', 'of books to France', { country: ['FR'], category: ['books'] }, [['1', null]]],
    ['Payment mix', 'in France', { country: ['FR'] }, [['paypal', '50.50']]],
    [
      'Categories',
      'in France',
      { country: ['FR'] },
      [
        ["d'or", '20.25'],
        ['books', '10.00'],
      ],
    ],
    ['Map', 'with gold', { category: ["d'or"] }, [['FR', '1', '50.50']]],
    [
      'Products',
      'of books in France',
      { country: ['FR'], category: ['books'] },
      [['prod_1', 'books', '1', '10.00', '4.00', '6.00', '60.0']],
    ],
  ])('%s %s', async (title, _what, choices, answer) => {
    expect(await rowsOf(title, { ...ALL, ...choices })).toEqual(answer);
  });

  it('says the same of silver, every value chosen, as of gold', async () => {
    const everything = {
      country: ['DE', 'FR'],
      category: ['books', "d'or", 'garden'],
      product: ['6" pipe', 'prod_1', 'prod_2', 'prod_3'],
    };
    for (const { title } of panelsOf(SALES)) {
      expect(await rowsOf(title, everything), title).toEqual(await rowsOf(title, ALL));
    }
  });

  it.each(['Revenue', 'Revenue by day', 'Categories', 'Products', 'Places', 'Payment mix'])(
    '%s reads gold alone as long as nothing is chosen',
    async (title) => {
      const plan = async (choices: Choices): Promise<string> =>
        (await ask(`explain ${sqlOf(panelsOf(SALES), title)}`, choices)).rows.flat().join('\n');
      expect(await plan(ALL)).not.toMatch(/ on fact_/);
      expect(await plan({ ...ALL, country: ['FR'], product: ['prod_1'] })).toMatch(/ on fact_/);
    },
  );

  it('means days of UTC, whatever the time zone of the session', async () => {
    const inUtc = await rowsOf('Revenue', ALL);
    await reader.query("set time zone 'Pacific/Kiritimati'");
    try {
      expect(await rowsOf('Revenue', ALL)).toEqual(inUtc);
      const days = (await rowsOf('Revenue by day', ALL)).map(([time]) => time);
      expect(days[0]).toBe('2020-01-01 14:00:00+14');
    } finally {
      await reader.query("set time zone 'UTC'");
    }
  });

  it.each([
    ['a range within a day', '2020-01-01T10:00:00Z', '2020-01-01T11:00:00Z', '150.50', '-24.8'],
    ['a range up to midnight', '2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z', '150.50', '-24.8'],
    ['a range from within a day', '2020-01-01T10:00:00Z', '2020-01-02T10:00:00Z', '190.50', '-4.8'],
  ])('counts the days that %s touches', async (_what, from, to, revenue, change) => {
    expect(await rowsOf('Revenue', ALL, { from, to })).toEqual([[revenue, change]]);
  });
});

describe('Pipeline health', () => {
  const tell = (title: string): Promise<unknown[][]> => rowsOf(title, {}, { of: PIPELINE, ...NOW });

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
        ['invalid_json', '1'],
        ['unknown_reference', '1'],
      ],
    ],
  ])('%s', async (title, answer) => {
    expect(await tell(title)).toEqual(answer);
  });

  it('Throughput counts what was landed and promoted', async () => {
    const events = new Map<unknown, number>();
    for (const [, command, count] of await tell('Throughput')) {
      events.set(command, (events.get(command) ?? 0) + Number(count));
    }
    expect(events).toEqual(
      new Map([
        ['ingest', 9],
        ['promote', 8],
      ]),
    );
  });

  it('Freshness tells the latest event of each layer', async () => {
    const layers = (await tell('Freshness')).map(([layer, latest]) => [layer, latest]);
    expect(layers).toEqual([
      ['bronze', '2026-02-01 00:00:08+00'],
      ['silver', '2020-01-02 09:30:00+00'],
      ['gold', '2020-01-02 00:00:00+00'],
    ]);
  });

  it('Lag by partition and Restatements name what waits and what changed', async () => {
    const lag = (await tell('Lag by partition')).map((row) => row.slice(0, 3));
    expect(lag).toEqual([['sales', '0', '1']]);
    const restated = (await tell('Restatements')).map(([, day, , ...change]) => [day, ...change]);
    expect(restated).toEqual([['2020-01-02', '1', '1', '1', '30.00', '40.00', '10.00']]);
  });

  it('Check results have the latest of each check, once', async () => {
    const checks = (await tell('Check results')).map(([, model, name]) => [model, name]);
    expect(checks).toContainEqual(['gold.sales_performance', 'a day has orders']);
    expect(new Set(checks.map(String)).size).toBe(checks.length);
  });

  it('the alerts on freshness and refused events would fire, those on lag would not', async () => {
    const firing: string[] = [];
    for (const { uid, data } of readAlertRules()) {
      const [[value] = []] = (await ask(data[0]?.model.rawSql ?? '', {})).rows;
      const limit = data[1]?.model.conditions?.[0]?.evaluator.params[0];
      if (Number(value) > Number(limit)) {
        firing.push(uid);
      }
    }
    expect(firing).toEqual(['medallion-freshness', 'medallion-quarantine-share']);
  });
});

describe('Order trace', () => {
  const tell = (title: string, transaction: string): Promise<unknown[][]> =>
    rowsOf(title, { transaction }, { of: TRACE });

  it.each<[string, string[]]>([
    [
      't1',
      [
        'log taken in 1',
        'bronze landed 1',
        // Of two that are alike the later one in the log counts.
        'silver duplicate 1',
        'log taken in 4',
        'bronze landed 4',
        'silver current 4',
        'gold published with 2020-01-01 4',
      ],
    ],
    [
      't3',
      [
        'log taken in 3',
        'bronze landed 3',
        'silver superseded 3',
        'log taken in 5',
        'bronze landed 5',
        'silver current 5',
        'gold published with 2020-01-02 5',
      ],
    ],
    ['t4', ['log taken in 8', 'bronze landed, waits for silver 8']],
    ['t5', ['log taken in 7', 'bronze landed 7', 'quarantine refused, open: unknown_reference 7']],
    ["t1' or true --", []],
    ['t', []],
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
        ...['cust_2', 'FR', 'Paris', 'placed', 'paypal', 'EUR'],
        ...['10.00', '1.00', '0.20', '0.00', '50.50'],
      ],
    ]);
    expect(await tell('Order lines', 't2')).toEqual([
      ['1', 'prod_2', "d'or", '20.25', '1', '0.00', '10.00'],
      ['2', 'prod_1', 'books', '10.00', '1', '0.00', '4.00'],
    ]);
    expect(await tell('Cells of gold', 't2')).toEqual([
      ['sales_performance', '2020-01-01', '50.50', '150.50', '33.6'],
      ['geography_performance', '2020-01-01, FR, Paris', '50.50', '50.50', '100.0'],
      ['payment_performance', '2020-01-01, paypal', '50.50', '50.50', '100.0'],
      ['customer_performance', 'cust_2', '50.50', '50.50', '100.0'],
      ['item_category_performance', '2020-01-01, books', '10.00', '30.00', '33.3'],
      ['item_category_performance', "2020-01-01, d'or", '20.25', '20.25', '100.0'],
      ['product_performance', '2020-01-01, prod_1', '10.00', '30.00', '33.3'],
      ['product_performance', '2020-01-01, prod_2', '20.25', '20.25', '100.0'],
    ]);
  });

  it('lists the latest transactions of the time range', async () => {
    const listed = (await tell('Latest transactions', '')).map(([id]) => id);
    expect(listed).toEqual(['t3', 't2', 't1']);
  });
});

describe('a dashboard of the older pipeline, which names no schema', () => {
  /** What docker-compose.yaml runs when the database is new: here the tables exist already. */
  async function makeComposeRole(): Promise<void> {
    const script = committed('reader.sql')
      .replace(/^\\getenv.*$/m, '')
      .replaceAll(/\bgrafana\b/g, COMPOSE_ROLE)
      .replace(":'password'", `'${PASSWORD}'`);
    await withClient(database.settings, async (client) => {
      await client.query(script);
    });
  }

  it.each(['medallion db grant reader', 'grafana/reader.sql'])(
    'goes on working for the role of %s, which changes nothing',
    async (maker) => {
      const isGranted = maker.startsWith('medallion');
      if (!isGranted) {
        await makeComposeRole();
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
        ).toEqual([['prod_2', '2020-01-01 12:00:00+00', '20.25', '10.00', '1']]);
        await client.query('set default_transaction_read_only = off');
        await expect(client.query('delete from sales_performance')).rejects.toThrow(/permission/);
        for (const hidden of ['bronze.events', 'bronze.quarantine', 'medallion.runs']) {
          await expect(client.query(`select from ${hidden}`)).rejects.toThrow(/permission/);
        }
      });
    },
  );
});
