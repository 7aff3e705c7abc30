import { runningWarehouse } from '../../app/warehouse.ts';
import { listRuns } from '../../query/runs.ts';
import type { ConnectionSettings } from '../../postgres/server.ts';
import { query } from '../../postgres/query.ts';
import { listQuarantined } from '../../query/quarantine/list.ts';
import { command } from '../command.ts';
import { KNOWN_VALUES, type KnownValues } from '../completion/tree.ts';
import type { CommandContext } from '../context.ts';

/** As many as a shell can sensibly offer. */
const MOST = 50;
/** Who presses the tabulator key does not wait longer, for nobody. */
const EXIT_TIMEOUT_MS = 1_000;

/** What the completion of shells asks for while a line is typed: values that the warehouse knows, one a line. */
export const valuesCommand = command(
  'values',
  'print values for the completion of a shell; nothing where they cannot be had at once',
  {
    examples: ['medallion values runs'],
    seeAlso: ['completion'],
    arguments: [
      ['<kind>', 'what kind of values', KNOWN_VALUES],
      ['[words...]', 'the line so far: what it says of the warehouse counts'],
    ],
    passesOn: 'unknown',
    run: async (context, _flags, [kind]) => {
      // A server that does not answer would keep the process, and so the shell.
      setTimeout(() => process.exit(), EXIT_TIMEOUT_MS).unref();
      const settings = await runningWarehouse(context.config);
      const values =
        settings === undefined ? [] : await valuesOf(kind as KnownValues, settings, context);
      await context.write(values.map((value) => `${value}\n`).join(''));
    },
  },
);

async function valuesOf(
  kind: KnownValues,
  settings: ConnectionSettings,
  context: CommandContext,
): Promise<string[]> {
  switch (kind) {
    case 'runs': {
      const wanted = { idle: true, limit: MOST };
      const { rows } = await listRuns(settings, wanted, context);
      return rows.map(([id]) => id ?? '');
    }
    case 'events': {
      const { events } = await listQuarantined(settings, { status: 'all' }, MOST, context);
      return events.rows.map(([event]) => event ?? '');
    }
    case 'topics': {
      const topics: string[] = [];
      const sql = 'select distinct topic from medallion.offsets order by topic';
      await query(settings, sql, { write: false, signal: context.signal }, async ({ batches }) => {
        for await (const rows of batches) {
          topics.push(...rows.map(([topic]) => topic ?? ''));
        }
      });
      return topics;
    }
  }
}
