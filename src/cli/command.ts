import { Argument, Command, type Option } from 'commander';
import { addGlobalFlags, type CommandContext, type GlobalFlags } from './context.ts';
import { KAFKA, optionOf, takeSettings, type Flags, type Values } from './flags.ts';
import { manual, type Manual } from './help.ts';

/** An argument: its name, what it is, and the words, or the form, that it may have. */
type DeclaredArgument = readonly [
  name: string,
  about: string,
  values?: readonly string[] | ((text: string) => string),
];

/** What there is to say of a command: everything but what it does with its flags. */
interface Face extends Manual {
  readonly arguments?: readonly DeclaredArgument[];
  /** Whether it takes what says how to reach Kafka. */
  readonly usesKafka?: boolean;
  /** Words that are no options of it are for another program. */
  readonly passesOn?: 'unknown' | 'rest';
  /** The commands below it. */
  readonly commands?: readonly CommandDeclaration[];
}

/** Reads flags and arguments, calls the library once, and prints what it answers. */
type Work<Flags_> = (
  context: CommandContext,
  flags: Flags_,
  args: string[],
  command: Command,
) => Promise<void>;

export interface CommandDeclaration extends Face {
  readonly name: string;
  readonly description: string;
  readonly options?: Flags;
  readonly run?: Work<never>;
}

/** Declares a command: `run` gets the values of `options` under their names. */
export function command<const All extends Flags = Flags>(
  name: string,
  description: string,
  face: Face & { readonly options?: All; readonly run?: Work<Values<All> & GlobalFlags> },
): CommandDeclaration {
  return { name, description, ...face };
}

/**
 * How the work of a command is run: main supplies the context and owns errors, signals and the exit code. `never` lets
 * each work say which flags it declared: commander has parsed them, main cannot know.
 */
export type RunCommand = (
  work: Work<never>,
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
        const words = args.flat().filter((arg) => typeof arg === 'string');
        await work(context, flags as never, words, this);
      } finally {
        context.stop();
      }
    };
}

/** The command, and those below it, for commander. */
export function build(declared: CommandDeclaration, run: RunCommand): Command {
  const { name, description, options = {}, passesOn, commands = [] } = declared;
  const made = new Command(name).description(description).addHelpText('after', manual(declared));
  for (const [words, about, values] of declared.arguments ?? []) {
    const argument = new Argument(words, about);
    made.addArgument(
      typeof values === 'function'
        ? argument.argParser(values)
        : values === undefined
          ? argument
          : argument.choices(values),
    );
  }
  for (const [words, flag] of Object.entries(options)) {
    made.addOption(named(words, optionOf(words, flag)));
  }
  for (const option of declared.usesKafka === true ? KAFKA : []) {
    made.addOption(option);
  }
  if (passesOn !== undefined) {
    made.allowUnknownOption().passThroughOptions(passesOn === 'rest');
  }
  if (declared.run !== undefined) {
    made.action(run(declared.run));
  }
  if (commands.length > 0) {
    made.enablePositionalOptions().helpCommand(true);
  }
  for (const child of commands) {
    made.addCommand(addGlobalFlags(build(child, run)));
  }
  return made;
}

/** The option with its value under that name, where commander would take another from the flag. */
function named(attribute: string, option: Option): Option {
  return option.attributeName() === attribute || attribute.startsWith('-')
    ? option
    : Object.assign(option, { attributeName: () => attribute });
}
