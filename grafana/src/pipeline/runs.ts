import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { COUNT, lines, rows, SECONDS } from '../panels.ts';
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
  select run_id, command, outcome, started_at, seconds, events
  from gold.pipeline_runs
  where $__timeFilter(started_at) and (outcome <> 'done' or events > 0)
  order by run_id desc
  limit 50`;

const BY_MODEL = sql`
  select
      models.model,
      count(*) as runs,
      sum(models.written) as written,
      sum(models.refused) as refused,
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
        sql: RUN_TIMES,
        width: 12,
        height: 8,
      },
      SECONDS,
    ).interval('1m'),
    rows(
      {
        title: 'Time by model',
        description: 'Where the promotions of the time range spent their time.',
        sql: BY_MODEL,
        width: 12,
        height: 8,
      },
      { runs: COUNT, written: COUNT, refused: COUNT, seconds: SECONDS, longest: SECONDS },
    ),
    rows(
      {
        title: 'Latest runs',
        description:
          'Those that moved events or did not end well: medallion runs show ID has all of it.',
        sql: LATEST,
        width: 24,
        height: 8,
      },
      { seconds: SECONDS, events: COUNT },
    ),
  ];
}
