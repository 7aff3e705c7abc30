-- Their order lines, in the order of the record.
select
    events."offset" as record,
    items.* exclude (event_no)
from source.items
inner join source.events using (event_no)
order by record, line_number
