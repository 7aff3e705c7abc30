-- What medallion has made in its four schemas, which may hold other people's tables, too. A name alone does not tell: who
-- drops a table of medallion's and makes another one in its place has one that is not medallion's.

create table medallion.objects (
    schema_name text not null,
    name text not null,
    object_id oid not null,
    record_id oid not null,
    recorded_at timestamptz not null default now(),
    primary key (schema_name, name)
);
comment on table medallion.objects is 'What medallion has made in the schemas bronze, silver, gold and medallion';
comment on column medallion.objects.schema_name is 'Its schema';
comment on column medallion.objects.name is 'Its name; of a function with the types of its arguments';
comment on column medallion.objects.object_id is 'Its oid when it was recorded';
comment on column medallion.objects.record_id is
'The oid of this table then: another one now means that a dump was restored, which gives every object a new oid';
comment on column medallion.objects.recorded_at is 'When it was recorded';

-- A dump keeps names and not oids, so that after it was restored the name decides, until the next time it is recorded. The oid
-- of a function is not kept by pg_upgrade either; there is nothing to lose in one.
create view medallion.schema_objects as
with members as (
    select
        d.classid as class_id,
        d.objid as object_id,
        n.nspname::text as schema_name,
        case d.classid
            when 'pg_class'::regclass then c.relname::text
            when 'pg_type'::regclass then t.typname::text
            when 'pg_proc'::regclass then p.proname || '(' || oidvectortypes(p.proargtypes) || ')'
        end as name,
        pg_identify_object(d.classid, d.objid, 0) as described
    from pg_namespace as n
    join pg_depend as d on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid and d.deptype = 'n'
    left join pg_class as c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_type as t on d.classid = 'pg_type'::regclass and t.oid = d.objid
    left join pg_proc as p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
    where
        n.nspname in ('bronze', 'silver', 'gold', 'medallion')
        -- A sequence that a column owns goes with it.
        and not exists (
            select from pg_depend as owned
            join pg_class as owner on owner.oid = owned.refobjid and owner.relnamespace = n.oid
            where
                c.relkind = 'S'
                and owned.classid = 'pg_class'::regclass
                and owned.objid = c.oid
                and owned.refclassid = 'pg_class'::regclass
                and owned.deptype in ('a', 'i')
        )
)

select
    m.schema_name,
    m.name,
    (m.described).type as kind,
    (m.described).identity as identity,
    m.class_id,
    m.object_id,
    exists (
        select from medallion.objects as o
        where
            m.class_id in ('pg_class'::regclass, 'pg_proc'::regclass)
            and o.schema_name = m.schema_name
            and o.name = m.name
            and (o.object_id = m.object_id or o.record_id <> o.tableoid or m.class_id = 'pg_proc'::regclass)
    ) as is_own
from members as m;
comment on view medallion.schema_objects is 'Everything in the schemas bronze, silver, gold and medallion, and whether medallion has made it';
comment on column medallion.schema_objects.schema_name is 'Its schema';
comment on column medallion.schema_objects.name is 'Its name; of a function with the types of its arguments';
comment on column medallion.schema_objects.kind is 'What it is: table, view, function ..';
comment on column medallion.schema_objects.identity is 'How SQL names it';
comment on column medallion.schema_objects.class_id is 'The catalog that it stands in';
comment on column medallion.schema_objects.object_id is 'Its oid there';
comment on column medallion.schema_objects.is_own is 'Whether medallion has made it';

create function medallion.record_object(of_schema text, of_name text)
returns void
language sql
as $$
    insert into medallion.objects (schema_name, name, object_id, record_id)
    select schema_name, name, object_id, 'medallion.objects'::regclass
    from medallion.schema_objects
    where schema_name = of_schema and name = of_name and class_id in ('pg_class'::regclass, 'pg_proc'::regclass)
    on conflict (schema_name, name) do update
    set object_id = excluded.object_id, record_id = excluded.record_id, recorded_at = excluded.recorded_at
$$;
comment on function medallion.record_object is 'Records that medallion has made, or may have, what stands under a name';

-- What there is already: what migrations have made, and tables and views of models. Those have a comment that says what a row
-- is and one for each column, or a promotion has written to them.
select medallion.record_object(schema_name, name)
from medallion.schema_objects
where
    (schema_name, name) in (
        ('bronze', 'events'),
        ('bronze', 'quarantine'),
        ('bronze', 'quarantine_history'),
        ('gold', 'event_landings'),
        ('gold', 'events_outside_silver(text)'),
        ('gold', 'pipeline_checks'),
        ('gold', 'pipeline_models'),
        ('gold', 'pipeline_partitions'),
        ('gold', 'pipeline_runs'),
        ('gold', 'pipeline_state'),
        ('gold', 'quarantine_by_hour'),
        ('gold', 'quarantine_summary'),
        ('gold', 'restatements'),
        ('medallion', 'advance_watermark(text, integer, bigint, bigint)'),
        ('medallion', 'check_failures'),
        ('medallion', 'check_results'),
        ('medallion', 'is_pruned(text, integer, bigint, timestamp with time zone)'),
        ('medallion', 'key_blocks'),
        ('medallion', 'migrations'),
        ('medallion', 'objects'),
        ('medallion', 'offset_gaps'),
        ('medallion', 'offsets'),
        ('medallion', 'pruned'),
        ('medallion', 'record_object(text, text)'),
        ('medallion', 'refreshes'),
        ('medallion', 'run_models'),
        ('medallion', 'run_partitions'),
        ('medallion', 'runs'),
        ('medallion', 'schema_objects'),
        ('medallion', 'text_of(bytea)'),
        ('medallion', 'touched_days'),
        ('medallion', 'watermarks')
    )
    or (
        schema_name in ('silver', 'gold')
        and kind in ('table', 'view')
        and (
            (
                obj_description(object_id, 'pg_class') like '%: one row per %'
                and not exists (
                    select from pg_attribute as a
                    where
                        a.attrelid = object_id
                        and a.attnum > 0
                        and not a.attisdropped
                        and col_description(object_id, a.attnum) is null
                )
            )
            or exists (
                select from medallion.run_models as r
                where r.model = schema_name || '.' || schema_objects.name and r.written > 0
            )
        )
    );
