-- What a role needs, as statements in the order in which they run: $1 is its name, $2 the kind of its work.
--
--     reader   reads silver and gold, with what dashboards need to know of the pipeline
--     loader   appends to bronze and keeps the metadata of ingest
--     owner    owns the schemas and all in them: promotes, migrates, resets
--
-- Rights on tables that do not exist yet are default privileges, which PostgreSQL keeps for each role that makes tables.

with objects as (
    select
        'schema' as kind,
        nspname::text as schema_name,
        nspname::text as identity,
        nspowner as owner,
        -- Others have made something there, too.
        exists (
            select from medallion.schema_objects as o where o.schema_name = nspname and not o.is_own
        ) as is_shared
    from pg_namespace
    where nspname in ('bronze', 'silver', 'gold', 'medallion')
    union all
    select o.kind, o.schema_name, o.identity, coalesce(c.relowner, p.proowner), false
    from medallion.schema_objects as o
    left join pg_class as c on o.class_id = 'pg_class'::regclass and c.oid = o.object_id
    left join pg_proc as p on o.class_id = 'pg_proc'::regclass and p.oid = o.object_id
    where o.is_own
),

owned as (
    select o.kind, o.schema_name, o.identity, o.is_shared, r.rolname::text as owner, r.rolsuper as is_superuser
    from objects as o
    join pg_roles as r on r.oid = o.owner
),

-- What the owner gets that it does not own. A schema that others use stays theirs.
handed as (
    select kind, identity, owner, is_superuser from owned where owner <> $1 and not is_shared
),

-- Roles that have made tables here, or are about to.
makers as (
    select name
    from (select current_user::text as name union select owner from owned where not is_shared) as found
    where name <> $1
),

-- What other roles get on tables to come.
defaults as (
    select distinct
        n.nspname as schema_name,
        r.rolname as grantee,
        string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as rights
    from pg_default_acl as d
    join pg_namespace as n on n.oid = d.defaclnamespace
    cross join aclexplode(d.defaclacl) as a
    join pg_roles as r on r.oid = a.grantee
    where
        n.nspname in ('bronze', 'silver', 'gold', 'medallion') and d.defaclobjtype = 'r' and r.rolname <> $1
    group by n.nspname, r.rolname, d.defaclrole
),

statements (work, place, statement) as (
    select work, 0, format('grant %s on database %I to %I', rights, current_database(), $1)
    from (
        values ('reader', 'connect'), ('loader', 'connect'), ('owner', 'connect, create, temporary')
    ) as database_rights (work, rights)

    union all
    select 'reader', 1, format('grant usage on schema silver, gold to %I', $1)
    union all
    select 'reader', 2, format('grant select on %s to %I', string_agg(identity, ', ' order by identity), $1)
    from owned
    where schema_name in ('silver', 'gold') and kind not in ('schema', 'function')
    having count(*) > 0
    union all
    select
        'reader', 3,
        format(
            'alter default privileges for role %I in schema silver, gold grant select on tables to %I', name, $1
        )
    from makers
    union all
    -- Dashboards of the older pipeline name its tables without a schema.
    select 'reader', 4, format('alter role %I in database %I set search_path = gold, silver', $1, current_database())

    union all
    select 'loader', place, format(rights || ' to %I', $1)
    from (
        values
        (1, 'grant usage on schema bronze, medallion'),
        (2, 'grant insert on bronze.events, bronze.quarantine, medallion.offset_gaps'),
        (3, 'grant select on medallion.migrations'),
        (4, 'grant select, insert, update on medallion.offsets, medallion.run_partitions'),
        (5, 'grant select, insert, update on medallion.topic_sources'),
        (6, 'grant select, insert, update (finished_at, outcome, counts, error) on medallion.runs')
    ) as loader_rights (place, rights)

    union all
    -- Who owned the tables before, and may lose what comes with that, goes on with what they could do.
    select distinct 'owner', 1, format('grant %I to %I', $1, owner) from handed where not is_superuser
    union all
    select 'owner', 2, format('grant usage, create on schema %s to %I', identity, $1)
    from owned
    where is_shared and owner <> $1
    union all
    select 'owner', case kind when 'schema' then 3 else 4 end, format('alter %s %s owner to %I', kind, identity, $1)
    from handed
    union all
    select
        'owner', 5,
        format(
            'alter default privileges for role %I in schema bronze, silver, gold, medallion grant all on tables to %I',
            name, $1
        )
    from makers
    union all
    select distinct
        'owner', 6,
        format(
            'alter default privileges for role %I in schema %s grant %s on tables to %I', $1, schema_name, rights, grantee
        )
    from defaults
)

select statement from statements where work = $2 order by place, statement
