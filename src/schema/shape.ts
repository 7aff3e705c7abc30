import type { Client } from '../postgres/client.ts';

export interface ShapeColumn {
  readonly name: string;
  /** As PostgreSQL spells it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly comment: string | null;
  /** Views that read the column, as schema.name. */
  readonly readers: readonly string[];
}

export interface ShapeConstraint {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface ShapeIndex {
  readonly name: string;
  /** What follows "create index <name> on <table>". */
  readonly definition: string;
}

/** A table or view of silver or gold as the database has it. */
export interface Shape {
  readonly kind: 'table' | 'view';
  readonly comment: string | null;
  readonly columns: readonly ShapeColumn[];
  readonly key: ShapeConstraint | null;
  readonly unique: readonly ShapeConstraint[];
  /** Those that belong to no constraint. */
  readonly indexes: readonly ShapeIndex[];
  /** Rights other than the owner's, as grant statements that give them again; a column's right names the column. */
  readonly grants: readonly { readonly column: string | null; readonly statement: string }[];
}

/** Every table and view of silver and gold, by schema.name. */
export async function readShapes(client: Client): Promise<Map<string, Shape>> {
  const { rows } = await client.query<{ id: string; shape: string }>(SHAPES);
  return new Map(rows.map(({ id, shape }) => [id, JSON.parse(shape) as Shape]));
}

const SHAPES = `
select n.nspname || '.' || c.relname as id, jsonb_build_object(
    'kind', case when c.relkind = 'v' then 'view' else 'table' end,
    'comment', obj_description(c.oid, 'pg_class'),
    'columns', (
        select jsonb_agg(jsonb_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'nullable', not a.attnotnull,
            'comment', col_description(c.oid, a.attnum),
            'readers', (
                select coalesce(jsonb_agg(distinct v.oid::regclass::text), '[]')
                from pg_depend d
                join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
                join pg_class v on v.oid = r.ev_class and v.oid <> c.oid
                where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
            )
        ) order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ),
    'key', (select named.value from (${constraints('p')}) as named),
    'unique', (select coalesce(jsonb_agg(named.value), '[]') from (${constraints('u')}) as named),
    'indexes', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'name', i.indexrelid::regclass::text,
            'definition', regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? ON .*? USING ', 'using ')
        ) order by i.indexrelid), '[]')
        from pg_index i
        where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    ),
    'grants', (
        select coalesce(jsonb_agg(jsonb_build_object('column', attname, 'statement', statement)), '[]')
        from (
            select null as attname, format('grant %s on %s to %s%s', acl.privilege_type, c.oid::regclass,
                          coalesce(quote_ident(r.rolname), 'public'),
                          case when acl.is_grantable then ' with grant option' else '' end) as statement
            from aclexplode(c.relacl) as acl
            left join pg_roles r on r.oid = acl.grantee
            where acl.grantee <> c.relowner
            union all
            select a.attname::text, format('grant %s (%I) on %s to %s%s', acl.privilege_type, a.attname, c.oid::regclass,
                          coalesce(quote_ident(r.rolname), 'public'),
                          case when acl.is_grantable then ' with grant option' else '' end)
            from pg_attribute a
            cross join lateral aclexplode(a.attacl) as acl
            left join pg_roles r on r.oid = acl.grantee
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and acl.grantee <> c.relowner
        ) as rights
    )
)::text as shape
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('silver', 'gold') and c.relkind in ('r', 'v', 'p')`;

function constraints(type: 'p' | 'u'): string {
  return `
    select jsonb_build_object('name', k.conname, 'columns', (
        select jsonb_agg(a.attname order by place.number)
        from unnest(k.conkey) with ordinality as place (attnum, number)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = place.attnum
    )) as value
    from pg_constraint k
    where k.conrelid = c.oid and k.contype = '${type}'`;
}
