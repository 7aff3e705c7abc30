import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, lines, rows, SECONDS, TIME } from '../panels.ts';
import { sql } from '../sql.ts';

const RUN_TIMES = sql`
  select
      $__timeGroupAlias(started_at, $__interval),
      command as metric,
      max(seconds) as seconds
  from gold.pipeline_runs
  where $__timeFilter(started_at) and finished_at is not null
  group by 1, 2
  order by 1, 2`;

const LATEST = sql`
  select run_id, command, outcome, started_at, seconds, events, rejected_events, skipped_events
  from gold.pipeline_runs
  where $__timeFilter(started_at) and (outcome <> 'done' or events > 0)
  order by run_id desc
  limit 50`;

const BY_MODEL = sql`
  select
      models.model,
      count(*) as runs,
      sum(models.written) as written,
      sum(models.seconds) as seconds,
      max(models.seconds) as longest
  from gold.pipeline_runs as runs
  inner join gold.pipeline_models as models on runs.run_id = models.run_id
  where $__timeFilter(runs.started_at)
  group by models.model
  order by seconds desc, models.model`;

/** Which runs there were and how long they took. */
export function runs(): Builder<Panel>[] {
  return [
    lines(
      {
        title: 'Run times',
        description: 'The longest run of each command that began at that time and has ended.',
        ...{ sql: RUN_TIMES, width: 12, height: 8 },
        empty: 'No run ended in the time range: choose a longer one.',
      },
      SECONDS,
    ).interval('1m'),
    rows(
      {
        title: 'Time by model',
        description: 'Where the promotions of the time range spent their time.',
        ...{ sql: BY_MODEL, width: 12, height: 8 },
        empty: 'No promotion wrote anything in the time range: choose a longer one.',
      },
      {
        model: { heading: 'Table', width: 230, grows: true },
        runs: { heading: 'Runs', width: 60, unit: COUNT },
        written: { heading: 'Rows written', width: 110, unit: COUNT },
        seconds: { heading: 'Time', width: 80, unit: SECONDS },
        longest: { heading: 'Longest', width: 80, unit: SECONDS },
      },
    ),
    rows(
      {
        title: 'Latest runs',
        description:
          'Those that moved events or did not end well: medallion runs show ID has all of it.',
        ...{ sql: LATEST, width: 24, height: 8 },
        empty: 'No run moved events or failed in the time range: choose a longer one.',
      },
      {
        run_id: { heading: 'Run', width: 100 },
        command: { heading: 'Command', width: 180, grows: true },
        outcome: {
          ...{ heading: 'Outcome', width: 130 },
          colors: { done: 'green', running: 'blue', failed: 'red', interrupted: 'orange' },
        },
        started_at: { heading: 'Began (UTC)', width: 180, unit: TIME },
        seconds: { heading: 'Took', width: 120, unit: SECONDS },
        events: { heading: 'Events', width: 120, unit: COUNT },
        rejected_events: { heading: 'Rejected', width: 100, unit: COUNT },
        skipped_events: { heading: 'Skipped', width: 100, unit: COUNT },
      },
    ),
  ];
}
