with runs as (
    insert into medallion.runs (command, version, arguments, started_at, finished_at, outcome)
    select
        case numbers.number % 2 when 0 then 'ingest' else 'promote' end,
        'bench',
        '{}',
        numbers.at,
        numbers.at + interval '4 seconds',
        case when numbers.number % 500 = 0 then 'failed' else 'done' end
    from (
        select number, timestamptz '2025-01-01 00:00:00+00' + number * interval '5 minutes' as at
        from generate_series(1, 105120) as number
    ) as numbers
    returning run_id, command, started_at
),

partitions as (
    insert into medallion.run_partitions (run_id, topic, partition, from_offset, to_offset, events)
    select run_id, 'sales', 0, run_id, run_id + 8, 8
    from runs
),

models as (
    insert into medallion.run_models (run_id, model, read, written, refused, seconds)
    select runs.run_id, known.model, 8, 8, 0, 0.1
    from runs
    cross join (select distinct model from medallion.run_models) as known
    where runs.command = 'promote'
)

insert into medallion.check_results
    (run_id, model, check_name, severity, failing, checked, outcome, checked_at)
select runs.run_id, known.model, known.check_name, 'warn', 0, 8, 'pass', runs.started_at
from runs
cross join (select distinct model, check_name from medallion.check_results) as known
where runs.command = 'promote';
