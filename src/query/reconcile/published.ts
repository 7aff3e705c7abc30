import type { Client } from '../../postgres/client.ts';
import { readRows } from '../../postgres/rows.ts';
import { asked, type RecordedPartition } from './recorded.ts';
import { compareCounts, compareMoney, type Comparison, type Counts } from './comparison.ts';

/** What is compared of a day: the measure, its column of silver, and whether it is money. */
const MEASURES = [
  { measure: 'orders', column: 'orders', isMoney: false },
  { measure: 'subtotal', column: 'subtotal', isMoney: true },
  { measure: 'tax', column: 'tax_amount', isMoney: true },
  { measure: 'discount', column: 'discount_amount', isMoney: true },
  { measure: 'total', column: 'total_amount', isMoney: true },
] as const;

type Column = (typeof MEASURES)[number]['column'];
/** Amounts in cents. */
type DayRow = Readonly<Record<Column | `gold_${Column}`, bigint>> & {
  readonly date_key: string;
  readonly is_waiting: boolean;
};

/**
 * Silver = gold: the purchases of each day and their sums, to the cent. A day that gold is yet to publish waits. Days
 * that agree are added up, a line for each measure; every other day has lines of its own.
 * @param since only days that may have changed since then; a timestamp as PostgreSQL reads it
 */
export async function comparePublished(
  client: Client,
  partitions: readonly RecordedPartition[],
  since: string | undefined,
): Promise<Comparison[]> {
  const changed = since === undefined ? null : await readChangedDays(client, partitions, since);
  const rows = await readRows<DayRow>(client, 'query/reconcile/days', [changed]);
  const alike: DayRow[] = [];
  const others: Comparison[] = [];
  for (const row of rows) {
    const lines = compareDay(row).filter(({ result }) => result !== 'ok');
    others.push(...lines);
    if (lines.length === 0) {
      alike.push(row);
    }
  }
  return [...addUp(alike), ...others];
}

async function readChangedDays(
  client: Client,
  partitions: readonly RecordedPartition[],
  since: string,
): Promise<string[]> {
  const values = [...asked(partitions), since];
  const rows = await readRows<Pick<DayRow, 'date_key'>>(
    client,
    'query/reconcile/changed_days',
    values,
  );
  return rows.map((row) => row.date_key);
}

function compareDay(row: DayRow): Comparison[] {
  const notes = row.is_waiting ? ['to be published by the next promote'] : [];
  return compareMeasures(row.date_key, notes, (column) => {
    const expected = row[column];
    const found = row[`gold_${column}`];
    return { expected, found, waiting: row.is_waiting ? expected - found : 0n };
  });
}

/** The days that agree, as one. */
function addUp(rows: readonly DayRow[]): Comparison[] {
  const [first, last] = [rows[0]?.date_key, rows.at(-1)?.date_key];
  if (first === undefined || last === undefined) {
    return [];
  }
  const scope = first === last ? first : `${first}..${last}`;
  const notes = rows.length === 1 ? [] : [`${String(rows.length)} days`];
  return compareMeasures(scope, notes, (column) => {
    const sum = rows.reduce((total, row) => total + row[column], 0n);
    return { expected: sum, found: sum, waiting: 0n };
  });
}

function compareMeasures(
  scope: string,
  notes: readonly string[],
  countsOf: (column: Column) => Counts,
): Comparison[] {
  return MEASURES.map(({ measure, column, isMoney }) => {
    const compare = isMoney ? compareMoney : compareCounts;
    return compare({ check: 'silver-to-gold', scope, measure }, countsOf(column), notes);
  });
}
