-- Says that something is promoted in the layers $2 without the models that are not among $1.
update medallion.project_models
set behind_since = now()
where behind_since is null and not model = any ($1::text []) and split_part(model, '.', 1) = any ($2::text [])
