import type { Command } from 'commander';
import type { CommandContext, GlobalFlags } from './context.ts';
import { takeSettings } from './options.ts';

/**
 * How a command file hands its work over: main supplies the context and owns errors, signals and the exit code.
 * `never` lets each work say which flags it declared: commander has parsed them, main cannot know.
 */
export type RunCommand = (
  work: (context: CommandContext, flags: never, args: string[]) => Promise<void>,
) => (this: Command, ...args: unknown[]) => Promise<void>;

/** Runs the work of a command in the context that its flags ask for. */
export function runWith(
  open: (flags: GlobalFlags) => Promise<CommandContext & { readonly stop: () => void }>,
): RunCommand {
  return (work) =>
    async function (this: Command, ...args: unknown[]) {
      const context = await open(this.optsWithGlobals());
      try {
        takeSettings(this, () => context.settings);
        const flags: unknown = this.optsWithGlobals();
        await work(
          context,
          flags as never,
          args.flat().filter((arg) => typeof arg === 'string'),
        );
      } finally {
        context.stop();
      }
    };
}
