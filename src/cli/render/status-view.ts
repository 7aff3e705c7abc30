import { rowsOf } from '../../inspect/sql-file.ts';
import type { Status, Waiting } from '../../inspect/status.ts';
import { factLines, type Part } from './document.ts';
import { fittedTable, textColumn, type FittingColumn } from './fit.ts';
import { duration, instant, utc } from './instant.ts';
import { counted, grouped } from '../../number.ts';
import { withQuantities, type ResultTable } from './output.ts';
import { wrapped } from './wrap.ts';

export const STATUS_PARTS = ['state', 'partitions', 'quarantine', 'freshness', 'runs'] as const;

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
  ];
}

const UNITS = ['lag', 'promotion', 'gold'] as const;
const COLUMNS: Readonly<Record<(typeof UNITS)[number], readonly [count: string, age: string]>> = {
  lag: ['lag_events', 'lag_seconds'],
  promotion: ['waiting_events', 'waiting_seconds'],
  gold: ['waiting_days', 'waiting_days_seconds'],
};

function stateTable(status: Status): ResultTable {
  return {
    columns: [
      { name: 'log', kind: 'text' },
      { name: 'kafka_group', kind: 'text' },
      { name: 'problem', kind: 'text' },
      ...UNITS.flatMap((unit) => COLUMNS[unit]).map((name) => ({
        name,
        kind: 'number' as const,
      })),
      { name: 'quarantined_events', kind: 'number' },
      { name: 'implausible_events', kind: 'number' },
    ],
    rows: [
      [
        status.log,
        status.group ?? null,
        status.problem?.message ?? null,
        ...UNITS.flatMap((unit) => waitingCells(status[unit])),
        String(status.quarantined),
        String(status.implausible),
      ],
    ],
  };
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

function waitingCells({ count, seconds }: Waiting): (string | null)[] {
  return [
    count === undefined ? null : String(count),
    seconds === undefined ? null : seconds.toFixed(1),
  ];
}

function partitionTable({ partitions }: Status): ResultTable {
  return {
    columns: [
      { name: 'topic', kind: 'text' },
      ...['partition', 'log_end', 'next_offset', ...COLUMNS.lag, ...COLUMNS.promotion].map(
        (name) => ({ name, kind: 'number' as const }),
      ),
      { name: 'note', kind: 'text' },
    ],
    rows: partitions.map((row) => [
      ...[row.topic, String(row.partition)],
      ...[row.logEnd, row.nextOffset].map((value) => (value === undefined ? null : String(value))),
      ...waitingCells(row.lag),
      ...waitingCells(row.promotion),
      row.note ?? null,
    ]),
  };
}

function partitionLines({ partitions }: Status, width: number): string[] {
  type Row = (typeof partitions)[number];
  const figure = (
    title: string,
    cell: (row: Row) => number | bigint | undefined,
    keep?: number,
  ): FittingColumn<Row> => ({
    ...{ title, align: 'right' as const },
    cell: (row) => grouped(cell(row) ?? '-'),
    ...(keep === undefined ? {} : { keep }),
  });
  const age = (title: string, waiting: (row: Row) => Waiting): FittingColumn<Row> => ({
    ...{ title, align: 'right' as const, keep: 4 },
    cell: (row) => {
      const { count = 0, seconds } = waiting(row);
      return count === 0 || seconds === undefined ? '-' : duration(seconds);
    },
  });
  const isOdd = partitions.some(({ note }) => note !== undefined);
  return fittedTable<Row>(
    [
      textColumn('topic', (row) => row.topic, { atLeast: 12 }),
      figure('partition', (row) => row.partition),
      figure('log end', (row) => row.logEnd, 1),
      figure('ingested to', (row) => row.nextOffset, 2),
      figure('not ingested', (row) => row.lag.count),
      age('for', (row) => row.lag),
      figure('not promoted', (row) => row.promotion.count),
      age('for', (row) => row.promotion),
      ...(isOdd
        ? [
            {
              ...{ title: 'note', align: 'left' as const, atLeast: 10 },
              cell: (row: Row) => row.note ?? '',
            },
          ]
        : []),
    ],
    partitions,
    width,
  );
}

function freshnessLines({ freshness, implausible }: Status, width: number): string[] {
  type Row = Readonly<Record<'layer' | 'latest_event_at' | 'committed_at', string | null>>;
  const lines = fittedTable<Row>(
    [
      textColumn('layer', (row) => row.layer ?? ''),
      textColumn('latest event (UTC)', ({ layer, latest_event_at: latest }) =>
        latest === null ? '-' : layer === 'gold' ? latest.slice(0, 10) : instant(latest),
      ),
      textColumn('committed (UTC)', ({ committed_at: committed }) =>
        committed === null ? '-' : instant(committed),
      ),
    ],
    rowsOf(freshness),
    width,
  );
  const warning = `warning: ${counted(implausible, 'event')} with a time in the log that cannot be right; freshness takes the time at which they were written instead`;
  return implausible === 0 ? lines : [...lines, ...wrapped(warning, width)];
}

function runLines(table: ResultTable, width: number): string[] {
  type Row = Readonly<
    Record<'run_id' | 'command' | 'outcome' | 'started_at' | 'finished_at' | 'error', string | null>
  >;
  const rows = rowsOf<keyof Row>(table);
  return fittedTable<Row>(
    [
      { title: 'run', align: 'right', cell: (row) => row.run_id ?? '' },
      textColumn('command', (row) => row.command ?? ''),
      textColumn('outcome', (row) => row.outcome ?? ''),
      textColumn('started', (row) => utc(row.started_at)),
      ...(rows.some(({ error }) => error !== null)
        ? [textColumn<Row>('error', (row) => row.error?.split('\n')[0] ?? '', { atLeast: 20 })]
        : []),
    ],
    rows,
    width,
  );
}
