import { firstLine } from '../../errors.ts';
import type { Status, Waiting } from '../../query/status.ts';
import { describeStray } from '../../schema/project-models.ts';
import { factLines, type Facts, type Part } from './document.ts';
import { fittedTable, page } from './fit.ts';
import { duration, instant, utc } from './instant.ts';
import { counted } from '../../number.ts';
import { numbers, resultOf, texts, withQuantities } from './result.ts';
import { wrapped } from './wrap.ts';

export const STATUS_PARTS = [
  ...(['state', 'partitions', 'quarantine', 'freshness', 'runs', 'models'] as const),
] as const;

/** Where everything stands, part by part. */
export function statusParts(status: Status): Part[] {
  const strays = status.strays.map((stray) => ({ model: stray.model, ...describeStray(stray) }));
  return [
    statePart(status),
    partitionPart(status),
    {
      ...{ name: 'quarantine', title: 'Quarantine, open' },
      table: withQuantities(status.quarantine, ['events']),
    },
    {
      ...{ name: 'freshness', title: 'Freshness', table: status.freshness },
      page: (table, width) => [...FRESHNESS(table, width), ...warningLines(status, width)],
    },
    { name: 'runs', title: 'Last runs', table: status.runs, page: RUNS },
    {
      ...{
        name: 'models',
        title: 'Models',
        table: resultOf(texts('model', 'what', 'then'), strays),
      },
      page: (_table, width) =>
        factLines(
          strays.map(({ model, what, then }) => [model, `${what}: ${then}`]),
          width,
        ),
    },
  ];
}

const FRESHNESS = page({
  layer: {},
  latest_event_at: {
    // Gold has days, not times.
    show: ({ layer, latest_event_at: latest }) =>
      latest ? (layer === 'gold' ? latest.slice(0, 10) : instant(latest)) : '-',
  },
  committed_at: { none: '-' },
});

const RUNS = page({
  ...{ run_id: { title: 'run' }, command: {}, outcome: {} },
  started_at: {
    ...{ kind: 'text', title: 'started', show: ({ started_at: started }) => utc(started) },
  },
  error: { show: ({ error }) => firstLine(error ?? ''), atLeast: 20, isOptional: true },
});

function warningLines({ implausible }: Status, width: number): string[] {
  const warning = `warning: ${counted(implausible, 'event')} with an impossible time in the log; freshness uses the time at which they were written`;
  return implausible === 0 ? [] : wrapped(warning, width);
}

/** How much waits, and for how long, under the names of a stage. */
function waitingCells<Count extends string, Age extends string>(
  { count, seconds }: Waiting,
  countName: Count,
  ageName: Age,
) {
  return { [countName]: count, [ageName]: seconds?.toFixed(1) } as Record<
    Count | Age,
    string | number | undefined
  >;
}

function statePart(status: Status): Part {
  const { log, group, problem, lag, promotion, gold, quarantined, skipped, implausible } = status;
  const facts: Facts = [
    ['log', log],
    ['group', group],
    ['not reached', problem?.message],
    ['not ingested', waitingText(lag, 'event')],
    ['not promoted', waitingText(promotion, 'event')],
    ['not in gold', waitingText(gold, 'day')],
    ['quarantined', counted(quarantined, 'event')],
    ['skipped', skipped === 0 ? undefined : counted(skipped, 'event')],
  ];
  const columns = {
    ...{ ...texts('log', 'kafka_group', 'problem'), ...numbers('lag_events', 'lag_seconds') },
    ...numbers('waiting_events', 'waiting_seconds', 'waiting_days', 'waiting_days_seconds'),
    ...numbers('quarantined_events', 'skipped_events', 'implausible_events'),
  };
  const row = {
    ...{ log, kafka_group: group, problem: problem?.message },
    ...waitingCells(lag, 'lag_events', 'lag_seconds'),
    ...waitingCells(promotion, 'waiting_events', 'waiting_seconds'),
    ...waitingCells(gold, 'waiting_days', 'waiting_days_seconds'),
    ...{ quarantined_events: quarantined, skipped_events: skipped },
    implausible_events: implausible,
  };
  return {
    ...{ name: 'state', title: 'State', isSingle: true, table: resultOf(columns, [row]) },
    page: (_table, width) => factLines(facts, width),
  };
}

function waitingText({ count, seconds = 0 }: Waiting, noun: string): string {
  if (count === undefined) {
    return 'not known';
  }
  return count === 0
    ? counted(0, noun)
    : `${counted(count, noun)}, the first for ${duration(seconds)}`;
}

function partitionPart({ partitions }: Status): Part {
  const columns = {
    ...{ ...texts('topic'), ...numbers('partition', 'log_end', 'next_offset') },
    ...numbers('lag_events', 'lag_seconds', 'waiting_events', 'waiting_seconds'),
    ...texts('note'),
  };
  const rows = partitions.map(({ topic, partition, logEnd, nextOffset, lag, promotion, note }) => ({
    ...{ topic, partition, log_end: logEnd, next_offset: nextOffset, note },
    ...waitingCells(lag, 'lag_events', 'lag_seconds'),
    ...waitingCells(promotion, 'waiting_events', 'waiting_seconds'),
  }));
  return {
    ...{ name: 'partitions', title: 'Partitions', table: resultOf(columns, rows) },
    page: (_table, width) => partitionLines(partitions, width),
  };
}

function partitionLines(partitions: Status['partitions'], width: number): string[] {
  type Row = Status['partitions'][number] & Readonly<Record<`${'lag' | 'promotion'}For`, Waiting>>;
  const age = ({ count = 0, seconds }: Waiting): string =>
    count === 0 || seconds === undefined ? '-' : duration(seconds);
  const count = ({ count: events }: Waiting): string => String(events ?? '-');
  return fittedTable<Row>(
    {
      ...{ topic: { atLeast: 12 }, partition: { kind: 'figure' } },
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
