-- Puts other bytes in the place of rejected events, and takes the customer $5 out of what was found in them. The detail of an
-- event that was too large begins with its size, by which a replay knows that all of it is there.
with changed as (
    select *
    from unnest($1::text [], $2::integer [], $3::bigint [], $4::bytea []) as given (topic, partition, "offset", raw)
),

history as (
    update bronze.quarantine_history
    set
        detail_before = case when position($5::text in detail_before) = 0 then detail_before end,
        detail_after = case when position($5::text in detail_after) = 0 then detail_after end,
        note = case when position($5::text in note) = 0 then note end
    from changed
    where
        quarantine_history.topic = changed.topic
        and quarantine_history.partition = changed.partition
        and quarantine_history."offset" = changed."offset"
)

update bronze.quarantine
set
    raw = changed.raw,
    detail = case
        when
            quarantine.reason = 'too_large'
            and octet_length(quarantine.raw) = substring(quarantine.detail from '^(\d+) bytes')::bigint
            then regexp_replace(quarantine.detail, '^\d+', octet_length(changed.raw)::text)
        when position($5::text in quarantine.detail) = 0 then quarantine.detail
    end
from changed
where
    quarantine.topic = changed.topic
    and quarantine.partition = changed.partition
    and quarantine."offset" = changed."offset"
