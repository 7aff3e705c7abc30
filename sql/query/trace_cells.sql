-- The rows of a mart that have the key of transaction $1, or of one of its lines.
(
    select
        {mart} as mart,
        {key} as key,
        {figures} as figures
    from (
        select distinct {wanted}
        from {facts}
        where t.transaction_id = $1
    ) as k
    inner join {table} as m using ({key_columns})
    order by {in_order}
)
