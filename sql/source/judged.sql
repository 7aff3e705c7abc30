-- The events that the judge has accepted, as it wrote them.
select
    doubtful.* replace (judged.value as value),
    true as judged
from source.doubtful
inner join source.judged using (event_no)
