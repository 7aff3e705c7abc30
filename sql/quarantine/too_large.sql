-- Events of the topics $3 that were too large for ingest, and have at most $2 bytes, as text.
select
    q.*,
    medallion.text_of(q.raw) as value,
    null::text as format,
    null::integer as schema_id,
    'not_text' as fault,
    'bytes that are not UTF-8, or a NUL' as fault_detail,
    false as is_cut
from bronze.quarantine as q
where
    {selected}
    and q.stage = 'ingest'
    and q.reason = 'too_large'
    and q.topic = any($3::text [])
    and octet_length(q.raw) <= $2
    and {is_whole}
    and {is_promoted}
