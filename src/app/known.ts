import type { Config } from '../config.ts';
import { query } from '../postgres/query.ts';
import { listQuarantined } from '../query/quarantine/list.ts';
import { listRuns } from '../query/runs.ts';
import { contextOf, type CallOptions } from './call.ts';
import { runningWarehouse } from './warehouse.ts';

/** What only the warehouse knows of what may stand on a command line. */
export const KNOWN_VALUES = ['runs', 'topics', 'events'] as const;
export type KnownValues = (typeof KNOWN_VALUES)[number];

/** As many as a shell can sensibly offer. */
const MOST = 50;

/** What the warehouse knows of a kind, the latest first; nothing where something would have to be started for it. */
export async function knownValues(
  config: Config,
  kind: KnownValues,
  options: CallOptions,
): Promise<string[]> {
  const context = contextOf(options);
  const { signal } = context;
  const settings = await runningWarehouse(config);
  if (settings === undefined) {
    return [];
  }
  switch (kind) {
    case 'runs':
      return firstOf((await listRuns(settings, { idle: true, limit: MOST }, context)).rows);
    case 'events': {
      const { events } = await listQuarantined(settings, { status: 'all' }, MOST, context);
      return firstOf(events.rows);
    }
    case 'topics': {
      const topics: string[] = [];
      const sql = 'select distinct topic from medallion.offsets order by topic';
      await query(settings, sql, { write: false, signal }, async ({ batches }) => {
        for await (const rows of batches) {
          topics.push(...firstOf(rows));
        }
      });
      return topics;
    }
  }
}

function firstOf(rows: readonly (readonly (string | null)[])[]): string[] {
  return rows.map(([cell]) => cell ?? '');
}
