import type { Client } from '../../postgres/client.ts';
import { askRows } from '../ask.ts';
import { asked, type RecordedPartition } from './recorded.ts';
import { centsOf, compareCounts, compareMoney, type Comparison } from './comparison.ts';

/** What is compared of a day: the measure, its column of silver, and whether it is money. */
const MEASURES = [
  { measure: 'orders', column: 'orders', isMoney: false },
  { measure: 'subtotal', column: 'subtotal', isMoney: true },
  { measure: 'tax', column: 'tax_amount', isMoney: true },
  { measure: 'discount', column: 'discount_amount', isMoney: true },
  { measure: 'total', column: 'total_amount', isMoney: true },
] as const;

type Column = (typeof MEASURES)[number]['column'];
type DayRow = Readonly<Record<'date_key' | 'is_waiting' | Column | `gold_${Column}`, string>>;

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
  const rows = await askRows<DayRow>(client, 'reconcile/days', [changed]);
  const days = rows.map((row) => ({ day: row.date_key, lines: compareDay(row) }));
  const isAlike = ({ lines }: (typeof days)[number]): boolean =>
    lines.every(({ result }) => result === 'ok');
  const alike = rows.filter((_, index) => days[index] !== undefined && isAlike(days[index]));
  return [
    ...addUp(alike),
    ...days
      .filter((day) => !isAlike(day))
      .flatMap(({ lines }) => lines.filter(({ result }) => result !== 'ok')),
  ];
}

async function readChangedDays(
  client: Client,
  partitions: readonly RecordedPartition[],
  since: string,
): Promise<string[]> {
  const rows = await askRows<{ date_key: string }>(client, 'reconcile/changed_days', [
    ...asked(partitions),
    since,
  ]);
  return rows.map((row) => row.date_key);
}

function compareDay(row: DayRow): Comparison[] {
  const isWaiting = row.is_waiting === 'true';
  return MEASURES.map(({ measure, column, isMoney }) => {
    const whole = isMoney ? centsOf : BigInt;
    const expected = whole(row[column]);
    const found = whole(row[`gold_${column}`]);
    const counts = { expected, found, waiting: isWaiting ? expected - found : 0n };
    const at = { check: 'silver-to-gold', scope: row.date_key, measure } as const;
    const notes = isWaiting ? ['to be published by the next promote'] : [];
    return isMoney ? compareMoney(at, counts, notes) : compareCounts(at, counts, notes);
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
  return MEASURES.map(({ measure, column, isMoney }) => {
    const sum = rows.reduce(
      (total, row) => total + (isMoney ? centsOf(row[column]) : BigInt(row[column])),
      0n,
    );
    const at = { check: 'silver-to-gold', scope, measure } as const;
    const counts = { expected: sum, found: sum, waiting: 0n };
    return isMoney ? compareMoney(at, counts, notes) : compareCounts(at, counts, notes);
  });
}
