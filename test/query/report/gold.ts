import { loadModels } from '../../../src/model/load.ts';
import { withClient } from '../../../src/postgres/client.ts';
import { applyChanges, compareTables } from '../../../src/schema/changes.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

/** A database with the tables of silver and gold, as after a first promotion that found nothing. */
export async function emptyGold(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  await withClient(database.settings, async (client) => {
    const { silver, gold } = loadModels();
    await applyChanges(client, await compareTables(client, [...silver, ...gold]));
  });
  return database;
}

/**
 * The same with sales, small enough to add up by hand:
 *
 *     day         customer  place         paid by      total   lines
 *     2025-12-30  cust_1    DE Berlin     credit card  100.00  1 x prod_1 (sports)      90.00 cost  60.00
 *     2026-01-01  cust_1    DE Berlin     credit card  150.10  3 x prod_1 (sports) each 40.00 cost  30.00
 *     2026-01-01  cust_2    JP 東京       paypal        49.90  1 x prod_2 (toys)        45.00 cost  50.00
 *     2026-01-03  cust_1    DE Berlin     credit card  100.05  2 x prod_2 (toys)   each 45.00 cost  50.00
 *     2026-01-03  cust_3    unknown       credit card   50.00  1 x prod_3 (toys)        45.00 cost   0.00
 *     2026-01-03  cust_4    DE Berlin     credit card  999.99  a refund: no sale
 *
 * Bronze has two events beyond the watermark of partition 0 and one in partition 1, which was never promoted.
 */
export async function filledGold(): Promise<TestDatabase> {
  const database = await emptyGold();
  await withClient(database.settings, async (client) => {
    await client.query(SALES);
    await client.query(BOOKS);
  });
  return database;
}

const SALES = `
insert into silver.dim_payment_method values (1, 'credit card'), (2, 'paypal'), (3, 'cash') on conflict do nothing;

insert into silver.dim_products (id, category, unit_price, cost, event_timestamp, produced_at, topic, partition, "offset", run_id)
select id, category, 1, 1, now(), now(), 'sales', 0, 0, 1
from (values ('prod_1', 'sports'), ('prod_2', 'toys'), ('prod_3', 'toys')) as products (id, category);

insert into silver.dim_customers (id, type, city, country, event_timestamp, produced_at, topic, partition, "offset", run_id)
select id, 'returning', city, country, now(), now(), 'sales', 0, 0, 1
from (values ('cust_1', 'Berlin', 'DE'), ('cust_2', '東京', 'JP'), ('cust_3', 'unknown', 'unknown')) as customers (id, city, country);

insert into silver.fact_transactions
select
    ((date_key - date '1900-01-01')::bigint << 40) + number, 'txn_' || number, event_type, '1.0',
    date_key + time '12:00' + number * interval '1.5 seconds', date_key, customer_id, 'returning', 'DE', 'Berlin',
    5, 1, 1, total, 0, 0, 0, total, now(), 'sales', 0, number, 1,
    date_key + time '12:00' + number * interval '1.5 seconds', null, false, null, null, 12, 1, 1
from (values
    (1, date '2025-12-30', 'purchase', 'cust_1', 100.00),
    (2, date '2026-01-01', 'purchase', 'cust_1', 150.10),
    (3, date '2026-01-01', 'purchase', 'cust_2', 49.90),
    (4, date '2026-01-03', 'purchase', 'cust_1', 100.05),
    (5, date '2026-01-03', 'purchase', 'cust_3', 50.00),
    (6, date '2026-01-03', 'refund', 'cust_4', 999.99)
) as transactions (number, date_key, event_type, customer_id, total);

insert into gold.sales_performance
select date_key, orders, customers, total, 0, 0, total, mean_of_customers * customers * 1e16, ticket, mean_of_customers
from (values
    (date '2025-12-30', 1, 1, 100.00, 100.0000, 100.0000),
    (date '2026-01-01', 2, 2, 200.00, 100.0000, 100.0000),
    (date '2026-01-03', 2, 2, 150.05, 75.0250, 75.0250)
) as sales (date_key, orders, customers, total, ticket, mean_of_customers);

insert into gold.item_category_performance
    (date_key, category, total_quantity, order_lines, revenue, cost, unit_prices, discounts, costs,
     avg_unit_price, avg_quantity, avg_discount, avg_cost)
values
    ('2025-12-30', 'sports', 1, 1, 90.00, 60.00, 90, 0, 60, 90, 1, 0, 60),
    ('2026-01-01', 'sports', 3, 1, 120.00, 90.00, 40, 0, 30, 40, 3, 0, 30),
    ('2026-01-01', 'toys', 1, 1, 45.00, 50.00, 45, 0, 50, 45, 1, 0, 50),
    ('2026-01-03', 'toys', 3, 2, 135.00, 100.00, 90, 0, 50, 45, 1.5, 0, 25);

insert into gold.product_performance (date_key, item_id, units, revenue, cost, margin) values
    ('2025-12-30', 'prod_1', 1, 90.00, 60.00, 30.00),
    ('2026-01-01', 'prod_1', 3, 120.00, 90.00, 30.00),
    ('2026-01-01', 'prod_2', 1, 45.00, 50.00, -5.00),
    ('2026-01-03', 'prod_2', 2, 90.00, 100.00, -10.00),
    ('2026-01-03', 'prod_3', 1, 45.00, 0.00, 45.00);

insert into gold.geography_performance (date_key, country, city, orders, customers, revenue) values
    ('2025-12-30', 'DE', 'Berlin', 1, 1, 100.00),
    ('2026-01-01', 'DE', 'Berlin', 1, 1, 150.10),
    ('2026-01-01', 'JP', '東京', 1, 1, 49.90),
    ('2026-01-03', 'DE', 'Berlin', 1, 1, 100.05),
    ('2026-01-03', 'unknown', 'unknown', 1, 1, 50.00);

insert into gold.payment_performance (date_key, payment_method_id, payment_method, orders, revenue) values
    ('2025-12-30', 1, 'credit card', 1, 100.00),
    ('2026-01-01', 1, 'credit card', 1, 150.10),
    ('2026-01-01', 2, 'paypal', 1, 49.90),
    ('2026-01-03', 1, 'credit card', 2, 150.05);

insert into gold.order_performance
    (date_key, order_status_id, order_currency_id, order_status, currency, orders, subtotal, discount_amount, revenue)
values
    ('2025-12-30', 5, 1, 'completed', 'EUR', 1, 100.00, 0, 100.00),
    ('2026-01-01', 5, 1, 'completed', 'EUR', 2, 200.00, 0, 200.00),
    ('2026-01-03', 2, 2, 'to_ship', 'USD', 2, 150.05, 0, 150.05);

insert into gold.net_sales (date_key, reporting_currency_id, currency, entries, orders, gross_sales, discounts, returns, net_sales, shipping, taxes, total_sales)
values
    ('2025-12-30', 1, 'EUR', 1, 1, 100.00, 0, 0, 100.00, 0, 0, 100.00),
    ('2026-01-01', 1, 'EUR', 2, 2, 200.00, 0, 0, 200.00, 0, 0, 200.00),
    ('2026-01-03', 2, 'USD', 3, 2, 150.05, 0, 999.99, -849.94, 0, 0, -849.94);

insert into gold.hourly_sales values
    ('2025-12-30', 12, 1, 100.00),
    ('2026-01-01', 12, 2, 200.00),
    ('2026-01-03', 12, 2, 150.05);

insert into gold.customer_cohorts values
    ('2025-12-30', '2025-12-01', 1, 1, 100.00, 1, 100.00),
    ('2025-12-30', '2026-01-01', 1, 2, 250.15, 0, 0),
    ('2026-01-01', '2026-01-01', 1, 1, 49.90, 1, 49.90),
    ('2026-01-03', '2026-01-01', 1, 1, 50.00, 1, 50.00);

insert into gold.cohort_retention (cohort_month, month_key, month_number, customers, orders, revenue) values
    ('2025-12-01', '2025-12-01', 0, 1, 1, 100.00),
    ('2025-12-01', '2026-01-01', 1, 1, 2, 250.15),
    ('2026-01-01', '2026-01-01', 0, 2, 2, 99.90);

insert into gold.customer_performance values
    ('cust_1', 3, 350.15, '2025-12-30 12:00:01.5', '2026-01-03 12:00:06', 0, 5, 5, 5, 'champion'),
    ('cust_2', 1, 49.90, '2026-01-01 12:00:04.5', '2026-01-01 12:00:04.5', 2, 1, 1, 1, 'dormant'),
    ('cust_3', 1, 50.00, '2026-01-03 12:00:07.5', '2026-01-03 12:00:07.5', 0, 4, 1, 2, 'new');
`;

