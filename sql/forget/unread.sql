-- Events that silver does not have and that hold one of the ids $1: promote has not read them, or has rejected them.
select events.topic, events.partition, events."offset"
from bronze.events
left join medallion.watermarks on events.topic = watermarks.topic and events.partition = watermarks.partition
where
    events."offset" >= coalesce(watermarks.next_offset, 0)
    and exists (
        select from unnest($1::text []) as orders (id)
        where position(orders.id in events.value) > 0
    )
union all
select topic, partition, "offset"
from bronze.quarantine
where
    exists (
        select from unnest($1::text []) as orders (id)
        where position(convert_to(orders.id, 'UTF8') in quarantine.raw) > 0
    )
