import { MedallionError } from '../errors.ts';
import type { ConnectionSettings } from '../postgres/client.ts';
import { conditionOf, type Coordinates } from '../postgres/quarantine.ts';
import { withSnapshot } from '../postgres/query.ts';
import type { StageContext } from '../progress.ts';
import { formatCoordinates } from './coordinates.ts';
import { placeOf, type Quarantined } from './list.ts';
import { readRaw } from './raw.ts';

/** One thing that happened to an event after it was refused; times as PostgreSQL writes them. */
export interface HistoryEntry {
  readonly happened_at: string;
  readonly run_id: string;
  readonly action: string;
  readonly status_before: string;
  readonly status_after: string;
  readonly reason_before: string;
  readonly field_before: string | null;
  readonly detail_before: string | null;
  readonly reason_after: string | null;
  readonly field_after: string | null;
  readonly detail_after: string | null;
  readonly outcome: string | null;
  readonly note: string | null;
  readonly os_user: string | null;
  readonly db_user: string;
}

export interface ShownEvent extends Quarantined {
  readonly producedAt: string;
  readonly resolvedAt: string | null;
  readonly runId: string;
  readonly history: readonly HistoryEntry[];
  /** The first bytes, up to the limit asked for; null when the event had no value. */
  readonly raw: Buffer | null;
}

/**
 * All that is known of one event of the quarantine.
 * @param maxBytes how many of its bytes are wanted
 * @throws MedallionError input, when it is not there
 */
export async function showQuarantined(
  settings: ConnectionSettings,
  place: Coordinates,
  maxBytes: number,
  { signal }: StageContext,
): Promise<ShownEvent> {
  return withSnapshot(settings, signal, async (client) => {
    const { sql, values } = conditionOf({ status: 'all', events: [place] });
    const { rows } = await client.query<
      Pick<Quarantined, 'topic' | 'stage' | 'reason' | 'field' | 'detail' | 'status' | 'bytes'> & {
        readonly partition: string;
        readonly offset: string;
        readonly quarantined_at: string;
        readonly produced_at: string;
        readonly resolved_at: string | null;
        readonly run_id: string;
      }
    >(
      `select q.topic, q.partition, q."offset", q.stage, q.reason, q.field, q.detail, q.status, q.quarantined_at,
              q.produced_at, q.resolved_at, q.run_id, octet_length(q.raw) as bytes
       from bronze.quarantine q where ${sql}`,
      [...values],
    );
    const [row] = rows;
    if (row === undefined) {
      throw new MedallionError('input', `${formatCoordinates(place)} is not in the quarantine`, {
        hint: 'medallion quarantine list --status all prints the coordinates of what is.',
      });
    }
    const { rows: history } = await client.query<HistoryEntry>(
      `select happened_at, run_id, action, status_before, status_after, reason_before, field_before, detail_before,
              reason_after, field_after, detail_after, outcome, note, os_user, db_user
       from bronze.quarantine_history
       where topic = $1 and partition = $2 and "offset" = $3
       order by history_id`,
      [place.topic, place.partition, place.offset],
    );
    return {
      ...placeOf(row),
      stage: row.stage,
      reason: row.reason,
      field: row.field,
      detail: row.detail,
      status: row.status,
      bytes: row.bytes,
      quarantinedAt: row.quarantined_at,
      producedAt: row.produced_at,
      resolvedAt: row.resolved_at,
      runId: row.run_id,
      history,
      raw: await readRaw(client, place, maxBytes),
    };
  });
}
