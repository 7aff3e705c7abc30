import { InvalidArgumentError } from 'commander';
import { oneRun, runs } from '../../app/query.ts';
import { RUN_OUTCOMES, RUN_PARTS } from '../../query/runs.ts';
import { command } from '../command.ts';
import { choice, section } from '../flags.ts';
import { runParts, RUNS } from '../render/run-view.ts';

const show = command('show', 'show one run: offsets, models, checks, restated days, error', {
  examples: ['medallion runs show 7', 'medallion runs show 7 --output json'],
  exits: { 4: 'there is no such run' },
  seeAlso: ['runs', 'checks'],
  arguments: [['<run>', 'number of the run', parseRunId]],
  options: { section: section(RUN_PARTS) },
  run: async (context, { section: names }, [id = '']) => {
    const found = await oneRun(context.config, context.call, BigInt(id));
    await context.writeParts(runParts(found), names);
  },
});

export const runsCommand = command(
  'runs',
  'list what commands that write have done: generate, ingest, promote and the rest',
  {
    details: `
The latest come first. A run of generate is recorded in a file of the home
folder, since it needs no warehouse; the next command that opens the warehouse
records it there, too. "medallion runs show" exits 4 for a run that does not
exist.`,
    examples: [
      'medallion runs',
      'medallion runs --command promote --outcome failed --since 7d',
      'medallion runs --output json',
      'medallion runs show 12',
      'medallion runs show 12 --section models --output csv',
    ],
    seeAlso: ['runs show', 'status', 'trace'],
    options: {
      '--command <name>': 'only runs of this command',
      outcome: choice('--outcome <outcome>', 'only runs that ended so', RUN_OUTCOMES),
      '--since <day>': 'only runs that began on this UTC day or later',
      '--idle': 'include runs of ingest and promote that found nothing to do',
      '--limit <n>': ['show at most this many', 20],
    },
    commands: [show],
    run: async (context, flags) => {
      const found = await runs(context.config, context.call, flags);
      if ((context.format ?? 'table') === 'table' && found.rows.length === 0) {
        context.note('no runs match');
      } else {
        await context.writeRows(found, RUNS);
      }
    },
  },
);

/** commander hands parsed arguments on as they are; a run's number stays text. */
function parseRunId(value: string): string {
  if (!/^\d{1,18}$/.test(value)) {
    throw new InvalidArgumentError('It must be the number of a run; medallion runs lists them.');
  }
  return value;
}
