import { TRACE_PARTS, type Trace, type TracePart } from '../../query/trace.ts';
import { factLines, type Part } from './document.ts';
import { page, type Page } from './fit.ts';
import { grouped } from '../../number.ts';

/** The one row of a result: what it has, a line each. */
const facts: Page = ({ columns, rows: [row] }, width) => {
  const values = columns.map(({ name }, index) => [name, row?.[index] ?? null] as const);
  return factLines(values, width);
};

const PARTS: Readonly<Record<TracePart, Omit<Part, 'name' | 'table'>>> = {
  event: { title: 'Event', isSingle: true, page: facts },
  events: {
    title: 'Events of the transaction, the one that counts first',
    page: page({
      ...{ outcome: {}, topic: { atLeast: 12 }, partition: { none: '-' }, offset: { none: '-' } },
      event_timestamp: { title: 'happened (UTC)', none: '-', keep: 4 },
      produced_at: { title: 'logged (UTC)', none: '-', keep: 1 },
      ingest_run: { title: 'ingested by', none: '-', keep: 2 },
      promote_run: { title: 'promoted by', none: '-', keep: 3 },
    }),
  },
  quarantine: { title: 'Quarantine' },
  transaction: { title: 'Transaction in silver', isSingle: true, page: facts },
  lines: { title: 'Order lines' },
  refunds: {
    title: 'Refunds of the order',
    page: page({
      transaction_id: { atLeast: 12 },
      ordered_at: { title: 'made (UTC)', keep: 1 },
      ...{ date_key: { title: 'day' }, order_total_amount: { title: 'total' } },
    }),
  },
  gold: {
    title: 'Cells of gold, as they are now',
    page: page({
      mart: { atLeast: 24 },
      key: { show: ({ key }) => membersOf(key, (_name, value) => value), atLeast: 10 },
      figures: {
        show: ({ figures }) =>
          membersOf(figures, (name, value) => `${name.replaceAll('_', ' ')} ${grouped(value)}`),
        atLeast: 20,
      },
    }),
  },
};

/** The way of a transaction, part by part. */
export function traceParts({ parts }: Trace): Part[] {
  return TRACE_PARTS.flatMap((name) => {
    const table = parts[name];
    return table === undefined ? [] : [{ name, table, ...PARTS[name] }];
  });
}

/** The members of a flat JSON object as PostgreSQL wrote it, in a line; numbers keep every digit. */
function membersOf(
  json: string | null | undefined,
  written: (name: string, value: string) => string,
): string {
  const members = (json ?? '').matchAll(/("(?:[^"\\]|\\.)*") : ("(?:[^"\\]|\\.)*"|[^,}]+)/g);
  return Array.from(members, ([, name = '""', value = '']) =>
    written(
      JSON.parse(name) as string,
      value.startsWith('"') ? (JSON.parse(value) as string) : value,
    ),
  ).join(', ');
}
