import type { Argument, Command, Option } from 'commander';
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

/** What each shell reads to ask what may come next; `program` is the command. */
export const SCRIPTS = {
  /** For bash 3.2 or later; it needs no other package. */
  bash: (program: string): string => `# bash completion for ${program}
_${program}() {
    local IFS=$'\\n' cur="\${COMP_WORDS[COMP_CWORD]}" found
    if [[ $cur == = ]]; then cur=''; fi
    found=$("\${COMP_WORDS[0]}" values -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$cur" 2>/dev/null)
    COMPREPLY=()
    case "$found" in
        :file | :folder)
            compopt -o filenames 2>/dev/null
            if [[ $found == :file ]]; then
                COMPREPLY=($(compgen -f -- "$cur"))
            else
                COMPREPLY=($(compgen -d -- "$cur"))
            fi
            ;;
        ?*)
            read -r -d '' -a COMPREPLY <<<"$found"
            COMPREPLY=("\${COMPREPLY[@]%%$'\\t'*}")
            ;;
    esac
}
complete -F _${program} ${program}
`,
  /** For zsh, to be sourced after compinit or put into a folder of fpath as _medallion. */
  zsh: (program: string): string => `#compdef ${program}
_${program}() {
    local -a found values
    found=("\${(@f)$("\${words[1]}" values -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    values=("\${(@)found%%$'\\t'*}")
    case "\${found[1]}" in
        :file | :folder)
            compset -P '--*='
            if [[ \${found[1]} == :file ]]; then _files; else _files -/; fi
            ;;
        ?*) compadd -l -d found -a values ;;
    esac
}
if [[ $funcstack[1] == _${program} ]]; then
    _${program} "$@"
else
    compdef _${program} ${program}
fi
`,
  fish: (program: string): string => `# fish completion for ${program}
function __${program}_values
    set -l tokens (commandline -opc)
    set -l found ($tokens[1] values -- $tokens[2..-1] (commandline -ct) 2>/dev/null)
    switch "$found[1]"
        case :file
            __fish_complete_path (commandline -ct)
        case :folder
            __fish_complete_directories (commandline -ct)
        case '?*'
            printf '%s\\n' $found
    end
end
complete -c ${program} -f -a '(__${program}_values)'
`,
};
