import type { Argument, Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { KNOWN_VALUES, type KnownValues } from '../app/known.ts';
import { allModels } from '../model/load.ts';
import { loadSources } from '../source/read.ts';
import type { GlobalFlags } from './context.ts';

/**
 * What may come next on a command line. The scripts of the shells ask `medallion values`, so that all of them offer the
 * same, of the version and the project at hand.
 */

/** The last word of a line: a file, a folder, what the warehouse knows, or one of these words, with what each means. */
export type Values = readonly (readonly [word: string, about?: string])[] | KnownValues | Path;
type Path = 'file' | 'folder';

export interface Completion {
  readonly values: Values;
  /** What stands before the value in its word: --output= */
  readonly prefix: string;
  /** What the words before say of the warehouse and of the project. */
  readonly flags: GlobalFlags;
}

/** What the words of a line lead to; the last one is still to be completed. */
export function completionOf(
  program: Command,
  words: readonly string[],
  projectOf: (flags: GlobalFlags) => string | undefined,
): Completion {
  const flags: Record<string, string> = {};
  let at = program;
  let place = 0;
  let pending: Option | undefined;
  const valued = (word: string): Option | undefined =>
    at.options.find(
      ({ short, long, required, optional }) =>
        (short === word || long === word) && (required || optional),
    );
  // bash makes words of --output, = and json.
  for (const word of words.slice(0, -1).filter((each) => each !== '=')) {
    const child = at.commands.find((command) => command.name() === word);
    if (word.length > 1 && word.startsWith('-')) {
      const [name = '', value] = word.split(/=(.*)/s);
      const option = valued(name);
      pending = value === undefined ? option : undefined;
      if (option !== undefined && value !== undefined) {
        flags[option.attributeName()] = value;
      }
    } else if (pending !== undefined) {
      flags[pending.attributeName()] = word;
      pending = pending.variadic ? pending : undefined;
    } else if (child === undefined) {
      place += 1;
    } else {
      at = child;
    }
  }
  const last = words.at(-1) ?? '';
  const [prefix = ''] = /^--[\w-]+=/.exec(last) ?? [];
  const option = prefix === '' ? pending : valued(prefix.slice(0, -1));
  const meant = (by: Argument | Option, placeholder: string): Values =>
    valuesOf(by, placeholder, projectOf(flags));
  if (option !== undefined && (prefix !== '' || !last.startsWith('-'))) {
    return { values: meant(option, option.flags), prefix, flags };
  }
  const help = at.createHelp();
  if (last.startsWith('-')) {
    const options = help.visibleOptions(at);
    return {
      values: options.map(({ long, description }) => [long ?? '', description]),
      prefix: '',
      flags,
    };
  }
  const children = place === 0 ? help.visibleCommands(at) : [];
  const argument =
    at.registeredArguments[place] ?? at.registeredArguments.findLast((one) => one.variadic);
  const values =
    children.length > 0
      ? children.map((child) => [child.name(), child.description()] as const)
      : argument && meant(argument, `<${argument.name()}>`);
  return { values: values ?? [], prefix: '', flags };
}

/** By the choices that are declared, else by what the placeholder says. */
function valuesOf(
  { argChoices }: Pick<Argument | Option, 'argChoices'>,
  flags: string,
  project: string | undefined,
): Values {
  const [, placeholder = ''] = /[<[](\w+)/.exec(flags) ?? [];
  const models = (layer?: 'gold', as: 'name' | 'id' = 'name'): [string, string][] =>
    allModels(project)
      .filter((model) => layer === undefined || model.layer === layer)
      .map((model) => [model[as], model.description]);
  const sources = (prefix = ''): [string, string][] =>
    [...loadSources(project).values()].map(({ name, description }) => [prefix + name, description]);
  switch (argChoices === undefined ? placeholder : 'choices') {
    case 'choices':
      return (argChoices ?? []).map((choice) => [choice]);
    case 'dir':
      return 'folder';
    case 'file':
    case 'target':
      return 'file';
    case 'model':
      return models();
    case 'source':
      return sources();
    case 'names':
      return [...models(undefined, 'id'), ...sources('sources.')];
    case 'marts':
      return models('gold');
    case 'tables':
      return [['silver'], ['gold'], ...models(undefined, 'id')];
    default:
      return (
        KNOWN_VALUES.find((known) => known === placeholder || known === `${placeholder}s`) ?? []
      );
  }
}

/** Shells with a script that asks what may come next: bash 3.2 or later without another package, zsh after compinit. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The script for a shell to read. */
export function completionScript(shell: (typeof SHELLS)[number]): string {
  return readFileSync(
    new URL(`../../assets/completion/medallion.${shell}`, import.meta.url),
    'utf8',
  );
}
