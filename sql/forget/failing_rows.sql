-- Puts $2 in the place of customer $1 in the rows that checks have kept.
update medallion.check_failures
set
    failing_row = failing_row || jsonb_build_object(
        case when failing_row ->> 'customer_id' = $1 then 'customer_id' else 'id' end, $2::text
    )
where failing_row ->> 'customer_id' = $1 or (model = 'silver.dim_customers' and failing_row ->> 'id' = $1)
