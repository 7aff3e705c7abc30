-- Why open events cannot be judged again, with a limit of $1 bytes; not those that runs $2 have judged. Values of the topics
-- $3 can be decoded.
select
    case
        when q.stage = 'ingest' and q.raw is null and q.reason <> 'empty_value' then 'not_stored'
        when
            q.stage = 'ingest' and q.reason <> 'too_large'
            and not (q.reason = 'undecodable' and q.topic = any($3::text []))
            then q.reason
        when q.stage = 'ingest' and q.reason = 'too_large' and not {is_whole} then 'cut_off'
        when q.stage = 'ingest' and octet_length(q.raw) > $1 then 'over_limit'
        when not {is_promoted} then 'not_promoted'
        else 'not_in_bronze'
    end as obstacle,
    count(*) as events
from bronze.quarantine as q
where
    {selected}
    and (q.stage = 'ingest' or not {is_stored})
    and not exists (
        select
        from bronze.quarantine_history as h
        where
            h.run_id = any($2::bigint [])
            and h.topic = q.topic
            and h.partition = q.partition
            and h."offset" = q."offset"
    )
group by 1
order by events desc, obstacle
