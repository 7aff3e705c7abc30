import { isByDay, type Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import { tableOf } from '../schema/tables.ts';
import { statement } from '../sql-file.ts';

/** Numbers in one day's range of transaction keys; see the columns of silver.fact_transactions. */
const DAY_BITS = 40;
const KEYS_PER_DAY = 1n << BigInt(DAY_BITS);
const EPOCH = Date.UTC(1900, 0, 1);
const DAY_MS = 86_400_000;

/** A span of days, both ends included; an open end is undefined. */
export interface DaySpan {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

export const ALWAYS: DaySpan = { since: undefined, until: undefined };

/** Days since 1900-01-01. */
function dayNumber(day: string): number {
  return Math.round((Date.parse(`${day}T00:00:00Z`) - EPOCH) / DAY_MS);
}

/**
 * The condition that selects the transactions of some days by ranges of their key, which is how silver's tables are
 * ordered: days that follow one another make one range.
 */
export function keyCondition(days: readonly string[]): string {
  return stretchesOf(days).map(within).join(' or ');
}

/** Days that follow one another, by their numbers; `to` is the one after the last. */
interface Stretch {
  readonly from: number;
  to: number;
}

function stretchesOf(days: readonly string[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const day of [...days].sort().map(dayNumber)) {
    const last = stretches.at(-1);
    if (last !== undefined && day <= last.to) {
      last.to = day + 1;
    } else {
      stretches.push({ from: day, to: day + 1 });
    }
  }
  return stretches;
}

function within({ from, to }: Stretch): string {
  return `(transaction_key >= ${keyOf(from)} and transaction_key < ${keyOf(to)})`;
}

function keyOf(dayNumber: number): string {
  return String(BigInt(dayNumber) * KEYS_PER_DAY);
}

export function monthOf(day: string): string {
  return `${day.slice(0, 7)}-01`;
}

/** Every day of the months that some days lie in. */
export function daysOfMonths(days: readonly string[]): string[] {
  return [...new Set(days.map(monthOf))].flatMap((month) => {
    const first = new Date(`${month}T00:00:00Z`);
    const count = new Date(
      Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0),
    ).getUTCDate();
    return Array.from(
      { length: count },
      (_, index) => `${month.slice(0, 8)}${String(index + 1).padStart(2, '0')}`,
    );
  });
}

/**
 * Tables of marts that say which days they hold.
 * @param remade ids of those that are made again, whose rows do not count
 */
export function tablesByDay(
  marts: readonly Model[],
  remade: { has(id: string): boolean },
): string[] {
  return marts.filter((mart) => isByDay(mart) && !remade.has(mart.id)).map(tableOf);
}

/** Marks days of silver, and of the marts named, as to be published again: those of the span, or all. */
export async function markStale(
  client: Client,
  span: DaySpan,
  martsByDay: readonly string[],
): Promise<void> {
  const sources = ['silver.fact_transactions', ...martsByDay]
    .map((table) => `select date_key from ${table} where date_key between $1 and $2`)
    .join(' union ');
  await client.query(
    `insert into medallion.stale_dates (date_key) select date_key from (${sources}) as days on conflict do nothing`,
    [span.since ?? '-infinity', span.until ?? 'infinity'],
  );
}

export async function readAllDays(
  client: Client,
  martsByDay: readonly string[],
): Promise<string[]> {
  const { rows } = await client.query<{ date_key: string }>(
    ['silver.fact_transactions', ...martsByDay]
      .map((table) => `select date_key from ${table}`)
      .join(' union ') + ' order by date_key',
  );
  return rows.map((row) => row.date_key);
}

export async function readStaleDates(client: Client, span: DaySpan): Promise<string[]> {
  const { rows } = await client.query<{ date_key: string }>(
    'select date_key from medallion.stale_dates where date_key between $1 and $2 order by date_key',
    [span.since ?? '-infinity', span.until ?? 'infinity'],
  );
  return rows.map((row) => row.date_key);
}

export interface DayBatch {
  readonly days: string[];
  readonly transactions: number;
}

/**
 * Cuts days into batches of at most `maxTransactions` transactions; a day is never cut. The days are counted by
 * their key ranges, so the cost follows them.
 */
export async function batchDays(
  client: Client,
  days: readonly string[],
  maxTransactions: number,
): Promise<DayBatch[]> {
  const { rows } = await client.query<{ date_key: string; transactions: string }>(
    `select date_key, count(*) as transactions from silver.fact_transactions
     where ${keyCondition(days)} group by date_key`,
  );
  const counts = new Map(rows.map((row) => [row.date_key, Number(row.transactions)]));
  const batches: { days: string[]; transactions: number }[] = [];
  for (const day of days) {
    const transactions = counts.get(day) ?? 0;
    const last = batches.at(-1);
    if (last !== undefined && last.transactions + transactions <= maxTransactions) {
      last.days.push(day);
      last.transactions += transactions;
    } else {
      batches.push({ days: [day], transactions });
    }
  }
  return batches;
}

export interface FactBatch {
  /** Selects them by transaction_key, in the warehouse's dialect. */
  readonly condition: string;
  readonly transactions: number;
  /** How many days are whole with it. */
  readonly days: number;
}

/** Cuts days into batches of some `transactions` each, where it must be within a day: what is made of them adds up. */
export async function batchFacts(
  client: Client,
  days: readonly string[],
  transactions: number,
): Promise<FactBatch[]> {
  const batches: FactBatch[] = [];
  for (const batch of await batchDays(client, days, transactions)) {
    const [day] = batch.days;
    if (day === undefined || batch.transactions <= transactions) {
      const condition = keyCondition(batch.days);
      batches.push({ condition, transactions: batch.transactions, days: batch.days.length });
    } else {
      batches.push(...(await cutDay(client, day, batch.transactions, transactions)));
    }
  }
  return batches;
}

async function cutDay(
  client: Client,
  day: string,
  all: number,
  transactions: number,
): Promise<FactBatch[]> {
  const { rows } = await client.query<{ first: string }>(
    statement('promote/cut_day', { is_of_day: keyCondition([day]) }),
    [transactions],
  );
  const end = keyOf(dayNumber(day) + 1);
  return rows.map(({ first }, index) => {
    const isLast = index === rows.length - 1;
    return {
      condition: `transaction_key >= ${first} and transaction_key < ${rows[index + 1]?.first ?? end}`,
      transactions: isLast ? all - index * transactions : transactions,
      days: isLast ? 1 : 0,
    };
  });
}
