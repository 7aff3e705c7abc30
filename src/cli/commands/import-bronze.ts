import { Command } from 'commander';
import { parseConfig, type Environment } from '../../config.ts';
import { MedallionError } from '../../errors.ts';
import { ingest } from '../../ingest/ingest.ts';
import { openTableReader, type TableReader } from '../../log/table/reader.ts';
import type { ConnectionSettings } from '../../postgres/client.ts';
import { serverSettings, withWarehouse } from '../../postgres/warehouse.ts';
import type { Patience } from '../../retry.ts';
import type { CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { askPassword } from '../password.ts';
import { landedSummary, partitionTable } from '../render/landed.ts';
import { grouped } from '../../number.ts';
import { visible } from '../render/text.ts';
import { hanging } from '../render/wrap.ts';

interface ImportFlags {
  readonly from?: string;
  readonly table: string;
  readonly passwordPrompt?: boolean;
  readonly retryFor: Patience;
}

const COMMAND = 'import-bronze';
const URL_VARIABLE = 'IMPORT_DATABASE_URL';

export function createImportBronzeCommand(run: RunCommand): Command {
  return new Command(COMMAND)
    .description("land the older pipeline's bronze_layer table in bronze, each of its rows once")
    .option('--from <url>', `PostgreSQL of the older pipeline (${URL_VARIABLE})`)
    .option(
      '--table <name>',
      'its table, or a view like it, with the schema if need be',
      'bronze_layer',
    )
    .option('--password-prompt', 'ask for the password, in place of one in the URL')
    .addHelpText(
      'after',
      manual({
        details: `
Reads id, payload and whatever other columns there are, all rows, whatever
their processed_status. A row's id is its offset in bronze; its other columns
(transaction_id, kafka_metadata, processed_status, created_at) are kept in
bronze.events.headers. What has landed never lands again: broken off, it goes
on; run again, it adds the rows that have come since. The table is only read.
docs/migrating.md has all the steps.`,
        examples: [
          'medallion import-bronze --from postgresql://airflow@old-server/airflow --password-prompt',
          `${URL_VARIABLE}=postgresql://.. medallion import-bronze --table public.bronze_layer`,
          [
            'medallion promote && medallion reconcile',
            'then bring it to silver and gold, and prove it',
          ],
        ],
        seeAlso: ['promote', 'reconcile', 'docs/migrating.md'],
      }),
    )
    .action(run(importBronze));
}

async function importBronze(context: CommandContext, flags: ImportFlags): Promise<void> {
  const source = await sourceSettings(flags, context);
  const { retryFor: patience } = flags;
  await withWarehouse(
    context.config,
    context,
    async (settings, outage) => {
      const reader = await openTableReader(source, flags.table, context, patience);
      const result = await ingest(
        reader,
        settings,
        { command: COMMAND, outage, arguments: context.commandLine, follow: false },
        context,
      );
      if (context.format === undefined) {
        const summary = landedSummary(result, reader) + statusLine(reader);
        await context.write(hanging(visible(summary, { lines: true }), context.width));
      } else {
        await context.writeRows(partitionTable(result));
      }
    },
    { writes: true, patience },
  );
}

/** Where the older pipeline is: only what its URL says, nothing of what names the warehouse. */
async function sourceSettings(
  { from, passwordPrompt = false }: ImportFlags,
  { env, cwd, signal }: CommandContext,
): Promise<ConnectionSettings> {
  const given = env[URL_VARIABLE];
  const url = from ?? (given === '' ? undefined : given);
  if (url === undefined) {
    throw new MedallionError('usage', 'which PostgreSQL is to be imported from?', {
      hint: `Name it: --from postgresql://user@host:5432/database, or ${URL_VARIABLE}.`,
    });
  }
  const settings = parseSource(url, from === undefined ? URL_VARIABLE : '--from', env, cwd);
  if (!passwordPrompt) {
    return settings;
  }
  const question = `Password of ${settings.user} at ${settings.host}: `;
  const otherwise = `Put it into the URL in ${URL_VARIABLE}.`;
  return { ...settings, password: await askPassword(question, otherwise, signal) };
}

/** @throws MedallionError config */
function parseSource(
  url: string,
  name: string,
  { HOME }: Environment,
  cwd: string,
): ConnectionSettings {
  try {
    const { warehouse } = parseConfig({ databaseUrl: url }, { HOME }, cwd);
    if (warehouse.kind !== 'server') {
      throw new Error('a URL that names no server');
    }
    return serverSettings(warehouse);
  } catch (error) {
    throw error instanceof MedallionError
      ? new MedallionError(error.code, error.message.replaceAll('--database-url', name))
      : error;
  }
}

/** How many rows of each processed_status have landed; nothing where the table has none. */
function statusLine({ landedByStatus }: TableReader): string {
  const counts = [...landedByStatus]
    .filter(([status]) => status !== '')
    .sort(([, a], [, b]) => b - a)
    .map(([status, rows]) => `${grouped(rows)} ${status}`);
  return counts.length === 0 ? '' : `  processed_status: ${counts.join(', ')}\n`;
}
