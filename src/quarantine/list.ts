import type { ConnectionSettings } from '../postgres/client.ts';
import {
  conditionOf,
  countSelected,
  FIELD_PATH,
  type Coordinates,
  type Selection,
  type Status,
} from '../postgres/quarantine.ts';
import { withSnapshot } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';

/** A row of bronze.quarantine without its bytes; times as PostgreSQL writes them. */
export interface Quarantined extends Coordinates {
  readonly stage: string;
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string | null;
  readonly status: Status;
  readonly quarantinedAt: string;
  /** Length of what is kept of the event; null when it had no value. */
  readonly bytes: string | null;
}

/** Events refused for one reason at one field. */
export interface QuarantineGroup {
  readonly stage: string;
  readonly reason: string;
  readonly field: string | null;
  readonly events: string;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The latest of them, and what was found there. */
  readonly example: Coordinates;
  readonly detail: string | null;
}

interface PlaceRow {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
}

export function placeOf({ topic, partition, offset }: PlaceRow): Coordinates {
  return { topic, partition: Number(partition), offset: BigInt(offset) };
}

/** How many events are meant. */
export async function countQuarantined(
  settings: ConnectionSettings,
  selection: Selection,
  { signal }: StageContext,
): Promise<number> {
  return withSnapshot(settings, signal, (client) => countSelected(client, selection));
}

/** The latest `limit` of the events meant, and how many there are. */
export async function listQuarantined(
  settings: ConnectionSettings,
  selection: Selection,
  limit: number,
  { signal }: StageContext,
): Promise<{ readonly events: readonly Quarantined[]; readonly total: number }> {
  return withSnapshot(settings, signal, async (client) => {
    const { sql, values } = conditionOf(selection);
    const { rows } = await client.query<
      PlaceRow &
        Omit<Quarantined, keyof Coordinates | 'quarantinedAt'> & {
          readonly quarantined_at: string;
        }
    >(
      `select q.topic, q.partition, q."offset", q.stage, q.reason, q.field, q.detail, q.status, q.quarantined_at,
              octet_length(q.raw) as bytes
       from bronze.quarantine q
       where ${sql}
       order by q.quarantined_at desc, q.topic, q.partition, q."offset" desc
       limit $${String(values.length + 1)}`,
      [...values, limit],
    );
    const events = rows.map(({ quarantined_at: quarantinedAt, ...row }) => ({
      ...row,
      ...placeOf(row),
      quarantinedAt,
    }));
    return { events, total: await countSelected(client, selection) };
  });
}

/** The events meant by stage, reason and field, most first; the lines of an order count as one field. */
export async function summarizeQuarantine(
  settings: ConnectionSettings,
  selection: Selection,
  { signal }: StageContext,
): Promise<QuarantineGroup[]> {
  return withSnapshot(settings, signal, async (client) => {
    const { sql, values } = conditionOf(selection);
    const { rows } = await client.query<
      PlaceRow & {
        readonly stage: string;
        readonly reason: string;
        readonly path: string | null;
        readonly events: string;
        readonly first_at: string;
        readonly last_at: string;
        readonly detail: string | null;
      }
    >(
      `with chosen as (
         select q.topic, q.partition, q."offset", q.stage, q.reason, q.detail, q.quarantined_at, ${FIELD_PATH} as path
         from bronze.quarantine q
         where ${sql}
       ),
       groups as (
         select stage, reason, path, count(*) as events, min(quarantined_at) as first_at, max(quarantined_at) as last_at
         from chosen group by stage, reason, path
       ),
       latest as (
         select distinct on (stage, reason, path) *
         from chosen order by stage, reason, path, quarantined_at desc, topic, partition, "offset" desc
       )
       select g.*, l.topic, l.partition, l."offset", l.detail
       from groups g
       join latest l on l.stage = g.stage and l.reason = g.reason and l.path is not distinct from g.path
       order by g.events desc, g.stage, g.reason, g.path`,
      [...values],
    );
    return rows.map((row) => ({
      stage: row.stage,
      reason: row.reason,
      field: row.path,
      events: row.events,
      firstAt: row.first_at,
      lastAt: row.last_at,
      example: placeOf(row),
      detail: row.detail,
    }));
  });
}
