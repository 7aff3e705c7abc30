import type { Model } from '../model/model.ts';
import { ident } from '../postgres/quote.ts';
import { tableOf } from '../schema/tables.ts';
import { PUBLISHED_PERIODS } from './loading.ts';

/** The temporary table of the figures that `publishedBefore` selects. */
export const PUBLISHED_BEFORE = 'published_before';

/**
 * The old figures of the days about to be replaced, if the model restates them; see `restatementsOf`. A day that was
 * published once and vanished by a correction stands at nothing.
 *
 * A day grows until it is over, and its orders may change as long: only what was published on a later UTC day, by the
 * server's clock, is restated. So the publication that brings the rest of yesterday restates nothing. Of a day without a
 * record, which an older version published, it is enough that it is over.
 */
export function publishedBefore(model: Model): string | undefined {
  if (model.restatements === undefined) {
    return undefined;
  }
  const { orders, total } = model.restatements;
  return `select p.date_key, coalesce(t.${ident(orders)}, 0) as orders, coalesce(t.${ident(total)}, 0) as total
     from pg_temp.${PUBLISHED_PERIODS.replace_days} p
     left join ${tableOf(model)} t on t.date_key = p.date_key
     left join medallion.day_publications l on l.date_key = p.date_key
     where (coalesce(l.published_at, now()) at time zone 'UTC')::date > p.date_key
       and (
           t.date_key is not null
           or exists (select from gold.restatements r where r.date_key = p.date_key)
       )`;
}

/**
 * Records the days that had been published before and now say something else, with the events that changed them, and
 * that the days are published. Runs after the new rows are in, and before the stale dates are cleared.
 */
export function restatementsOf(model: Model, runId: bigint | '$run_id'): string[] {
  if (model.restatements === undefined) {
    return [];
  }
  const { orders, total } = model.restatements;
  return [
    `insert into gold.restatements (date_key, run_id, old_orders, new_orders, old_total, new_total, late_events)
     select b.date_key, ${String(runId)}, b.orders, coalesce(t.${ident(orders)}, 0), b.total, coalesce(t.${ident(total)}, 0),
            coalesce(d.events, 0)
     from pg_temp.${PUBLISHED_BEFORE} b
     left join ${tableOf(model)} t on t.date_key = b.date_key
     left join medallion.stale_dates d on d.date_key = b.date_key
     where (b.orders, b.total) is distinct from (coalesce(t.${ident(orders)}, 0), coalesce(t.${ident(total)}, 0))
     on conflict (date_key, run_id) do nothing`,
    `insert into medallion.day_publications (date_key, published_at)
     select date_key, now() from pg_temp.${PUBLISHED_PERIODS.replace_days}
     on conflict (date_key) do update set published_at = excluded.published_at`,
  ];
}
