-- Every table and view of silver and gold as the database has it: its columns, keys, indexes, comments and rights.

with constraints as (
    select
        k.conrelid,
        k.contype,
        jsonb_build_object(
            'name', k.conname,
            'columns', (
                select jsonb_agg(a.attname order by place.number)
                from unnest(k.conkey) with ordinality as place (attnum, number)
                join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = place.attnum
            )
        ) as value
    from pg_constraint as k
    where k.contype in ('p', 'u')
)

select
    n.nspname || '.' || c.relname as id,
    jsonb_build_object(
        'kind', case when c.relkind = 'v' then 'view' else 'table' end,
        'comment', obj_description(c.oid, 'pg_class'),
        'columns', (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'name', a.attname,
                        'type', format_type(a.atttypid, a.atttypmod),
                        'nullable', not a.attnotnull,
                        'comment', col_description(c.oid, a.attnum),
                        -- Views that read the column.
                        'readers', (
                            select coalesce(jsonb_agg(distinct v.oid::regclass::text), '[]')
                            from pg_depend as d
                            join pg_rewrite as r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
                            join pg_class as v on v.oid = r.ev_class and v.oid <> c.oid
                            where
                                d.refclassid = 'pg_class'::regclass
                                and d.refobjid = c.oid
                                and d.refobjsubid = a.attnum
                        )
                    ) order by a.attnum
                )
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        'key', (select k.value from constraints as k where k.conrelid = c.oid and k.contype = 'p'),
        'unique', (
            select coalesce(jsonb_agg(k.value), '[]')
            from constraints as k
            where k.conrelid = c.oid and k.contype = 'u'
        ),
        -- Those that belong to no constraint.
        'indexes', (
            select
                coalesce(
                    jsonb_agg(
                        jsonb_build_object(
                            'name', i.indexrelid::regclass::text,
                            'definition',
                            regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? ON .*? USING ', 'using ')
                        ) order by i.indexrelid
                    ), '[]'
                )
            from pg_index as i
            where i.indrelid = c.oid and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
        ),
        -- Rights other than the owner's, as the statements that give them again.
        'grants', (
            select coalesce(jsonb_agg(jsonb_build_object('column', attname, 'statement', statement)), '[]')
            from (
                select
                    rights.attname,
                    format(
                        'grant %s%s on %s to %s%s',
                        acl.privilege_type,
                        ' (' || quote_ident(rights.attname) || ')',
                        c.oid::regclass,
                        coalesce(quote_ident(r.rolname), 'public'),
                        case when acl.is_grantable then ' with grant option' else '' end
                    ) as statement
                from (
                    select null::text as attname, c.relacl as acl
                    union all
                    select a.attname::text, a.attacl
                    from pg_attribute as a
                    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                ) as rights
                cross join lateral aclexplode(rights.acl) as acl
                left join pg_roles as r on r.oid = acl.grantee
                where acl.grantee <> c.relowner
            ) as granted
        )
    )::text as shape
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('silver', 'gold') and c.relkind in ('r', 'v', 'p')
