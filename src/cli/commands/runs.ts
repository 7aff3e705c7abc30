import { InvalidArgumentError, Option, type Command } from 'commander';
import { oneRun, runs } from '../../app/query.ts';
import { MedallionError } from '../../errors.ts';
import { RUN_OUTCOMES, RUN_PARTS } from '../../query/runs.ts';
import { addGlobalFlags, type CommandContext } from '../context.ts';
import { command } from '../help.ts';
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
  const all = command(
    'runs',
    'list what commands that write have done: generate, ingest, promote and the rest',
    {
      details: `
The latest come first. A run of generate is recorded in a file of the home
folder, since it needs no warehouse; the next command that opens the warehouse
records it there, too. "medallion runs show" exits 4 for a run that there is
not.`,
      examples: [
        'medallion runs',
        'medallion runs --command promote --outcome failed --since 7d',
        'medallion runs --output json',
        'medallion runs show 12',
        'medallion runs show 12 --section models --output csv',
      ],
      seeAlso: ['runs show', 'status', 'trace'],
    },
  )
    .enablePositionalOptions()
    .helpCommand(true)
    .option('--command <name>', 'only runs of this command')
    .addOption(
      new Option('--outcome <outcome>', 'only runs that ended so').choices([...RUN_OUTCOMES]),
    )
    .option('--since <day>', 'only runs that began on this UTC day or later', parseDay)
    .option('--idle', 'also runs of ingest and promote that found nothing to do')
    .option('--limit <n>', 'as many as this', parseCount, 20)
    .action(run(list));
  const show = command(
    'show',
    'show all of one run: offsets, models, checks, restated days, error',
    {
      examples: ['medallion runs show 7', 'medallion runs show 7 --output json'],
      exits: { 4: 'there is no such run' },
      seeAlso: ['runs', 'checks'],
    },
  )
    .argument('<run>', 'its number', parseRunId)
    .addOption(new Option('--section <name...>', 'only this part').choices([...RUN_PARTS]))
    .action(run(showOne));
  return all.addCommand(addGlobalFlags(show));
}

/** commander hands parsed arguments on as they are; a run's number stays text. */
function parseRunId(value: string): string {
  if (!/^\d{1,18}$/.test(value)) {
    throw new InvalidArgumentError('It must be the number of a run; medallion runs lists them.');
  }
  return value;
}

async function list(context: CommandContext, flags: RunsFlags): Promise<void> {
  const found = await runs(context.config, context.call, { ...flags, idle: flags.idle ?? false });
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
  const found = await oneRun(context.config, context.call, BigInt(id));
  const parts = chosenParts(runParts(found, context.width), flags.section);
  await context.write(renderParts(parts, context.format ?? 'table', context));
}
