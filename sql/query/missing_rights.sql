-- Rights that are missing, as GRANT calls them, with what they are missing on. $1: the tables that matter; null is all of the
-- schemas.
with schemas as (
    select oid, nspname from pg_namespace where nspname in ('bronze', 'silver', 'gold', 'medallion')
),
missing as (
    select right_name, 'database ' || quote_ident(current_database()) as object
    from unnest(array['temporary', 'create']) as right_name
    where not has_database_privilege(current_database(), right_name)
        -- Only who has yet to make the schemas must be allowed to.
        and (right_name = 'temporary' or (select count(*) from schemas) < 4)
    union all
    select right_name, 'schema ' || nspname
    from schemas cross join unnest(array['usage', 'create']) as right_name
    where not has_schema_privilege(schemas.oid, right_name)
    union all
    select right_name, 'all tables in schema ' || nspname
    from schemas cross join unnest(array['select', 'insert', 'update', 'delete']) as right_name
    where exists (
        select from pg_class
        where relnamespace = schemas.oid and relkind in ('r', 'p') and not has_table_privilege(pg_class.oid, right_name)
            and ($1::oid[] is null or pg_class.oid = any ($1))
    )
)
select string_agg(right_name, ', ' order by right_name desc) || ' on ' || object as missing
from missing
group by object
order by object desc
