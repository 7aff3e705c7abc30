import { firstLine } from '../../errors.ts';
import type { Status, Waiting } from '../../query/status.ts';
import { describeStray } from '../../schema/project-models.ts';
import { factLines, type Part } from './document.ts';
import { fittedTable, resultLines } from './fit.ts';
import { duration, instant, utc } from './instant.ts';
import { counted } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { resultOf, texts, withQuantities } from './result.ts';
import { wrapped } from './wrap.ts';

export const STATUS_PARTS = [
  'state',
  'partitions',
  'quarantine',
  'freshness',
  'runs',
  'models',
] as const;

/** Where everything stands, part by part. */
export function statusParts(status: Status, width: number): Part[] {
  return [
    {
      ...{ name: 'state', title: 'State', isSingle: true, table: stateTable(status) },
      lines: stateLines(status, width),
    },
    {
      ...{ name: 'partitions', title: 'Partitions', table: partitionTable(status) },
      lines: partitionLines(status, width),
    },
    {
      name: 'quarantine',
      title: 'Quarantine, open',
      table: withQuantities(status.quarantine, ['events']),
    },
    {
      ...{ name: 'freshness', title: 'Freshness', table: status.freshness },
      lines: freshnessLines(status, width),
    },
    {
      ...{ name: 'runs', title: 'Last runs', table: status.runs },
      lines: runLines(status.runs, width),
    },
    {
      ...{ name: 'models', title: 'Models', table: modelTable(status) },
      lines: modelLines(status, width),
    },
  ];
}

function modelTable({ strays }: Status): ResultTable {
  return resultOf(
    texts('model', 'what', 'then'),
    strays.map((stray) => ({ model: stray.model, ...describeStray(stray) })),
  );
}

function modelLines({ strays }: Status, width: number): string[] {
  return factLines(
    strays.map((stray) => {
      const { what, then } = describeStray(stray);
      return [stray.model, `${what}: ${then}`];
    }),
    width,
  );
}

/** How much waits, and for how long, under the names of a stage. */
function waitingCells<Count extends string, Age extends string>(
  { count, seconds }: Waiting,
  countName: Count,
  ageName: Age,
): Record<Count | Age, string | number | undefined> {
  return { [countName]: count, [ageName]: seconds?.toFixed(1) } as Record<
    Count | Age,
    string | number | undefined
  >;
}

function stateTable(status: Status): ResultTable {
  return resultOf(
    {
      log: 'text',
      kafka_group: 'text',
      problem: 'text',
      lag_events: 'number',
      lag_seconds: 'number',
      waiting_events: 'number',
      waiting_seconds: 'number',
      waiting_days: 'number',
      waiting_days_seconds: 'number',
      quarantined_events: 'number',
      skipped_events: 'number',
      implausible_events: 'number',
    },
    [
      {
        ...{ log: status.log, kafka_group: status.group, problem: status.problem?.message },
        ...waitingCells(status.lag, 'lag_events', 'lag_seconds'),
        ...waitingCells(status.promotion, 'waiting_events', 'waiting_seconds'),
        ...waitingCells(status.gold, 'waiting_days', 'waiting_days_seconds'),
        ...{ quarantined_events: status.quarantined, skipped_events: status.skipped },
        implausible_events: status.implausible,
      },
    ],
  );
}

function stateLines(status: Status, width: number): string[] {
  const facts: (readonly [string, string])[] = [
    ['log', status.log],
    ...(status.group === undefined ? [] : [['group', status.group] as const]),
    ...(status.problem === undefined ? [] : [['not reached', status.problem.message] as const]),
    ['not ingested', waitingText(status.lag, 'event')],
    ['not promoted', waitingText(status.promotion, 'event')],
    ['not in gold', waitingText(status.gold, 'day')],
    ['quarantined', counted(status.quarantined, 'event')],
    ...(status.skipped === 0 ? [] : [['skipped', counted(status.skipped, 'event')] as const]),
  ];
  return factLines(facts, width);
}

function waitingText({ count, seconds = 0 }: Waiting, noun: string): string {
  if (count === undefined) {
    return 'not known';
  }
  return count === 0
    ? counted(0, noun)
    : `${counted(count, noun)}, the first for ${duration(seconds)}`;
}

function partitionTable({ partitions }: Status): ResultTable {
  return resultOf(
    {
      topic: 'text',
      partition: 'number',
      log_end: 'number',
      next_offset: 'number',
      lag_events: 'number',
      lag_seconds: 'number',
      waiting_events: 'number',
      waiting_seconds: 'number',
      note: 'text',
    },
    partitions.map(({ topic, partition, logEnd, nextOffset, lag, promotion, note }) => ({
      ...{ topic, partition, log_end: logEnd, next_offset: nextOffset, note },
      ...waitingCells(lag, 'lag_events', 'lag_seconds'),
      ...waitingCells(promotion, 'waiting_events', 'waiting_seconds'),
    })),
  );
}

function partitionLines({ partitions }: Status, width: number): string[] {
  type Row = Status['partitions'][number] & Readonly<Record<`${'lag' | 'promotion'}For`, Waiting>>;
  const age = ({ count = 0, seconds }: Waiting): string =>
    count === 0 || seconds === undefined ? '-' : duration(seconds);
  const count = ({ count: events }: Waiting): string => String(events ?? '-');
  return fittedTable<Row>(
    {
      topic: { atLeast: 12 },
      partition: { kind: 'figure' },
      logEnd: { kind: 'figure', title: 'log end', none: '-', keep: 1 },
      nextOffset: { kind: 'figure', title: 'ingested to', none: '-', keep: 2 },
      lag: { kind: 'figure', title: 'not ingested', show: ({ lag }) => count(lag) },
      lagFor: { kind: 'number', title: 'for', show: ({ lag }) => age(lag), keep: 4 },
      promotion: { kind: 'figure', title: 'not promoted', show: (row) => count(row.promotion) },
      promotionFor: { kind: 'number', title: 'for', show: (row) => age(row.promotion), keep: 4 },
      note: { atLeast: 10, isOptional: true },
    },
    partitions.map((row) => ({ ...row, lagFor: row.lag, promotionFor: row.promotion })),
    width,
  );
}

function freshnessLines({ freshness, implausible }: Status, width: number): string[] {
  const lines = resultLines(
    {
      layer: {},
      latest_event_at: {
        kind: 'time',
        // Gold has days, not times.
        show: ({ layer, latest_event_at: latest }) =>
          layer === 'gold' ? (latest?.slice(0, 10) ?? '-') : latest ? instant(latest) : '-',
      },
      committed_at: { kind: 'time', none: '-' },
    },
    freshness,
    width,
  );
  const warning = `warning: ${counted(implausible, 'event')} with an impossible time in the log; freshness uses the time at which they were written`;
  return implausible === 0 ? lines : [...lines, ...wrapped(warning, width)];
}

function runLines(table: ResultTable, width: number): string[] {
  return resultLines(
    {
      run_id: { kind: 'number', title: 'run' },
      command: {},
      outcome: {},
      started_at: { title: 'started', show: ({ started_at: started }) => utc(started) },
      error: { show: ({ error }) => firstLine(error ?? ''), atLeast: 20, isOptional: true },
    },
    table,
    width,
  );
}
