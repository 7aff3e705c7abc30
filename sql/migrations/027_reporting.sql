-- What the rows of silver and gold are made by. The days of a warehouse of before are those of UTC.

create table gold.reporting (
    timezone text not null
);
insert into gold.reporting values ('UTC');
comment on table gold.reporting is 'What marts and reports are in: one row, which a full refresh changes';
comment on column gold.reporting.timezone is 'IANA zone of the days';

comment on column medallion.day_publications.date_key is 'Day, in the zone of gold.reporting';
