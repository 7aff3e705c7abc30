import { importBronze, type Imported } from '../../app/ingest.ts';
import { parseConfig } from '../../config.ts';
import { MedallionError, usageError } from '../../errors.ts';
import { grouped } from '../../number.ts';
import type { ConnectionSettings } from '../../config/server.ts';
import { serverSettings } from '../../postgres/warehouse.ts';
import { command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { RETRY } from '../flags.ts';
import { askPassword } from '../password.ts';
import { writeIngested } from '../render/ingested.ts';

const URL_VARIABLE = 'IMPORT_DATABASE_URL';

export const importBronzeCommand = command(
  'import-bronze',
  "write the older pipeline's bronze_layer table to bronze, each of its rows once",
  {
    details: `
Reads id, payload and all other columns of all rows, whatever their
processed_status. A row's id is its offset in bronze; its other columns
(transaction_id, kafka_metadata, processed_status, created_at) are kept in
bronze.events.headers. No row is written twice: a run that broke off goes on
where it was, and a later run adds the rows that have come since. The table is
only read. docs/migrating.md has all the steps.`,
    examples: [
      'medallion import-bronze --from postgresql://airflow@old-server/airflow --password-prompt',
      `${URL_VARIABLE}=postgresql://.. medallion import-bronze --table public.bronze_layer`,
      [
        'medallion promote && medallion reconcile',
        'then bring it to silver and gold, and prove it',
      ],
    ],
    seeAlso: ['promote', 'reconcile', 'docs/migrating.md'],
    options: {
      '--from <url>': `PostgreSQL of the older pipeline (${URL_VARIABLE})`,
      '--table <name>': [
        'its table, or a view like it; with its schema where needed',
        'bronze_layer',
      ],
      '--password-prompt': 'ask for the password, instead of one in the URL',
      ...RETRY,
    },
    run: async (context, { from, table, passwordPrompt, retryFor }) => {
      const source = await sourceSettings(from, passwordPrompt, context);
      const request = { ...context.call, source, table, retryFor };
      const result = await importBronze(context.config, request);
      await writeIngested(context, result, statusLine(result));
    },
  },
);

/**
 * Where the older pipeline is: only what its URL says, nothing of what names the warehouse.
 * @throws MedallionError usage, config
 */
async function sourceSettings(
  from: string | undefined,
  passwordPrompt: boolean,
  { env, cwd, signal }: CommandContext,
): Promise<ConnectionSettings> {
  const url = from ?? env[URL_VARIABLE] ?? '';
  const name = from === undefined ? URL_VARIABLE : '--from';
  if (url === '') {
    throw usageError(
      'import-bronze needs --from: the PostgreSQL to import from',
      `For example: --from postgresql://user@host:5432/database. Or set ${URL_VARIABLE}.`,
    );
  }
  try {
    const { warehouse } = parseConfig({ databaseUrl: url }, { HOME: env['HOME'] }, cwd);
    if (warehouse.kind !== 'server') {
      throw new Error('the URL has no server in it');
    }
    const settings = serverSettings(warehouse);
    if (!passwordPrompt) {
      return settings;
    }
    const question = `Password of ${settings.user} at ${settings.host}: `;
    const otherwise = `Put the password into the URL in ${URL_VARIABLE}.`;
    return { ...settings, password: await askPassword(question, otherwise, signal) };
  } catch (error) {
    throw error instanceof MedallionError && error.code === 'config'
      ? new MedallionError('config', error.message.replaceAll('--database-url', name))
      : error;
  }
}

/** How many rows of each processed_status were written; nothing where the table has none. */
function statusLine({ writtenByStatus }: Imported): string {
  const counts = [...writtenByStatus]
    .filter(([status]) => status !== '')
    .sort(([, a], [, b]) => b - a)
    .map(([status, rows]) => `${grouped(rows)} ${status}`);
  return counts.length === 0 ? '' : `  processed_status: ${counts.join(', ')}\n`;
}
