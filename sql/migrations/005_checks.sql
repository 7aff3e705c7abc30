-- What checks hold their counts against, how they came out, and a sample of the rows that do not meet them.

alter table medallion.check_results
    add column checked bigint,
    add column warn_above text,
    add column error_above text,
    add column outcome text check (outcome in ('pass', 'warn', 'error'));
update medallion.check_results
set outcome = case when failing = 0 then 'pass' else severity end;
alter table medallion.check_results alter column outcome set not null;
comment on column medallion.check_results.severity is 'warn: told only; error: what was checked is not published when too many rows fail';
comment on column medallion.check_results.checked is 'Rows checked; null where an older version did not count them';
comment on column medallion.check_results.warn_above is 'Failing rows, or percent of the rows checked, that are passed over; null is 0';
comment on column medallion.check_results.error_above is 'The same for an error; null where the check never is one';
comment on column medallion.check_results.outcome is 'pass, warn or error, by these limits: the worst of what the run published';

create table medallion.check_failures (
    run_id bigint not null,
    model text not null,
    check_name text not null,
    number integer not null,
    failing_row jsonb not null,
    primary key (run_id, model, check_name, number)
);
create index on medallion.check_failures (model, check_name, run_id);
comment on table medallion.check_failures is 'The first rows of a run that did not meet a check; of old runs they are not kept';
comment on column medallion.check_failures.run_id is 'The run of promote';
comment on column medallion.check_failures.model is 'The model, schema.name';
comment on column medallion.check_failures.check_name is 'The check';
comment on column medallion.check_failures.number is 'From 1, in the order of the model''s key';
comment on column medallion.check_failures.failing_row is 'The row, each value as text, so that no digit is lost';
