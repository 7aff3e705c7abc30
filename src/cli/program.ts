import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { registerCommands } from './commands/index.ts';
import type { RunCommand } from './main.ts';
import { visible } from './render/text.ts';
import { withoutSecrets } from './secrets.ts';

/**
 * The program; `run` is what its commands hand their work to.
 * @param first the first word of the command line: a command that it names is the only one then
 */
export async function createProgram(run: RunCommand, first?: string): Promise<Command> {
  const program = new Command('medallion')
    .description(
      'Sales events from Kafka to PostgreSQL: bronze, silver, gold. DuckDB does the heavy work.',
    )
    .version(VERSION)
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    // What it complains of it quotes, and that may be a URL, or drive the terminal.
    .configureOutput({
      writeErr: (text) => process.stderr.write(visible(withoutSecrets(text), { lines: true })),
    })
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true });
  await registerCommands(program, run, first);
  return program;
}
