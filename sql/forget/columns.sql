-- Columns of text in medallion's tables of silver and gold, and which of them hold a customer's id by their name.
select
    own.schema_name as "schema",
    own.name as "table",
    a.attname as name,
    (
        a.attname = 'customer_id'
        or (own.schema_name = 'silver' and own.name = 'dim_customers' and a.attname = 'id')
    ) as "isCustomer"
from medallion.schema_objects as own
inner join pg_class as c on own.object_id = c.oid and c.relkind in ('r', 'p')
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where
    own.is_own
    and own.class_id = 'pg_class'::regclass
    and own.schema_name in ('silver', 'gold')
    and a.atttypid in ('text'::regtype, 'varchar'::regtype)
    and a.attgenerated = ''
order by own.schema_name desc, own.name, a.attnum
