-- Records the models $1, with the definitions $2, as those of the project in the folder $3. $4 has every model of this
-- promotion: what among them is medallion's again is recorded no more, nor is what was dropped. Those of $5 lack nothing.
with gone as (
    delete from medallion.project_models
    where
        (model = any ($4::text []) and not model = any ($1::text []))
        or not exists (
            select from medallion.schema_objects
            where schema_name || '.' || name = project_models.model and is_own and kind in ('table', 'view')
        )
)

insert into medallion.project_models (model, project, definition, promoted_at)
select model, $3, definition, now()
from unnest($1::text [], $2::text []) as models (model, definition)
on conflict (model) do update
set
    project = excluded.project,
    definition = excluded.definition,
    promoted_at = excluded.promoted_at,
    behind_since = case when not project_models.model = any ($5::text []) then project_models.behind_since end
