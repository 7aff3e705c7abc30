-- PostgreSQL: whether the tables $1 may go without their keys and indexes for a while: this role may change them, no
-- trigger of somebody else's looks at their rows, and nothing depends on their keys (a foreign key, a view that groups by one).
with tables as (
    select cast(cast(name as regclass) as oid) as oid
    from unnest($1::text[]) as name
)

select
    has_schema_privilege('medallion', 'create')
    and not exists (
        select
        from pg_class
        where oid in (select oid from tables) and not pg_has_role(relowner, 'usage')
    )
    and not exists (
        select
        from pg_trigger
        where tgrelid in (select oid from tables) and not tgisinternal
    )
    and not exists (
        select
        from pg_constraint as keys
        inner join pg_depend as dependents on keys.oid = dependents.refobjid
        where
            keys.conrelid in (select oid from tables)
            and dependents.refclassid = cast('pg_constraint' as regclass)
            and dependents.deptype = 'n'
    )
    and not exists (
        select
        from pg_constraint
        where contype = 'f' and confrelid in (select oid from tables)
    ) as may
