-- The tables of the models are made before there is a promotion: a mart's says that it waits for its rows.

create table medallion.unfilled_marts (
    model text primary key,
    made_at timestamptz not null default now()
);
comment on table medallion.unfilled_marts is 'Marts whose tables were made and that no promotion has filled yet';
comment on column medallion.unfilled_marts.model is 'The mart, schema.name';
comment on column medallion.unfilled_marts.made_at is 'When its table was made';

-- A day that is not over grows; from its first publication after its end on a change of it is a restatement.

create table medallion.day_publications (
    date_key date primary key,
    published_at timestamptz not null
);
comment on table medallion.day_publications is 'When gold last published the sales of each day';
comment on column medallion.day_publications.date_key is 'UTC day';
comment on column medallion.day_publications.published_at is 'When, by the clock of the server';

comment on table gold.restatements is
'Days whose sales changed after they were over and had been published: late events and corrections';
comment on column gold.restatements.late_events is
'Events that changed the day after it was over and had been published; 0 when it was only computed again';