const BOOKS = `
insert into medallion.runs (command, version, arguments, started_at, finished_at, outcome) values
    ('promote', '0.1.0', '{}', '2026-01-04 08:00:00', '2026-01-04 08:00:09', 'done'),
    ('ingest', '0.1.0', '{}', '2026-01-04 09:00:00', '2026-01-04 09:00:01', 'done'),
    ('promote', '0.1.0', '{}', '2026-01-04 10:00:00', '2026-01-04 10:00:01', 'failed');

insert into bronze.events
select 'sales', partition, "offset", null, null, '{}', null, now(), now(), 2
from (values (0, 1), (0, 2), (0, 3), (0, 7), (0, 9), (1, 4)) as events (partition, "offset");

insert into medallion.offsets (topic, partition, next_offset, source, ingested_events, last_produced_at) values
    ('sales', 0, 10, 'kafka:x', 5, '2026-01-04 07:59:59'),
    ('sales', 1, 5, 'kafka:x', 1, '2026-01-04 09:00:00.25');
insert into medallion.watermarks (topic, partition, next_offset) values ('sales', 0, 4);
insert into medallion.stale_dates (date_key) values ('2026-01-03');

insert into bronze.quarantine (topic, partition, "offset", stage, reason, produced_at, quarantined_at, run_id, status) values
    ('sales', 0, 100, 'silver', 'invalid_json', now(), '2026-01-04 08:00:01', 1, 'open'),
    ('sales', 0, 101, 'silver', 'invalid_json', now(), '2026-01-04 08:00:02', 1, 'open'),
    ('sales', 0, 102, 'ingest', 'empty_value', now(), '2026-01-04 08:00:00', 1, 'open'),
    ('sales', 0, 103, 'ingest', 'empty_value', now(), '2026-01-04 08:00:00', 1, 'dismissed');

insert into gold.restatements (date_key, run_id, late_events, old_orders, new_orders, old_total, new_total, restated_at) values
    ('2026-01-01', 1, 4, 1, 2, 150.10, 200.00, '2026-01-04 08:00:08'),
    ('2025-12-30', 1, 1, 2, 1, 300.00, 100.00, '2026-01-04 08:00:08');
`;
