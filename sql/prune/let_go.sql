-- Lets go of the bytes of rejected events that were dismissed or replayed and that the log took in before $1, $2 of them
-- at most. The rows stay, with their reasons.
update bronze.quarantine
set raw = null
where
    (topic, partition, "offset") in (
        select topic, partition, "offset"
        from bronze.quarantine
        where status <> 'open' and produced_at < $1 and raw is not null
        limit $2
    )
    and status <> 'open'
