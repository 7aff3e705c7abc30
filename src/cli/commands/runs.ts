import { Command, InvalidArgumentError } from 'commander';
import { MedallionError } from '../../errors.ts';
import { listRuns, RUN_OUTCOMES, RUN_PARTS, showRun } from '../../inspect/runs.ts';
import { withWarehouse } from '../../postgres/warehouse.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { manual } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { parseCount, parseDay } from '../options.ts';
import { chosenParts, renderParts } from '../render/document.ts';
import { runLines, runParts } from '../render/run-view.ts';

interface RunsFlags {
  readonly command?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly idle?: boolean;
  readonly limit: number;
}

interface ShowFlags {
  readonly section?: readonly string[];
}

export function createRunsCommand(run: RunCommand): Command {
  const runs = new Command('runs')
    .description('list what commands that write have done: generate, ingest, promote and the rest')
    .enablePositionalOptions()
    .helpCommand(true)
    .option('--command <name>', 'only runs of this command')
    .addOption(
      new Command()
        .createOption('--outcome <outcome>', 'only runs that ended so')
        .choices([...RUN_OUTCOMES]),
    )
    .option('--since <day>', 'only runs that began on this UTC day or later', parseDay)
    .option('--idle', 'also runs of ingest and promote that found nothing to do')
    .option('--limit <n>', 'as many as this', parseCount, 20)
    .addHelpText(
      'after',
      manual({
        details: `
The latest come first. A run of generate is recorded in a file of the home
folder, since it needs no warehouse; the next command that opens the warehouse
takes it into the books. "medallion runs show" exits 4 for a run that there is
not.`,
        examples: [
          'medallion runs',
          'medallion runs --command promote --outcome failed --since 7d',
          'medallion runs --output json',
          'medallion runs show 12',
          'medallion runs show 12 --section models --output csv',
        ],
        seeAlso: ['runs show', 'status', 'trace'],
      }),
    )
    .action(run(list));
  const show = new Command('show')
    .description('show all of one run: offsets, models, checks, restated days, error')
    .argument('<run>', 'its number', parseRunId)
    .addOption(
      new Command().createOption('--section <name...>', 'only this part').choices([...RUN_PARTS]),
    )
    .addHelpText(
      'after',
      manual({
        examples: ['medallion runs show 7', 'medallion runs show 7 --output json'],
        exits: { 4: 'there is no such run' },
        seeAlso: ['runs', 'checks'],
      }),
    )
    .action(run(showOne));
  return runs.addCommand(addGlobalFlags(show));
}

/** commander hands parsed arguments on as they are; a run's number stays text. */
function parseRunId(value: string): string {
  if (!/^\d{1,18}$/.test(value)) {
    throw new InvalidArgumentError('It must be the number of a run; medallion runs lists them.');
  }
  return value;
}

async function list(context: CommandContext, flags: RunsFlags): Promise<void> {
  const found = await withWarehouse(context.config, context, (settings) =>
    listRuns(settings, { ...flags, idle: flags.idle ?? false }, context),
  );
  const isPage = (context.format ?? 'table') === 'table';
  if (isPage && found.rows.length === 0) {
    context.emit({ type: 'note', message: 'no such runs' });
  } else {
    await context.writeRows(found, (width) => runLines(found, width));
  }
}

async function showOne(
  context: CommandContext,
  flags: ShowFlags,
  [id]: readonly string[],
): Promise<void> {
  if (id === undefined) {
    throw new MedallionError('usage', 'which run?');
  }
  const found = await withWarehouse(context.config, context, (settings) =>
    showRun(settings, BigInt(id), context),
  );
  const parts = chosenParts(runParts(found, context.width), flags.section);
  await context.write(renderParts(parts, context.format ?? 'table', context));
}
