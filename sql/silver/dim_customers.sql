/* @model
description: Customers as the latest event by event time describes them
grain: one row per customer
key: [id]
load: upsert_latest
latest_by: [event_timestamp, produced_at, topic, partition, offset]
columns:
  id: { type: text, description: Customer id }
  type: { type: text, description: 'Kind of customer, unknown when the event does not say' }
  city: { type: text, description: 'City, unknown when the event does not say' }
  country: { type: text, description: 'Country code, unknown when the event does not say' }
  event_timestamp: { type: timestamptz, description: Time of the event that these values come from }
  produced_at: { type: timestamptz, description: When the log took that event in }
  topic: { type: text, description: Topic of that event }
  partition: { type: integer, description: Partition of that event }
  offset: { type: bigint, description: Offset of that event }
  run_id: { type: bigint, description: The run of promote that wrote the row }
*/
-- The latest time of each customer first, so that few events are left to rank.
with latest as (
    select customer_id, max(event_timestamp) as event_timestamp
    from source.events
    where customer_id is not null
    group by customer_id
),

ranked as (
    select
        events.*,
        row_number() over (
            partition by events.customer_id
            order by events.produced_at desc, events.topic desc, events.partition desc, events."offset" desc
        ) as rank
    from source.events
    inner join latest
        on events.customer_id = latest.customer_id and events.event_timestamp = latest.event_timestamp
)

select
    ranked.customer_id as id,
    ranked.customer_type as type,
    ranked.customer_city as city,
    ranked.customer_country as country,
    ranked.event_timestamp,
    ranked.produced_at,
    ranked.topic,
    ranked.partition,
    ranked."offset",
    run.run_id
from ranked
cross join source.run
where ranked.rank = 1
