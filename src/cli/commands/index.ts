import type { Command } from 'commander';
import type { RunCommand } from '../main.ts';

/** Every command, in the order of the pipeline. */
export function registerCommands(
  program: Command,
  run: RunCommand,
  addGlobalFlags: (command: Command) => Command,
): void {
  const commands: ((run: RunCommand) => Command)[] = [];
  for (const create of commands) {
    program.addCommand(addGlobalFlags(create(run)));
  }
}
