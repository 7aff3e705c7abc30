/* @model
description: >-
  What the transactions of silver say of each customer, moment by moment. Of several at one moment the last one in the
  log speaks; dim_customer_versions and fact_transactions_with_customer are made of it
grain: one row per customer and moment with a transaction
key: [customer_id, event_timestamp]
load: view
columns:
  customer_id: { type: text, description: Customer id }
  event_timestamp: { type: timestamptz, description: The moment }
  type: { type: text, description: 'Kind of customer, unknown when the event does not say' }
  city: { type: text, description: 'City, unknown when the event does not say' }
  country: { type: text, description: 'Country code, unknown when the event does not say' }
  is_change: { type: boolean, description: 'Whether the moment before said something else, or there is none' }
*/
-- A view, so that no promotion pays for it: where a producer sends other attributes with every event there are as
-- many states as transactions. The windows share one sort. All of them are partitioned by customer_id alone, so that
-- PostgreSQL looks at the transactions of one customer when one is asked for.
with told as (
    select
        customer_id,
        event_timestamp,
        customer_type as type,
        customer_city as city,
        customer_country as country,
        -- Text is compared by its bytes, as everywhere, whatever the database's collation.
        lead(event_timestamp) over (
            partition by customer_id
            order by event_timestamp, produced_at, topic collate "C", partition, "offset"
        ) as next_at
    from silver.fact_transactions
    where customer_id is not null
),

states as (
    select
        *,
        lag(type) over (partition by customer_id order by event_timestamp) as type_before,
        lag(city) over (partition by customer_id order by event_timestamp) as city_before,
        lag(country) over (partition by customer_id order by event_timestamp) as country_before
    from told
    where next_at is distinct from event_timestamp
)

select
    customer_id,
    event_timestamp,
    type,
    city,
    country,
    (
        type is distinct from type_before
        or city is distinct from city_before
        or country is distinct from country_before
    ) as is_change
from states
