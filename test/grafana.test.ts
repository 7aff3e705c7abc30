import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connect, withClient, type Client } from '../src/postgres/client.ts';
import { purchase } from './support/orders.ts';
import { createTestDatabase, type TestDatabase } from './support/postgres.ts';
import { landEvents, promoteAll } from './support/promotion.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly options: { readonly xField?: string };
  readonly targets?: readonly { readonly rawSql: string; readonly format: string }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly current: { readonly value: unknown };
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const FOLDER = new URL('../grafana/dashboards/', import.meta.url);
const dashboard = JSON.parse(readFileSync(new URL('sales.json', FOLDER), 'utf8')) as Dashboard;
const panels = dashboard.panels.filter((panel) => panel.type !== 'row');
const RANGE = { from: '2020-01-01T00:00:00Z', to: new Date(Date.now() + 86_400_000).toISOString() };

const NUMBER_TYPES = [20, 21, 23, 700, 701, 1700];
const TEXT_TYPES = [25, 1043];
const TIMESTAMPTZ = 1184;

let database: TestDatabase;
let client: Client;
const choices = new Map<string, string[]>();

beforeAll(async () => {
  database = await createTestDatabase();
  await fillWarehouse();
  client = await connect(database.settings);
  for (const { name, query } of dashboard.templating.list.filter(({ type }) => type === 'query')) {
    const { rows } = await client.query<string[]>({ text: query, rowMode: 'array' });
    choices.set(name, rows.flat());
  }
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/**
 * Four sales, promoted; then one of them corrected (its day is restated) and a broken event, promoted; then one
 * event that waits.
 *
 *     2019-12-31  cust_3  FR Lyon    cash         total 999.00  1 x prod_3 (garden) 900.00   before the range
 *     2020-01-01  cust_1  DE Berlin  credit card  total 100.00  2 x prod_1 (books)   10.00 cost  4
 *     2020-01-01  cust_2  FR Paris   paypal       total  50.50  1 x prod_2 (d'or)    20.25 cost 10
 *     2020-01-02  cust_1  DE Berlin  credit card  total  40.00  1 x prod_1 (books)   10.00 cost  4   30.00 at first
 */
async function fillWarehouse(): Promise<void> {
  const last = {
    id: 't3',
    customer: { id: 'cust_1' },
  };
  const sales = [
    purchase({
      id: 't0',
      at: '2019-12-31T23:59:59',
      customer: { id: 'cust_3', country: 'FR', city: 'Lyon' },
      order: { total_amount: 999, payment_method: 3 },
      items: [{ id: 'prod_3', category: 'garden', unit_price: 900 }],
    }),
    purchase({
      id: 't1',
      at: '2020-01-01T00:00:00',
      order: { total_amount: 100 },
      items: [{ quantity: 2 }],
    }),
    purchase({
      id: 't2',
      at: '2020-01-01T12:00:00',
      customer: { id: 'cust_2', country: 'FR', city: 'Paris' },
      order: { total_amount: 50.5, payment_method: 2 },
      items: [{ id: 'prod_2', category: "d'or", unit_price: 20.25, cost: 10 }],
    }),
    purchase({ ...last, at: '2020-01-02T09:00:00', order: { total_amount: 30 } }),
  ];
  const { settings } = database;
  await landEvents(settings, sales);
  await promoteAll(settings);
  const correction = purchase({ ...last, at: '2020-01-02T09:30:00', order: { total_amount: 40 } });
  await landEvents(settings, [correction, '{"broken'], { from: 4 });
  await promoteAll(settings);
  await landEvents(settings, [purchase({ id: 't4', at: '2020-01-03T09:00:00' })], { from: 6 });
  await withClient(settings, async (books) => {
    await books.query(
      "update medallion.offsets set landed_events = 7, last_produced_at = '2026-02-01 00:00:06+00'",
    );
  });
}

/** What Grafana makes of a panel's SQL: its front end fills in variables, its PostgreSQL data source the macros. */
function expand(sql: string): string {
  return sql
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (_match, name: string) =>
      (choices.get(name) ?? []).map((value) => `'${value.replaceAll("'", "''")}'`).join(','),
    )
    .replaceAll(/\$__(\w+)\(([^)]*)\)/g, (_match, macro: string, column: string) => {
      switch (macro) {
        case 'timeFilter':
          return `${column} BETWEEN '${RANGE.from}' AND '${RANGE.to}'`;
        case 'timeFrom':
          return `'${RANGE.from}'`;
        case 'timeTo':
          return `'${RANGE.to}'`;
        default:
          throw new Error(`this test does not know Grafana's macro ${macro}`);
      }
    });
}

async function ask(title: string): Promise<unknown[][]> {
  const panel = panels.find((candidate) => candidate.title === title);
  const { rows } = await client.query<unknown[]>({
    text: expand(panel?.targets?.[0]?.rawSql ?? `no panel ${title}`),
    rowMode: 'array',
  });
  return rows;
}

