import { annotation } from './dashboard.ts';
import { FIRST_HOUR, startOf } from './period.ts';
import { sql } from './sql.ts';

/*
 * Marks in the charts over time. What began before the time range, with the day or the hour in which the range begins, stands
 * at its beginning.
 */

const shownAt = (time: string): string => `greatest(${time}, $__timeFrom()::timestamptz)`;

/** At the day that changed. */
export const RESTATED_DAYS = annotation(
  'Restated days',
  'orange',
  sql`
    select
        ${shownAt(startOf('date_key'))} as time,
        'Restated ' || case count(*) when 1 then 'once' else count(*) || ' times' end || ', by ' || to_char(sum(new_total - old_total), 'FMSG999,999,999,990.00') as text
    from gold.restatements
    where
        ${startOf('date_key + 1')} > $__timeFrom()::timestamptz
        and ${startOf('date_key')} <= $__timeTo()::timestamptz
    group by date_key
    having sum(new_total - old_total) <> 0
    order by abs(sum(new_total - old_total)) desc
    limit 50`,
);

/** At the time of each, or one for all of a day. */
export const failedRuns = (by: 'run' | 'day'): ReturnType<typeof annotation> =>
  annotation(
    'Failed runs',
    'red',
    sql`
      select
          ${by === 'run' ? 'failed_at' : shownAt("date_trunc('day', failed_at, 'UTC')")} as time,
          case count(*)
              when 1 then max(command) || ' failed: medallion runs show ' || max(run_id)
              else count(*) || ' runs failed: medallion runs show ' || max(run_id) || ' has the latest'
          end as text
      from (
          select run_id, command, coalesce(finished_at, started_at) as failed_at
          from gold.pipeline_runs
          where outcome = 'failed' and $__timeFilter(started_at)
      ) as failed
      group by 1
      order by time desc
      limit 50`,
  );

/** At hours with three times as many rejected events as the mean hour of the time range, and ten at least. */
export const BURSTS = annotation(
  'Bursts of rejected events',
  'purple',
  sql`
    with hours as (
        select quarantined_hour, sum(events) as events
        from gold.quarantine_by_hour
        where quarantined_hour >= ${FIRST_HOUR} and quarantined_hour <= $__timeTo()::timestamptz
        group by quarantined_hour
    )

    select
        ${shownAt('quarantined_hour')} as time,
        events || ' events rejected in this hour' as text
    from hours
    where
        events >= 10
        and events > 3 * (select sum(events) from hours)
        / greatest(ceil(extract(epoch from $__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 3600), 1)
    order by events desc
    limit 50`,
);
