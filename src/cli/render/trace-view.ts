import { TRACE_PARTS, type Trace, type TracePart } from '../../query/trace.ts';
import { factLines, type Part } from './document.ts';
import { resultLines } from './fit.ts';
import { grouped } from '../../number.ts';
import type { ResultTable } from '../../postgres/query.ts';

const TITLES: Readonly<Record<TracePart, string>> = {
  event: 'Event',
  events: 'Events of the transaction, the one that counts first',
  quarantine: 'Quarantine',
  transaction: 'Transaction in silver',
  lines: 'Order lines',
  refunds: 'Refunds of the order',
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
      case 'refunds':
        return [{ ...part, lines: refundLines(table, width) }];
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
  return resultLines(
    {
      outcome: {},
      topic: { atLeast: 12 },
      partition: { kind: 'number', none: '-' },
      offset: { kind: 'number', none: '-' },
      event_timestamp: { kind: 'time', title: 'happened (UTC)', none: '-', keep: 4 },
      produced_at: { kind: 'time', title: 'logged (UTC)', none: '-', keep: 1 },
      ingest_run: { kind: 'number', title: 'ingested by', none: '-', keep: 2 },
      promote_run: { kind: 'number', title: 'promoted by', none: '-', keep: 3 },
    },
    table,
    width,
  );
}

function refundLines(table: ResultTable, width: number): string[] {
  return resultLines(
    {
      transaction_id: { atLeast: 12 },
      ordered_at: { kind: 'time', title: 'made (UTC)', keep: 1 },
      date_key: { title: 'day' },
      order_total_amount: { kind: 'number', title: 'total' },
    },
    table,
    width,
  );
}

function cellLines(table: ResultTable, width: number): string[] {
  const figureText = ([name, value]: [string, string]): string =>
    `${name.replaceAll('_', ' ')} ${grouped(value)}`;
  return resultLines(
    {
      mart: { atLeast: 24 },
      key: {
        show: ({ key }) =>
          membersOf(key)
            .map(([, value]) => value)
            .join(', '),
        atLeast: 10,
      },
      figures: {
        show: ({ figures }) => membersOf(figures).map(figureText).join(', '),
        atLeast: 20,
      },
    },
    table,
    width,
  );
}

/** The members of a flat JSON object as PostgreSQL wrote it; numbers keep every digit. */
function membersOf(json: string | null | undefined): [name: string, value: string][] {
  const members = (json ?? '').matchAll(/("(?:[^"\\]|\\.)*") : ("(?:[^"\\]|\\.)*"|[^,}]+)/g);
  return [...members].map(([, name = '""', value = '']) => [
    JSON.parse(name) as string,
    value.startsWith('"') ? (JSON.parse(value) as string) : value,
  ]);
}
