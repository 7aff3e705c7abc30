-- DuckDB: what a file of the archive holds with other texts for some events, and no key and headers for these.
select
    archived.* replace (
        case when changes."offset" is null then archived.key end as key,
        case when changes."offset" is null then archived.key_bytes end as key_bytes,
        coalesce(changes.value, archived.value) as value,
        case when changes."offset" is null then archived.headers end as headers
    )
from {archive} as archived
left join changes on archived."offset" = changes."offset"
order by archived."offset"
