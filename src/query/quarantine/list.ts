import type { ConnectionSettings } from '../../config/server.ts';
import { countSelected, type Selection } from '../../postgres/quarantine.ts';
import { withSnapshot, type ResultTable } from '../../postgres/query.ts';
import type { StageContext } from '../../progress.ts';
import { askChosen, withCoordinates } from './chosen.ts';

/** How many events are chosen. */
export async function countQuarantined(
  settings: ConnectionSettings,
  selection: Selection,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<number> {
  return withSnapshot(settings, signal, (client) => countSelected(client, selection));
}

/** The latest `limit` of the events chosen, one a row, and how many there are. */
export async function listQuarantined(
  settings: ConnectionSettings,
  selection: Selection,
  limit: number,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<{ readonly events: ResultTable; readonly total: number }> {
  return withSnapshot(settings, signal, async (client) => ({
    events: withCoordinates(await askChosen(client, 'list', selection, [limit]), 'event'),
    total: await countSelected(client, selection),
  }));
}

/** The events chosen by stage, reason and field, most first; the lines of an order count as one field. */
export async function summarizeQuarantine(
  settings: ConnectionSettings,
  selection: Selection,
  { signal }: Pick<StageContext, 'signal'>,
): Promise<ResultTable> {
  return withSnapshot(settings, signal, async (client) =>
    withCoordinates(await askChosen(client, 'summary', selection), 'example'),
  );
}
