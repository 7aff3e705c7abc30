-- Dismisses or reopens the selected events, with their history.
with chosen as (
    select *
    from bronze.quarantine as q
    where {selected}
    for update
),

noted as (
    insert into bronze.quarantine_history (
        topic, partition, "offset", run_id, action, status_before, status_after,
        reason_before, field_before, detail_before, reason_after, field_after, detail_after, note, os_user
    )
    select
        topic,
        partition,
        "offset",
        cast({run_id} as bigint),
        {action},
        status,
        {to},
        reason,
        field,
        detail,
        reason,
        field,
        detail,
        cast({note} as text),
        cast({os_user} as text)
    from chosen
)

update bronze.quarantine as q
set status = {to}, resolved_at = case {to} when 'open' then null else now() end
from chosen as c
where q.topic = c.topic and q.partition = c.partition and q."offset" = c."offset"
