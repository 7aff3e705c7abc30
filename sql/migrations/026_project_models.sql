-- The models of projects, so that one that no promotion brings on any more, or another project's, is known.
create table medallion.project_models (
    model text primary key,
    project text not null,
    definition text not null,
    promoted_at timestamptz not null,
    behind_since timestamptz
);
comment on table medallion.project_models is 'Models of projects that were promoted, and by which project last';
comment on column medallion.project_models.model is 'The model, schema.name';
comment on column medallion.project_models.project is 'Folder of the project';
comment on column medallion.project_models.definition is 'SHA-256 of its file';
comment on column medallion.project_models.promoted_at is 'When the project promoted last';
comment on column medallion.project_models.behind_since is
'When something was promoted without the model first, since it was brought on last; null: never';
