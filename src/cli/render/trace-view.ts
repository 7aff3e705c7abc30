import { rowsOf } from '../../inspect/sql-file.ts';
import { TRACE_PARTS, type Trace, type TracePart } from '../../inspect/trace.ts';
import { factLines, type Part } from './document.ts';
import { fittedTable, textColumn, type FittingColumn } from './fit.ts';
import { instant } from './instant.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from './output.ts';

const TITLES: Readonly<Record<TracePart, string>> = {
  event: 'Event',
  events: 'Events of the transaction, the one that counts first',
  quarantine: 'Quarantine',
  transaction: 'Transaction in silver',
  lines: 'Order lines',
  gold: 'Cells of gold, as they are now',
};

/** The way of a transaction, part by part. */
export function traceParts({ parts }: Trace, width: number): Part[] {
  return TRACE_PARTS.flatMap((name): Part[] => {
    const table = parts[name];
    if (table === undefined) {
      return [];
    }
    const part = { name, title: TITLES[name], table };
    switch (name) {
      case 'event':
      case 'transaction':
        return [{ ...part, isSingle: true, lines: singleLines(table, width) }];
      case 'events':
        return [{ ...part, lines: eventLines(table, width) }];
      case 'gold':
        return [{ ...part, lines: cellLines(table, width) }];
      case 'quarantine':
      case 'lines':
        return [part];
    }
  });
}

function singleLines({ columns, rows: [row] }: ResultTable, width: number): string[] {
  return factLines(
    columns.flatMap(({ name }, index): [string, string][] => {
      const value = row?.[index] ?? null;
      return value === null ? [] : [[name, value]];
    }),
    width,
  );
}

function eventLines(table: ResultTable, width: number): string[] {
  type Row = Readonly<
    Record<
      | 'outcome'
      | 'topic'
      | 'partition'
      | 'offset'
      | 'event_timestamp'
      | 'produced_at'
      | 'ingest_run'
      | 'promote_run',
      string | null
    >
  >;
  const number = (name: keyof Row, title: string, keep?: number): FittingColumn<Row> => ({
    ...{ title, align: 'right' as const, cell: (row: Row) => row[name] ?? '-' },
    ...(keep === undefined ? {} : { keep }),
  });
  return fittedTable<Row>(
    [
      textColumn('outcome', (row) => row.outcome ?? ''),
      textColumn('topic', (row) => row.topic ?? '', { atLeast: 12 }),
      number('partition', 'partition'),
      number('offset', 'offset'),
      textColumn('happened (UTC)', (row) => instant(row.event_timestamp ?? '-'), { keep: 4 }),
      textColumn('logged (UTC)', (row) => instant(row.produced_at ?? '-'), { keep: 1 }),
      number('ingest_run', 'ingested by', 2),
      number('promote_run', 'promoted by', 3),
    ],
    rowsOf<keyof Row>(table),
    width,
  );
}

function cellLines(table: ResultTable, width: number): string[] {
  type Row = Readonly<Record<'mart' | 'key' | 'figures', string | null>>;
  return fittedTable<Row>(
    [
      textColumn('mart', (row) => row.mart ?? '', { atLeast: 24 }),
      textColumn(
        'key',
        (row) =>
          membersOf(row.key)
            .map(([, value]) => value)
            .join(', '),
        { atLeast: 10 },
      ),
      textColumn(
        'figures',
        (row) =>
          membersOf(row.figures)
            .map(([name, value]) => `${name.replaceAll('_', ' ')} ${grouped(value)}`)
            .join(', '),
        { atLeast: 20 },
      ),
    ],
    rowsOf<keyof Row>(table),
    width,
  );
}

/** The members of a flat JSON object as PostgreSQL wrote it; numbers keep every digit. */
function membersOf(json: string | null): [name: string, value: string][] {
  const members = (json ?? '').matchAll(/("(?:[^"\\]|\\.)*") : ("(?:[^"\\]|\\.)*"|[^,}]+)/g);
  return [...members].map(([, name = '""', value = '']) => [
    JSON.parse(name) as string,
    value.startsWith('"') ? (JSON.parse(value) as string) : value,
  ]);
}
