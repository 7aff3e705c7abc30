/* @model
description: Products as the latest event by event time describes them
grain: one row per product
key: [id]
load: upsert_latest
latest_by: [event_timestamp, produced_at, topic, partition, offset]
columns:
  id: { type: text, description: Product id }
  category: { type: text, description: Category }
  unit_price: { type: 'numeric(18,4)', description: Latest price of one unit }
  cost: { type: 'numeric(18,4)', description: Latest cost of one unit }
  event_timestamp: { type: timestamptz, description: Time of the event that these values come from }
  produced_at: { type: timestamptz, description: When the log took that event in }
  topic: { type: text, description: Topic of that event }
  partition: { type: integer, description: Partition of that event }
  offset: { type: bigint, description: Offset of that event }
  run_id: { type: bigint, description: The run of promote that wrote the row }
*/
-- The latest time of each product first, so that few lines are left to rank.
with lines as (
    select
        items.event_no,
        items.line_number,
        items.item_id,
        items.category,
        items.unit_price,
        items.cost,
        events.event_timestamp
    from source.items
    inner join source.events on items.event_no = events.event_no
),

latest as (
    select item_id, max(event_timestamp) as event_timestamp
    from lines
    group by item_id
),

ranked as (
    select
        lines.item_id,
        lines.category,
        lines.unit_price,
        lines.cost,
        events.event_timestamp,
        events.produced_at,
        events.topic,
        events.partition,
        events."offset",
        row_number() over (
            partition by lines.item_id
            order by
                events.produced_at desc,
                events.topic desc,
                events.partition desc,
                events."offset" desc,
                lines.line_number desc
        ) as rank
    from lines
    inner join latest on lines.item_id = latest.item_id and lines.event_timestamp = latest.event_timestamp
    inner join source.events on lines.event_no = events.event_no
)

select
    ranked.item_id as id,
    ranked.category,
    ranked.unit_price,
    ranked.cost,
    ranked.event_timestamp,
    ranked.produced_at,
    ranked.topic,
    ranked.partition,
    ranked."offset",
    run.run_id
from ranked
cross join source.run
where ranked.rank = 1
