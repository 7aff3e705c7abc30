-- Rows that failed check $2 of model $1 before its last $3 runs in which rows did.
delete from medallion.check_failures
where
    model = $1
    and check_name = $2
    and run_id <= (
        select run_id
        from medallion.check_failures
        where model = $1 and check_name = $2 and number = 1
        order by run_id desc
        offset $3
        limit 1
    )
