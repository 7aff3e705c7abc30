-- What a batch adds: an event known before counts only where its outcome changed.
select
    count(*) as candidates,
    (select count(*) from source.replaced) as replaced,
    (select count(*) from source.relinked) as relinked,
    count(*) filter (where outcome = 'duplicate') - count(*) filter (where known_outcome = 'duplicate') as duplicates,
    count(*) filter (where outcome = 'superseded') - count(*) filter (where known_outcome = 'superseded') as superseded
from source.dedup_results
