import { Command, Option } from 'commander';
import { EXIT_MEANINGS } from '../errors.ts';
import { VERSION } from '../version.ts';
import { registerCommands } from './commands/index.ts';
import type { RunCommand } from './command.ts';
import type { Streams } from './context.ts';
import { layOutHelp, manual } from './help.ts';
import { HEADINGS } from './flags.ts';
import { visible } from './render/text.ts';
import { withoutSecrets } from './secrets.ts';

const MANUAL = manual({
  details: `
Nothing needs to be configured: without a PostgreSQL and a Kafka of your own
there is an embedded one and files, below ./.medallion.`,
  examples: [
    ['medallion demo', 'all of it, on made-up sales'],
    ['medallion init', 'a configuration file for servers of your own'],
    ['medallion generate && medallion ingest && medallion promote', 'step by step'],
    ['medallion run', 'from Kafka to gold until stopped'],
    ['medallion report --since 7d', 'the last week'],
    ['medallion promote --help', 'everything about one command'],
  ],
  exits: { 4: EXIT_MEANINGS[4], 5: EXIT_MEANINGS[5] },
  seeAlso: ['config', 'doctor', 'completion', 'docs/configuration.md', 'docs/operations.md'],
});

/**
 * The program; `run` is what its commands hand their work to. Of a brief help the long parts are left out.
 * @param line the command line: a command that it names is the only one then
 */
export async function createProgram(
  run: RunCommand,
  {
    line = [],
    isBrief = false,
    streams: { stdout, stderr } = process,
  }: {
    readonly line?: readonly string[];
    readonly isBrief?: boolean;
    readonly streams?: Pick<Streams, 'stdout' | 'stderr'>;
  } = {},
): Promise<Command> {
  const program = new Command('medallion')
    .description(
      'Sales events from Kafka to PostgreSQL: bronze, silver, gold. DuckDB does the heavy work.',
    )
    .version(VERSION)
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    // What it complains of it quotes, and that may be a URL, or drive the terminal.
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(visible(withoutSecrets(text), { lines: true })),
    })
    .enablePositionalOptions()
    .addHelpOption(
      new Option('-h, --help', 'show this help; -h shows a shorter one').helpGroup(
        HEADINGS.everywhere,
      ),
    )
    .addHelpText('after', MANUAL);
  layOutHelp(program, { isBrief });
  if (line[0] !== '-V' && line[0] !== '--version') {
    await registerCommands(program, run, line);
  }
  // Not for the commands, which have taken over what was said before.
  program.showHelpAfterError('(medallion --help lists the commands; options go after the command)');
  return program;
}
