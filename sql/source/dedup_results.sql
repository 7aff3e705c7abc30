-- What became of every event of the transactions that have more than one: those of this batch, and those that silver
-- and its discarded events already knew. Ranked afresh each time, so the answer does not depend on the order of arrival.
--   current: the event that silver holds. duplicate: its content is that of a better-ranked event.
--   superseded: the best-ranked event of a content that lost.
with ranked as (
    select
        *,
        row_number() over (
            partition by transaction_id
            order by {newest_first}
        ) as rank,
        row_number() over (
            partition by transaction_id, content_hash
            order by {newest_first}
        ) as rank_in_content
    from source.candidates
)

select
    * exclude (rank, rank_in_content),
    case
        when rank = 1 then 'current'
        when rank_in_content = 1 then 'superseded'
        else 'duplicate'
    end as outcome
from ranked
