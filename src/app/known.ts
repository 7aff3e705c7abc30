import type { Config } from '../config.ts';
import type { Client } from '../postgres/client.ts';
import { withSnapshot, type ResultTable } from '../postgres/query.ts';
import { askSql } from '../query/ask.ts';
import { listQuarantined } from '../query/quarantine/chosen.ts';
import { listRuns } from '../query/runs.ts';
import { contextOf, type CallOptions } from './call.ts';
import { runningWarehouse } from './warehouse.ts';

/** What only the warehouse knows of what may stand on a command line. */
export const KNOWN_VALUES = ['runs', 'topics', 'events'] as const;
export type KnownValues = (typeof KNOWN_VALUES)[number];

/** As many as a shell can sensibly offer. */
const MOST = 50;

/** What answers with the values of a kind in its first column. */
const READ: Readonly<Record<KnownValues, (client: Client) => Promise<Pick<ResultTable, 'rows'>>>> =
  {
    runs: (client) => listRuns(client, { idle: true, limit: MOST }),
    events: async (client) => (await listQuarantined(client, { status: 'all' }, MOST)).events,
    topics: (client) =>
      askSql(client, 'select distinct topic from medallion.offsets order by topic'),
  };

/** What the warehouse knows of a kind, the latest first; nothing where something would have to be started for it. */
export async function knownValues(
  config: Config,
  kind: KnownValues,
  options: CallOptions,
): Promise<string[]> {
  const settings = await runningWarehouse(config);
  if (settings === undefined) {
    return [];
  }
  const { rows } = await withSnapshot(settings, contextOf(options).signal, READ[kind]);
  return rows.map(([cell]) => cell ?? '');
}
