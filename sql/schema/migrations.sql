create schema if not exists medallion;

create table if not exists medallion.migrations (
    number integer primary key,
    name text not null,
    hash text not null,
    applied_at timestamptz not null default now()
);
