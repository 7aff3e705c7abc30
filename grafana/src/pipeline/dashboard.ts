import { annotation, dashboard, type Dashboard } from '../dashboard.ts';
import { PIPELINE_UID } from '../links.ts';
import { sql } from '../sql.ts';
import { textVariable } from '../variables.ts';
import { flow } from './flow.ts';
import { quality } from './quality.ts';
import { quarantine } from './quarantine.ts';
import { runs } from './runs.ts';
import { FIRST_HOUR, state } from './state.ts';

const FAILED = sql`
  select coalesce(finished_at, started_at) as time, command || ' failed: medallion runs show ' || run_id as text
  from gold.pipeline_runs
  where outcome = 'failed' and $__timeFilter(started_at)
  order by run_id desc
  limit 50`;

/** Hours with three times as many refused events as the mean hour of the time range, and ten at least. */
const BURSTS = sql`
  with hours as (
      select quarantined_hour, sum(events) as events
      from gold.quarantine_by_hour
      where quarantined_hour >= ${FIRST_HOUR} and quarantined_hour <= $__timeTo()::timestamptz
      group by quarantined_hour
  )

  select
      greatest(quarantined_hour, $__timeFrom()::timestamptz) as time,
      events || ' events refused in this hour' as text
  from hours
  where
      events >= 10
      and events > 3 * (select sum(events) from hours)
      / greatest(ceil(extract(epoch from $__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 3600), 1)
  order by events desc
  limit 50`;

/** How the pipeline itself is doing, by what it records. */
export function pipelineDashboard(): Dashboard {
  return dashboard({
    uid: PIPELINE_UID,
    title: 'Pipeline health',
    description:
      'The pipeline by what it records of itself: what waits, how fresh it is, what was refused, how the runs went.',
    from: 'now-24h',
    to: 'now',
    refresh: '30s',
    variables: [textVariable('reason', 'Refused for')],
    annotations: [
      annotation('Failed runs', 'red', FAILED),
      annotation('Bursts of refused events', 'orange', BURSTS),
    ],
    sections: [
      { title: 'State', panels: state() },
      { title: 'Flow', panels: flow() },
      { title: 'Quarantine', panels: quarantine() },
      { title: 'Runs', panels: runs() },
      { title: 'Checks and restatements', panels: quality() },
    ],
  });
}
