import { withClient } from '../../src/postgres/client.ts';
import type { ConnectionSettings } from '../../src/config/server.ts';

/**
 * Makes a warehouse what version 0.1 left after migration 007: nothing records whose the tables are, and each transaction
 * and each discarded event has a hash of DuckDB's own. One that is the same for the same content stands for it.
 */
export async function ageWarehouse(settings: ConnectionSettings): Promise<void> {
  await withClient(settings, async (client) => {
    await client.query(`
      drop view medallion.schema_objects;
      drop table medallion.objects;
      drop function medallion.record_object;

      alter table silver.fact_transactions add column content_hash bigint;
      update silver.fact_transactions t
      set content_hash = hashtextextended(
          medallion.content_hash(
              event_type, event_version, event_timestamp, customer_id, customer_type, customer_country, customer_city,
              order_status_id, order_payment_method_id, order_currency_id, order_subtotal, order_tax_amount,
              order_shipping_amount, order_discount_amount, order_total_amount,
              ordered_at, refunds, order_tax_included, order_exchange_rate, extra,
              (
                  select string_agg(
                      medallion.line_content(item_id, category, unit_price, quantity, discount, cost),
                      ';' order by line_number
                  )
                  from silver.fact_transaction_lines l where l.transaction_key = t.transaction_key
              )
          ),
          0
      );
      alter table silver.fact_transactions alter column content_hash set not null;
      comment on column silver.fact_transactions.content_hash is 'Tells a repeated event from a correction';
      alter table silver.discarded_events
      alter column content_hash type bigint using hashtextextended(content_hash, 0);

      drop view silver.fact_transaction_items;
      alter table silver.fact_transaction_lines
      alter column unit_price type numeric(18,2), alter column quantity type integer,
      alter column discount type numeric(18,2), alter column cost type numeric(18,2);
      alter table silver.dim_products
      alter column unit_price type numeric(18,2), alter column cost type numeric(18,2);
      alter table gold.product_performance alter column units type bigint;
      alter table gold.item_category_performance
      alter column total_quantity type bigint, alter column unit_prices type numeric(38,2),
      alter column discounts type numeric(38,2), alter column costs type numeric(38,2);
      alter table silver.fact_transactions
      drop column ordered_at, drop column refunds, drop column order_tax_included, drop column order_exchange_rate,
      drop column extra, drop column ordered_hour,
      drop column reporting_currency_id, drop column reporting_rate;
      alter table silver.fact_transactions alter column customer_id set not null;
      create index on silver.fact_transactions (customer_id, event_timestamp);
      create view silver.fact_transaction_items as
      select
          t.transaction_id, l.line_number, l.item_id, l.event_timestamp, l.category, l.unit_price, l.quantity, l.discount,
          l.cost, l.transaction_key, t.topic, t.partition, t."offset", t.run_id
      from silver.fact_transaction_lines l left join silver.fact_transactions t on l.transaction_key = t.transaction_key;
      comment on view silver.fact_transaction_items is 'Order lines of the transactions: one row per order line';
      do $$
      declare name text;
      begin
          for name in select attname from pg_attribute where attrelid = 'silver.fact_transaction_items'::regclass loop
              execute format('comment on column silver.fact_transaction_items.%I is %L', name, name);
          end loop;
      end
      $$;
      delete from silver.dim_order_status where id > 5;
      alter table silver.dim_order_status drop column counts_as, drop column is_new;
      alter table silver.dim_payment_method drop column is_new;
      alter table silver.dim_currency drop column code, drop column is_new;

      drop function medallion.extra_value, medallion.content_hash, medallion.line_content, medallion.unit_amount_text;
      drop function medallion.exact_mean, medallion.fine_mean, medallion.mean_of_means, medallion.line_amount;
      drop function medallion.days_between, medallion.month_name, medallion.weekday_name, medallion.iso_year,
        medallion.iso_weekday;
      drop table medallion.refreshed_marts, medallion.unfilled_marts, medallion.day_publications;
      drop view gold.quarantined_events;
      drop function gold.transaction_id_in;
      drop view medallion.unjudged_events;
      drop table medallion.archived_ranges, medallion.archive_files;
      drop function medallion.is_archived;
      drop table medallion.deferred_events;
      drop table gold.reporting;
      drop function medallion.report_amount, medallion.report_unit_amount;
      drop table medallion.topic_sources;
      drop table medallion.project_models;
      drop table medallion.skipped_events;
      alter table medallion.watermarks drop column skipped_events;
      alter table medallion.pruned drop column skipped_events;
      alter table medallion.refreshes drop column without_keys;
      alter table bronze.events drop column format, drop column schema_id;
      alter table medallion.offsets drop column digest, drop column implausible_events;
      alter table medallion.stale_dates rename column stale_since to touched_at;
      alter table medallion.stale_dates rename to touched_days;
      alter index medallion.stale_dates_pkey rename to touched_days_pkey;
      alter table medallion.offsets rename column ingested_events to landed_events;
      alter table medallion.offsets rename column ingested_bytes to landed_bytes;
      alter table medallion.run_models rename column rejected to refused;
      alter table medallion.pruned rename column rejected_events to refused_events;
      alter table medallion.pruned rename column rejected_checksum to refused_checksum;
      alter view gold.pipeline_models rename column rejected to refused;
      alter view gold.pipeline_partitions rename column ingested_events to landed_events;
      alter view gold.pipeline_partitions rename column ingested_at to landed_at;
      alter view gold.pipeline_state rename column ingested_events to landed_events;
      alter view gold.pipeline_runs rename column rejected_events to refused_events;
      delete from medallion.migrations where number > 7;`);
  });
}
