/* @model
description: >-
  Transactions, each with the version of its customer that was valid at its moment. Asks for all of the customers'
  transactions; a mart by day that only wants type, country and city reads them in fact_transactions
grain: one row per transaction
key: [transaction_key]
load: view
window: transaction_key
columns:
  transaction_key: { type: bigint, description: Surrogate key of the transaction }
  transaction_id: { type: text, description: Transaction id }
  event_type: { type: text, description: 'Kind of event, e.g. purchase' }
  event_timestamp: { type: timestamptz, description: When it happened }
  date_key: { type: date, description: 'Day the order was made on, in the zone of the reports' }
  customer_id: { type: text, nullable: true, description: 'Customer, null for a guest' }
  customer_version: { type: bigint, nullable: true, description: 'Version of the customer in dim_customer_versions, null for a guest' }
  customer_valid_from: { type: timestamptz, nullable: true, description: 'First moment of that version, null for a guest' }
  customer_type: { type: text, description: 'Kind of customer in that version; of several transactions at one moment the last one in the log decides, a guest''s own does' }
  customer_country: { type: text, description: Country in that version }
  customer_city: { type: text, description: City in that version }
  order_status_id: { type: integer, description: State of the order }
  order_payment_method_id: { type: integer, description: How it was paid }
  order_currency_id: { type: integer, description: Currency of the amounts }
  order_subtotal: { type: 'numeric(18,2)', description: Sum of unit price times quantity }
  order_tax_amount: { type: 'numeric(18,2)', description: Tax }
  order_shipping_amount: { type: 'numeric(18,2)', description: Shipping }
  order_discount_amount: { type: 'numeric(18,2)', description: Discount on the order }
  order_total_amount: { type: 'numeric(18,2)', description: 'Subtotal plus tax plus shipping less discount' }
*/
-- By equal moments, not by valid_from and valid_to: a join by range tries all versions of a customer for each of its
-- transactions, and there may be as many of the one as of the other.
with numbered as (
    select
        customer_id,
        event_timestamp,
        type,
        country,
        city,
        cast(
            sum(case when is_change then 1 else 0 end) over (
                partition by customer_id
                order by event_timestamp
                rows between unbounded preceding and current row
            ) as bigint
        ) as version,
        max(case when is_change then event_timestamp end) over (
            partition by customer_id
            order by event_timestamp
            rows between unbounded preceding and current row
        ) as valid_from
    from silver.customer_states
)

select
    transactions.transaction_key,
    transactions.transaction_id,
    transactions.event_type,
    transactions.event_timestamp,
    transactions.date_key,
    transactions.customer_id,
    numbered.version as customer_version,
    numbered.valid_from as customer_valid_from,
    case when transactions.customer_id is null then transactions.customer_type else numbered.type end as customer_type,
    case
        when transactions.customer_id is null then transactions.customer_country else numbered.country
    end as customer_country,
    case when transactions.customer_id is null then transactions.customer_city else numbered.city end as customer_city,
    transactions.order_status_id,
    transactions.order_payment_method_id,
    transactions.order_currency_id,
    transactions.order_subtotal,
    transactions.order_tax_amount,
    transactions.order_shipping_amount,
    transactions.order_discount_amount,
    transactions.order_total_amount
from silver.fact_transactions as transactions
left join numbered
    on
        transactions.customer_id = numbered.customer_id
        and transactions.event_timestamp = numbered.event_timestamp