describe('the Sales dashboard', () => {
  it.each(panels)('$title has the columns that its $type needs', async (panel) => {
    expect(panel.targets).toHaveLength(1);
    const { rawSql, format } = panel.targets?.[0] ?? { rawSql: '', format: '' };
    const { rows, fields } = await client.query(expand(rawSql));
    const ofType = (types: readonly number[]): string[] =>
      fields.filter((field) => types.includes(field.dataTypeID)).map((field) => field.name);
    expect(rows.length).toBeGreaterThan(0);
    switch (panel.type) {
      case 'stat':
        expect(rows).toHaveLength(1);
        expect(ofType(NUMBER_TYPES)).toEqual(fields.map((field) => field.name));
        expect(Object.values(rows[0] as object)).not.toContain(null);
        break;
      case 'timeseries':
        expect(format).toBe('time_series');
        expect(ofType([TIMESTAMPTZ])).toEqual(['time']);
        expect(ofType(NUMBER_TYPES)).not.toEqual([]);
        break;
      case 'barchart':
        expect(ofType(TEXT_TYPES)).toEqual([panel.options.xField]);
        expect(ofType(NUMBER_TYPES)).not.toEqual([]);
        break;
      case 'piechart':
        expect(ofType(TEXT_TYPES)).toHaveLength(1);
        expect(ofType(NUMBER_TYPES)).toHaveLength(1);
        break;
      default:
        expect(panel.type).toBe('table');
    }
  });

  it('offers the categories and countries that there are', () => {
    expect(choices).toEqual(
      new Map([
        ['category', ['books', "d'or", 'garden']],
        ['country', ['DE', 'FR']],
      ]),
    );
  });

  it.each([
    ['Revenue', [['190.50']]],
    ['Orders', [['3']]],
    ['Average ticket', [['63.50']]],
    ['New customers', [['2']]],
    ['Customers ever', [['3']]],
    ['Waiting for promotion', [['1']]],
    ['Days waiting for gold', [['0']]],
    ['In quarantine', [['1']]],
    ['Restated days', [['1']]],
    [
      'Revenue by day',
      [
        ['2020-01-01 00:00:00+00', '150.50'],
        ['2020-01-02 00:00:00+00', '40.00'],
      ],
    ],
    [
      'Categories',
      [
        ['books', '30.00'],
        ["d'or", '20.25'],
      ],
    ],
    [
      'Countries',
      [
        ['DE', '140.00'],
        ['FR', '50.50'],
      ],
    ],
    [
      'Payment methods',
      [
        ['credit card', '140.00'],
        ['paypal', '50.50'],
      ],
    ],
    [
      'Products',
      [
        ['prod_1', 'books', '3', '30.00', '12.00', '18.00', '0.60000000000000000000'],
        ['prod_2', "d'or", '1', '20.25', '10.00', '10.25', '0.50617283950617283951'],
      ],
    ],
  ])('%s answers what was sold in the time range', async (title, answer) => {
    expect(await ask(title)).toEqual(answer);
  });

  it('lays its panels out without overlap, each with an id of its own', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, n) => `${String(x + (n % w))},${String(y + Math.floor(n / w))}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('reads the provisioned data source unless another is chosen', () => {
    const { datasources } = parse(
      readFileSync(new URL('../provisioning/datasources/warehouse.yaml', FOLDER), 'utf8'),
    ) as { datasources: { uid: string; secureJsonData: { password: string } }[] };
    const chosen = dashboard.templating.list.find(({ name }) => name === 'datasource');
    expect(panels.map(({ datasource }) => datasource?.uid)).toEqual(
      panels.map(() => '${datasource}'),
    );
    expect(chosen?.current.value).toBe(datasources[0]?.uid);
    expect(datasources[0]?.secureJsonData.password).toMatch(/^\$__env\{\w+\}$/);
  });

  it('is the only one, so that each dashboard here is tested', () => {
    expect(readdirSync(FOLDER)).toEqual(['sales.json']);
  });
});

describe("the dashboards' role", () => {
  it('answers dashboards of the older pipeline, which name no schema, and changes nothing', async () => {
    // Roles belong to the whole server: this one gets a name of its own.
    const role = `reader_${String(process.pid)}`;
    const script = readFileSync(new URL('../reader.sql', FOLDER), 'utf8')
      .replace(/^\\getenv.*$/m, '')
      .replaceAll(/\bgrafana\b/g, role)
      .replace(":'password'", "'secret'");
    await client.query(script);
    try {
      const settings = { ...database.settings, user: role, password: 'secret' };
      await withClient(settings, async (reader) => {
        const sales = await reader.query<unknown[]>({
          text: `select date_key, avg_ticket, avg_customer_ticket, total_orders, order_total_amount_day
                 from sales_performance where date_key = '2020-01-01'`,
          rowMode: 'array',
        });
        expect(sales.rows).toEqual([['2020-01-01', '75.2500', '75.2500', '2', '150.50']]);
        const items = await reader.query<unknown[]>({
          text: `select item_id, event_timestamp, unit_price, cost, quantity
                 from fact_transaction_items where item_id = 'prod_2'`,
          rowMode: 'array',
        });
        expect(items.rows).toEqual([['prod_2', '2020-01-01 12:00:00+00', '20.25', '10.00', '1']]);
        await expect(reader.query('delete from sales_performance')).rejects.toThrow(/read-only/);
        await reader.query('set default_transaction_read_only = off');
        await expect(reader.query('delete from sales_performance')).rejects.toThrow(/permission/);
      });
    } finally {
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    }
  });
});
