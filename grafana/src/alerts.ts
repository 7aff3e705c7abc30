import { QueryBuilder, RuleBuilder, type Rule } from '@grafana/grafana-foundation-sdk/alerting';
import { TypeThresholdBuilder } from '@grafana/grafana-foundation-sdk/expr';
import type { Dashboard } from './dashboard.ts';
import { LIMITS } from './pipeline/limits.ts';
import {
  LONGEST_WAIT,
  MISSED_ORDERS,
  quarantineShare,
  SINCE_PROMOTION,
  WAITING_EVENTS,
} from './pipeline/state.ts';
import { sql } from './sql.ts';
import { DATA_SOURCE_TYPE, PROVISIONED_UID, query } from './warehouse.ts';

/** An alert on one number, named after the panel that shows it. */
interface Alarm {
  readonly uid: string;
  readonly title: string;
  readonly summary: string;
  readonly panel: string;
  /** One row, one number. */
  readonly sql: string;
  /** It fires above this .. */
  readonly above: number;
  /** .. when that has lasted so long. */
  readonly for: string;
}

/** This hour and the one before: rejected events are counted by hour. */
const LATELY = "date_trunc('hour', now(), 'UTC') - interval '1 hour'";

/** Nothing here may hold a dollar sign: Grafana takes it for a variable of its environment. */
const ALARMS: readonly Alarm[] = [
  {
    uid: 'medallion-freshness',
    title: 'No new events',
    summary:
      'No event came in for more than an hour, and the same hours of earlier weeks had more than 10 orders.',
    panel: 'Missed orders',
    sql: MISSED_ORDERS,
    above: LIMITS.missedOrders,
    for: '5m',
  },
  {
    uid: 'medallion-promotion',
    title: 'No promotion',
    summary: 'No promotion was completed for more than 26 hours.',
    panel: 'Last promotion',
    sql: SINCE_PROMOTION,
    above: LIMITS.sincePromotion,
    for: '5m',
  },
  {
    uid: 'medallion-lag-time',
    title: 'Promotion is late',
    summary: 'An event has been in bronze for more than 15 minutes and is not promoted.',
    panel: 'Longest wait',
    sql: LONGEST_WAIT,
    above: LIMITS.wait,
    for: '5m',
  },
  {
    uid: 'medallion-lag-events',
    title: 'Promotion falls behind',
    summary: 'More than 100,000 events wait for promotion.',
    panel: 'Waiting for promotion',
    sql: WAITING_EVENTS,
    above: LIMITS.waiting,
    for: '15m',
  },
  {
    uid: 'medallion-quarantine-share',
    title: 'Many events are rejected',
    summary:
      'More than 5 percent of the events judged in this hour and the one before were rejected.',
    panel: 'Quarantine share',
    sql: quarantineShare(`ended_at >= ${LATELY}`, `quarantined_hour >= ${LATELY}`),
    above: LIMITS.rejected,
    for: '5m',
  },
  {
    uid: 'medallion-failed-run',
    title: 'A run failed',
    summary: 'A run that ended in the last hour has failed: medallion runs lists it.',
    panel: 'Failed runs',
    sql: sql`
      select count(*) as failed_runs
      from gold.pipeline_runs
      where outcome = 'failed' and finished_at > now() - interval '1 hour'`,
    above: LIMITS.failed,
    for: '0s',
  },
  {
    uid: 'medallion-failed-check',
    title: 'A check failed',
    summary:
      'A check of the last hour kept gold from being published: medallion checks lists the failing rows.',
    panel: 'Check results',
    sql: sql`
      select count(*) as failed_checks
      from (
          select distinct on (model, check_name) outcome
          from gold.pipeline_checks
          where checked_at > now() - interval '1 hour'
          order by model, check_name, run_id desc
      ) as latest
      where outcome = 'error'`,
    above: LIMITS.failed,
    for: '0s',
  },
];

const EXPRESSIONS = { type: '__expr__', uid: '__expr__' };

function rule(alarm: Alarm): Rule {
  return new RuleBuilder(alarm.title)
    .uid(alarm.uid)
    .condition('B')
    .withQuery(
      new QueryBuilder('A')
        .datasourceUid(PROVISIONED_UID)
        .relativeTimeRange({ from: 600, to: 0 })
        .model(query(alarm.sql, 'table', { type: DATA_SOURCE_TYPE, uid: PROVISIONED_UID })),
    )
    .withQuery(
      new QueryBuilder('B')
        .datasourceUid(EXPRESSIONS.uid)
        .relativeTimeRange({ from: 600, to: 0 })
        .model(
          new TypeThresholdBuilder()
            .refId('B')
            .datasource(EXPRESSIONS)
            .expression('A')
            .conditions([{ evaluator: { type: 'gt', params: [alarm.above] } }]),
        ),
    )
    .forDuration(alarm.for)
    .noDataState('NoData')
    .execErrState('Error')
    .annotations({ summary: alarm.summary })
    .labels({ service: 'medallion' })
    .build();
}

/** The alert rules, as Grafana's file provisioning reads them, each beside its panel of the dashboard. */
export function alertRules(dashboard: Dashboard): object {
  return {
    apiVersion: 1,
    groups: [
      {
        orgId: 1,
        name: 'medallion',
        folder: 'medallion',
        interval: '1m',
        rules: ALARMS.map((alarm) => {
          const { uid, title, condition, data, noDataState, execErrState, ...rest } = rule(alarm);
          const panel = panelId(dashboard, alarm.panel);
          return {
            ...{ uid, title, condition, data, noDataState, execErrState },
            ...{ for: rest.for, labels: rest.labels },
            // Grafana's pages find the panel by the annotations alone, its server by either.
            annotations: {
              ...rest.annotations,
              __dashboardUid__: dashboard.uid,
              __panelId__: String(panel),
            },
            dashboardUid: dashboard.uid,
            panelId: panel,
          };
        }),
      },
    ],
  };
}

function panelId(dashboard: Dashboard, title: string): number {
  const panel = dashboard.panels?.find((candidate) => candidate.title === title);
  if (panel?.id === undefined) {
    throw new Error(`the dashboard ${dashboard.title ?? ''} has no panel "${title}"`);
  }
  return panel.id;
}
