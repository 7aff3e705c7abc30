import type { Argument, Command, Option } from 'commander';
import { loadModels } from '../../model/load.ts';

/** What only the warehouse knows: it is asked when it is needed. */
export const KNOWN_VALUES = ['runs', 'topics', 'events'] as const;
export type KnownValues = (typeof KNOWN_VALUES)[number];

/** What may stand at a place: one of these words, a file, a folder, what the warehouse knows, or anything at all. */
export type Values = readonly string[] | 'file' | 'folder' | 'anything' | KnownValues;

export interface CompletedOption {
  /** -o and --output. */
  readonly names: readonly string[];
  readonly about: string;
  /** Undefined for a switch, which takes none. */
  readonly values: Values | undefined;
  /** Takes all words up to the next option. */
  readonly isVariadic: boolean;
}

/** A command as shells need to know it. */
export interface CompletedCommand {
  /** The words that lead to it, without the program's own name: "", "db", "db grant". */
  readonly path: string;
  readonly children: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly CompletedOption[];
  /** What each of its arguments may be; the last one may stand for all that follow, too. */
  readonly arguments: readonly { readonly values: Values; readonly isVariadic: boolean }[];
}

/** The program and every command below it, as commander has them. */
export function completedCommands(command: Command, path = ''): CompletedCommand[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  return [
    {
      path,
      children: below.map((child) => ({ name: child.name(), about: child.description() })),
      options: help.visibleOptions(command).map(completedOption),
      arguments: command.registeredArguments.map((argument) => ({
        values: valuesOf(argument, `<${argument.name()}>`),
        isVariadic: argument.variadic,
      })),
    },
    ...command.commands.flatMap((child) =>
      completedCommands(child, `${path} ${child.name()}`.trim()),
    ),
  ];
}

function completedOption(option: Option): CompletedOption {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    about: option.description,
    values: option.required || option.optional ? valuesOf(option, option.flags) : undefined,
    isVariadic: option.variadic,
  };
}

/** By the choices that are declared, else by what the placeholder says. */
function valuesOf({ argChoices }: Pick<Argument | Option, 'argChoices'>, flags: string): Values {
  const [, placeholder] = /[<[](\w+)/.exec(flags) ?? [];
  if (argChoices !== undefined) {
    return argChoices;
  }
  switch (placeholder) {
    case 'dir':
      return 'folder';
    case 'file':
    case 'target':
      return 'file';
    case 'model':
      return modelNames(['silver', 'gold']);
    case 'marts':
      return modelNames(['gold']);
    case 'tables':
      return ['silver', 'gold', ...modelNames(['silver', 'gold'], 'id')];
    case 'run':
      return 'runs';
    case 'event':
    case 'events':
      return 'events';
    case 'topic':
      return 'topics';
    default:
      return 'anything';
  }
}

function modelNames(layers: readonly ('silver' | 'gold')[], as: 'name' | 'id' = 'name'): string[] {
  const models = loadModels();
  return layers.flatMap((layer) => models[layer].map((model) => model[as]));
}
