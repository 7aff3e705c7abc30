import { readFileSync } from 'node:fs';
import { withClient, type Client } from '../src/postgres/client.ts';
import { panelsOf, readDashboard } from '../test/grafana/committed.ts';
import { expand, type Chosen } from '../test/grafana/expand.ts';
import { filled } from './filled.ts';
import type { Bench, Figure } from './harness.ts';

const ORDERS = 400_000;
const RUNS = 5;
/** The last day of the stand's events is the last of the range. */
const YEAR = { from: '2025-01-01T00:00:00Z', to: '2025-12-31T23:59:59.999Z', interval: '1d' };
const MOST_SECONDS = 1;
/** Panels by name, beyond which those that are slowest say enough. */
const SHOWN = 5;
/** As many runs as `run` makes in a year, one every five minutes, with what they record. */
const YEAR_OF_RUNS = readFileSync(new URL('year-of-runs.sql', import.meta.url), 'utf8');

type Name = 'sales' | 'pipeline' | 'trace';
type Choices = Readonly<Record<string, Chosen>>;

interface PanelTime {
  readonly title: string;
  readonly seconds: number;
}

/** How long the panels take over a year of 400,000 orders: nothing chosen, one category chosen, the latest order traced. */
export const dashboards: Bench = {
  name: 'dashboards',
  async run(stand) {
    const events = await stand.events(ORDERS, { shop: stand.shop, days: 365 });
    const { database } = await filled(stand, events, ORDERS);
    await database.execute(YEAR_OF_RUNS);
    await database.execute('vacuum analyze');
    const figures = await withClient(database.settings, async (client) => {
      const category = await textOf(
        client,
        `select category from gold.item_category_performance
         group by category order by sum(revenue) desc limit 1`,
      );
      const transaction = await textOf(
        client,
        'select transaction_id from silver.fact_transactions order by transaction_key desc limit 1',
      );
      return [
        await slowest(client, 'sales', 'Sales'),
        await slowest(client, 'sales', 'Sales, one category', { category: [category] }),
        await slowest(client, 'pipeline', 'Pipeline health, 105,120 runs'),
        await slowest(client, 'trace', 'Order trace', { transaction }),
      ];
    });
    await database.drop();
    return figures;
  },
};

async function slowest(
  client: Client,
  name: Name,
  what: string,
  chosen: Choices = {},
): Promise<Figure> {
  const times = await panelTimes(client, name, chosen);
  const parts = times.slice(0, SHOWN).map(({ title, seconds }) => [title, seconds] as const);
  return {
    what: `slowest panel of ${what}, ${String(ORDERS)} orders in a year`,
    ...{ value: times[0]?.seconds ?? Infinity, unit: 's', runs: RUNS },
    target: { atMost: MOST_SECONDS },
    parts: Object.fromEntries(parts),
  };
}

async function textOf(client: Client, sql: string): Promise<string> {
  const { rows } = await client.query<[string]>({ text: sql, rowMode: 'array' });
  return rows[0]?.[0] ?? '';
}

/** Each panel's quickest answer of several, the slowest panel first: what else the machine does only adds. */
async function panelTimes(client: Client, name: Name, chosen: Choices): Promise<PanelTime[]> {
  const dashboard = readDashboard(name);
  const variables: Record<string, Chosen> = {};
  for (const { name: variable, allValue } of dashboard.templating.list) {
    variables[variable] = allValue === undefined ? '' : { all: allValue };
  }
  const times: PanelTime[] = [];
  for (const { title, targets } of panelsOf(dashboard)) {
    const sql = expand(targets?.[0]?.rawSql ?? '', {
      ...{ ...YEAR, variables: { ...variables, ...chosen } },
    });
    let seconds = Infinity;
    for (let run = 0; run < RUNS; run += 1) {
      const started = performance.now();
      await client.query(sql);
      seconds = Math.min(seconds, (performance.now() - started) / 1000);
    }
    times.push({ title: title.replace(', ${days}', ''), seconds });
  }
  return times.sort((left, right) => right.seconds - left.seconds);
}
