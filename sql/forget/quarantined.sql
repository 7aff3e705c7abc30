-- Rejected events that may be of the customer $1, as for bronze, or of the orders $2.
select topic, partition, "offset", reason, raw
from bronze.quarantine
where
    position(convert_to($1::text, 'UTF8') in raw) > 0
    or position('\x5c'::bytea in raw) > 0
    or exists (
        select from unnest($2::text []) as orders (id)
        where position(convert_to(orders.id, 'UTF8') in quarantine.raw) > 0
    )
