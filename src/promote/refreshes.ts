import type { Model } from '../model/model.ts';
import type { Client } from '../postgres/client.ts';
import type { Publication } from '../postgres/publisher.ts';
import { sqlFile } from '../sql-file.ts';

/** Of the marts that say how often they are computed at most. */
export interface Refreshes {
  /** Those that wait: by what they say it is too early. */
  readonly later: ReadonlySet<string>;
  /** Those that are due, and that gold has changed under since they were computed. */
  readonly overdue: ReadonlySet<string>;
}

/** Looks which marts are due; asked for every mart, all of them are. */
export async function readRefreshes(
  client: Client,
  marts: readonly Model[],
  every: 'mart' | 'due mart',
): Promise<Refreshes> {
  const timed = marts.filter(({ refresh }) => refresh !== undefined);
  const { rows } = await client.query<{ model: string; due: string; pending: string }>(
    sqlFile('promote/refreshes'),
    [timed.map(({ id }) => id), timed.map(({ refresh }) => refresh)],
  );
  const isDue = ({ due }: { due: string }): boolean => every === 'mart' || due === 't';
  const idsOf = (chosen: typeof rows): Set<string> => new Set(chosen.map(({ model }) => model));
  return {
    later: idsOf(rows.filter((row) => !isDue(row))),
    overdue: idsOf(rows.filter((row) => isDue(row) && row.pending === 't')),
  };
}

/** Records what was computed, and what gold has changed under, in the transaction that publishes it. */
export async function recordRefreshes(
  transaction: Publication,
  computed: readonly Model[],
  later: ReadonlySet<string>,
): Promise<void> {
  const timed = computed.filter(({ refresh }) => refresh !== undefined);
  await transaction.query(
    `insert into medallion.refreshed_marts (model, refreshed_at) select unnest($1::text[]), now()
     on conflict (model) do update set refreshed_at = excluded.refreshed_at, pending_since = null`,
    [timed.map(({ id }) => id)],
  );
  await transaction.query(
    `update medallion.refreshed_marts set pending_since = now()
     where model = any ($1) and pending_since is null`,
    [[...later]],
  );
}
