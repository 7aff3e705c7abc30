-- Models of projects whose tables are there.
select
    project_models.model,
    project_models.project,
    project_models.definition,
    to_char(project_models.promoted_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as promoted_at,
    to_char(project_models.behind_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as behind_since,
    schema_objects.kind
from medallion.project_models
inner join medallion.schema_objects
    on project_models.model = schema_objects.schema_name || '.' || schema_objects.name
where schema_objects.is_own and schema_objects.kind in ('table', 'view')
order by project_models.model
