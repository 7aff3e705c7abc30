-- Records that the run $1 has published the days $2, neighbours as one span (2026-01-01..2026-01-31), and a day that
-- stands alone as itself.
update medallion.runs
set
    days = array(
        select
            case when count(*) = 1 then min(n.day)::text else min(n.day)::text || '..' || max(n.day)::text end
        from (
            select
                d.day,
                d.day - row_number() over (order by d.day)::integer as island
            from unnest($2::date[]) as d (day)
        ) as n
        group by n.island
        order by n.island
    )
where run_id = $1
