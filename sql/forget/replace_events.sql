-- Puts other texts in the place of events of bronze. A key or a header may name the customer, too.
update bronze.events
set value = changed.value, key = null, key_bytes = null, headers = null
from unnest($1::text [], $2::integer [], $3::bigint [], $4::text []) as changed (topic, partition, "offset", value)
where
    events.topic = changed.topic
    and events.partition = changed.partition
    and events."offset" = changed."offset"
