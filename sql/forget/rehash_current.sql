-- Discarded events that say the same as a transaction of customer $1 go on to do so when its customer is $2.
with contested as (
    select *
    from silver.fact_transactions
    where
        customer_id = $1
        and exists (
            select from silver.discarded_events
            where discarded_events.transaction_id = fact_transactions.transaction_id
        )
),

contents as (
    select
        transaction_key,
        string_agg(
            medallion.line_content(item_id, category, unit_price, quantity, discount, cost), ';' order by line_number
        ) as lines
    from silver.fact_transaction_lines
    where transaction_key = any (array(select transaction_key from contested))
    group by transaction_key
),

hashes as (
    select
        contested.transaction_id,
        customers.is_new,
        medallion.content_hash(
            contested.event_type,
            contested.event_version,
            contested.event_timestamp,
            customers.id,
            contested.customer_type,
            contested.customer_country,
            contested.customer_city,
            contested.order_status_id,
            contested.order_payment_method_id,
            contested.order_currency_id,
            contested.order_subtotal,
            contested.order_tax_amount,
            contested.order_shipping_amount,
            contested.order_discount_amount,
            contested.order_total_amount,
            contested.ordered_at,
            contested.refunds,
            contested.order_tax_included,
            contested.order_exchange_rate,
            contested.extra,
            coalesce(contents.lines, '')
        ) as content_hash
    from contested
    left join contents on contested.transaction_key = contents.transaction_key
    cross join (values (false, $1), (true, $2)) as customers (is_new, id)
)

update silver.discarded_events
set content_hash = renamed.content_hash
from hashes
inner join hashes as renamed on hashes.transaction_id = renamed.transaction_id and not hashes.is_new and renamed.is_new
where
    discarded_events.transaction_id = hashes.transaction_id
    and discarded_events.content_hash = hashes.content_hash
