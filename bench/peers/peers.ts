import { compareRuns, memory, timeRatio } from '../comparison.ts';
import type { Bench, Database } from '../harness.ts';
import { Dbt } from './dbt.ts';

const NAMES = ['medallion', 'dbt-duckdb'] as const;

/**
 * dbt-duckdb on the same server, in turn: the same star (customers, products, dates, transactions, lines) and two of the
 * marts, from the same bronze. medallion also judges every event, lets the later version of a transaction win, records
 * its runs, and fills three dimensions of references and five more marts.
 */
export const peers: Bench = {
  name: 'peers',
  isOnRequest: true,
  async run(stand) {
    const dbt = await Dbt.open(stand);
    const increment = Math.floor(stand.size / 10);
    const events = await stand.events(stand.size);
    const all = await stand.database();
    await stand.ingest(all, events, stand.size);
    await dbt.parse(all);

    const atOnce = await compareRuns(async () => {
      const ours = await stand.database(all);
      const promote = await stand.promote(ours);
      const other = await stand.database(all);
      await other.execute(WITHOUT_TABLES);
      const build = await dbt.run(other);
      await expectSameSums(ours, other);
      await ours.drop();
      await other.drop();
      return { ours: promote, other: build };
    });

    const ours = await stand.database();
    await stand.ingest(ours, events, stand.size - increment);
    const other = await stand.database(ours);
    await stand.promote(ours);
    await other.execute(WITHOUT_TABLES);
    await dbt.run(other);
    for (const database of [ours, other]) {
      // Else autovacuum does it, for a minute or two, beside what is timed.
      await database.execute('vacuum analyze');
      await stand.ingest(database, events, increment);
    }
    const more = await compareRuns(async () => {
      const grown = await stand.database(ours);
      const promote = await stand.promote(grown);
      const otherGrown = await stand.database(other);
      const build = await dbt.run(otherGrown);
      await expectSameSums(grown, otherGrown);
      await grown.drop();
      await otherGrown.drop();
      return { ours: promote, other: build };
    });
    for (const database of [all, ours, other]) {
      await database.drop();
    }
    const first = `a first build of ${String(stand.size)}`;
    const tenth = `${String(increment)} more on ${String(stand.size - increment)}`;
    return [
      timeRatio(first, NAMES, atOnce, 1),
      memory(first, NAMES, atOnce, 700),
      timeRatio(tenth, NAMES, more, 3 / 7),
      memory(tenth, NAMES, more, 700),
    ];
  },
};

/** Our tables are there from the first ingest on, empty; dbt makes its own. */
const WITHOUT_TABLES = 'drop schema silver, gold cascade; create schema silver; create schema gold';

/** Counts and sums that both must have alike. */
const SUMS: Readonly<Record<string, string>> = {
  'silver.dim_customers': 'count(*)',
  'silver.dim_products': 'count(*), sum(unit_price), sum(cost)',
  'silver.fact_transactions': 'count(*), sum(order_subtotal), sum(order_total_amount)',
  'silver.fact_transaction_lines': 'count(*), sum(unit_price * quantity), sum(cost), sum(discount)',
  'gold.sales_performance':
    'count(*), sum(total_orders), sum(total_customers), sum(order_total_amount_day)',
  'gold.item_category_performance': 'count(*), sum(total_quantity), sum(order_lines), sum(revenue)',
};

/** @throws Error when the two have made different things of the same events */
async function expectSameSums(ours: Database, other: Database): Promise<void> {
  for (const [table, columns] of Object.entries(SUMS)) {
    const sums = `select concat_ws(', ', ${columns}) from ${table}`;
    const [a, b] = [await ours.text(sums), await other.text(sums)];
    if (a !== b) {
      throw new Error(`${table}: ${columns} are ${a} in medallion, ${b} in dbt-duckdb`);
    }
  }
}
