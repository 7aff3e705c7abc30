import { sql } from './sql.ts';

/**
 * The days of the time range, and as many before them. A day counts when any of it lies in the range; days are UTC,
 * whatever the session's time zone.
 */
export const PERIOD = sql`
  days_chosen as (
      select
          ($__timeFrom()::timestamptz at time zone 'UTC')::date as first_day,
          (($__timeTo()::timestamptz - interval '1 millisecond') at time zone 'UTC')::date as last_day
  ),

  period as (
      select first_day, last_day, first_day - (last_day - first_day + 1) as first_before
      from days_chosen
  )`;

/** From which day on: the first of the time range, or the first of the period before. */
export type Since = 'first_day' | 'first_before';

/** Whether a day of gold lies in the period. */
export function isDayOf(since: Since, column: string): string {
  return `${column} between period.${since} and period.last_day`;
}

/** Whether a transaction of silver does: its key begins with its day, so that a period is a range of the primary key. */
export function isKeyOf(since: Since, column: string): string {
  const keyOf = (day: string): string => `(${day} - date '1900-01-01')::bigint << 40`;
  return sql`
    ${column} >= ${keyOf(`period.${since}`)}
    and ${column} < ${keyOf('period.last_day + 1')}`;
}
