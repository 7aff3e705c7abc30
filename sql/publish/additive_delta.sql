-- PostgreSQL: the delta of a mart over another one: its select over that one's rows as they are, less over those as they were.
select {key}, {sums}
from (
    select {key}, {measures}
    from ({select over added}) as added
    union all
    select {key}, {negated}
    from ({select over removed}) as removed
) as changes
group by {key}
