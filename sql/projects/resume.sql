-- Marts among the models $1 that were left out of promotions wait for all their rows, as new ones do.
with resumed as (
    update medallion.project_models
    set behind_since = null
    where behind_since is not null and model like 'gold.%' and model = any ($1::text [])
    returning model
)

insert into medallion.unfilled_marts (model)
select model from resumed
on conflict do nothing
