import { sql } from './sql.ts';

/** The zone in which the days of marts begin. */
const ZONE = '(select timezone from gold.reporting)';

/**
 * The days that the time range covers, and as many before them; the dashboard's clock, UTC, names them, and
 * the zone of the reports says which of them is today. It begins
 * with the day in which the range begins, and ends with the last day that the range covers to its end and that is over:
 * "Last 7 days" are seven whole days, up to yesterday. A range within one day is that day; a range within today is today
 * so far, and is compared with nothing.
 */
export const PERIOD = sql`
  range_days as (
      select
          ($__timeFrom()::timestamptz at time zone 'UTC')::date as from_day,
          (($__timeTo()::timestamptz + interval '1 millisecond') at time zone 'UTC')::date - 1 as to_day,
          (now() at time zone ${ZONE})::date as today
  ),

  chosen_days as (
      select from_day as first_day, greatest(from_day, least(to_day, today - 1)) as last_day, today
      from range_days
  ),

  period as (
      select
          first_day,
          last_day,
          first_day - (last_day - first_day + 1) as first_before,
          first_day - 364 as first_year_before,
          today,
          last_day < today as is_over
      from chosen_days
  )`;

const named = (day: string): string => `to_char(${day}, 'FMDD Mon YYYY')`;

/** The days as titles say them. */
export const DAYS_SHOWN = sql`
  with ${PERIOD}

  select
      case
          when not is_over then ${named('first_day')} || ', so far'
          when first_day = last_day then ${named('first_day')}
          else ${named('first_day')} || ' to ' || ${named('last_day')}
      end as days
  from period`;

/** What they are compared with. */
export const DAYS_BEFORE = sql`
  with ${PERIOD}

  select
      case
          when not is_over then 'compared with nothing until it is over'
          when first_day = last_day then 'against ' || ${named('first_before')}
          else 'against ' || ${named('first_before')} || ' to ' || ${named('first_day - 1')}
      end as before
  from period`;

/** From which day on: the first of the time range, of the period before, or the same weekday of a year before. */
export type Since = 'first_day' | 'first_before' | 'first_year_before';

/** Whether a day of gold lies in the period. */
export function isDayOf(since: Since, column: string, until = 'period.last_day'): string {
  return `${column} between period.${since} and ${until}`;
}

/** Whether a transaction of silver does: its key begins with its day, so that a period is a range of the primary key. */
export function isKeyOf(since: Since, column: string, until = 'period.last_day'): string {
  return sql`
    ${column} >= ${keyOf(`period.${since}`)}
    and ${column} < ${keyOf(`${until} + 1`)}`;
}

function keyOf(day: string): string {
  return `(${day} - date '1900-01-01')::bigint << 40`;
}

/** Whether a transaction lies in the time range, to the moment. */
export const IS_IN_RANGE = sql`
  transactions.transaction_key >= ${keyOf(`($__timeFrom()::timestamptz at time zone ${ZONE})::date`)}
  and transactions.transaction_key < ${keyOf(`($__timeTo()::timestamptz at time zone ${ZONE})::date + 1`)}
  and $__timeFilter(transactions.event_timestamp)`;

/** A time as the day that it is, in text: a table shows it without hours. */
export const dayText = (column: string): string => `to_char(${column}, 'YYYY-MM-DD')`;

/** A day as the moment at which it begins. */
export const startOf = (day: string): string => `(${day})::timestamp at time zone 'UTC'`;

/** The hour in which the time range begins: rejected events are counted by hours. */
export const FIRST_HOUR = "date_trunc('hour', $__timeFrom()::timestamptz, 'UTC')";
