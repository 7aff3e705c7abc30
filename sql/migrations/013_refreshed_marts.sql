create table medallion.refreshed_marts (
    model text primary key,
    refreshed_at timestamptz not null,
    pending_since timestamptz
);
comment on table medallion.refreshed_marts is 'Marts that are computed only every so often, as their headers say';
comment on column medallion.refreshed_marts.model is 'The mart, schema.name';
comment on column medallion.refreshed_marts.refreshed_at is 'When it was computed last';
comment on column medallion.refreshed_marts.pending_since is 'When gold first changed after that; null when the mart is current';
