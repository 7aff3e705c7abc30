import { MedallionError } from '../../errors.ts';
import type { Client } from '../../postgres/client.ts';
import type { Coordinates } from '../../postgres/quarantine.ts';
import type { ResultTable } from '../../postgres/query.ts';
import { sqlFile } from '../../sql-file.ts';
import { askChosen } from './chosen.ts';
import { formatCoordinates } from './coordinates.ts';
import { readRaw } from './raw.ts';

/** One thing that happened to an event after it was rejected; times as PostgreSQL writes them. */
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

export interface ShownEvent {
  /** Its coordinates in one word. */
  readonly event: string;
  /** One row: what the quarantine holds of it, but its bytes. */
  readonly table: ResultTable;
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
  client: Client,
  place: Coordinates,
  maxBytes: number,
): Promise<ShownEvent> {
  const table = await askChosen(client, 'show', { status: 'all', events: [place] });
  if (table.rows.length === 0) {
    throw notQuarantined(place);
  }
  const { rows: history } = await client.query<HistoryEntry>(sqlFile('query/quarantine/history'), [
    place.topic,
    place.partition,
    place.offset,
  ]);
  const raw = await readRaw(client, place, maxBytes);
  return { event: formatCoordinates(place), table, history, raw };
}

/** The error of naming an event that is not there. */
export function notQuarantined(place: Coordinates): MedallionError {
  return new MedallionError('input', `${formatCoordinates(place)} is not in the quarantine`, {
    hint: 'To see the coordinates of all rejected events: medallion quarantine list --status all',
  });
}
