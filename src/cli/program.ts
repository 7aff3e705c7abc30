import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { registerCommands } from './commands/index.ts';
import type { RunCommand } from './main.ts';
import { visible } from './render/text.ts';
import { withoutSecrets } from './secrets.ts';

/** The program with all its commands; `run` is what they hand their work to. */
export function createProgram(run: RunCommand): Command {
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
  registerCommands(program, run);
  return program;
}
