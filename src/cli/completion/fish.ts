import type { CompletedCommand, CompletedOption, Values } from './tree.ts';

/** The completion for fish. */
export function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== '');
  const valued = commands.flatMap(({ path, options }) =>
    options
      .filter(({ values }) => values !== undefined)
      .flatMap(({ names }) => names.map((name) => `${path}|${name}`)),
  );
  const lines = commands.flatMap((command) => {
    const head = `complete -c ${program} -n ${quoted(`__${program}_at ${quoted(command.path)}`)}`;
    return [
      ...command.children.map(({ name, about }) => `${head} -a ${name} -d ${quoted(about)}`),
      ...command.options.map(
        (option) => `${head} ${optionOf(option, program)} -d ${quoted(option.about)}`,
      ),
      ...command.arguments
        .filter(({ values }) => values !== 'anything')
        .map(({ values }) => `${head} ${argumentOf(values, program)}`),
    ];
  });
  return `# fish completion for ${program}
set -g __${program}_commands ${paths.map(quoted).join(' ')}
set -g __${program}_valued ${valued.map(quoted).join(' ')}

# Whether the words before the cursor have led to this command.
function __${program}_at --argument-names wanted
    set -l at ''
    set -l is_value no
    set -l tokens (commandline -opc)
    for token in $tokens[2..-1]
        if string match -q -- '-*' $token
            set is_value no
            contains -- "$at|$token" $__${program}_valued; and set is_value yes
        else if test $is_value = yes
            set is_value no
        else
            set -l longer (string trim -- "$at $token")
            contains -- "$longer" $__${program}_commands; and set at $longer
        end
    end
    test "$at" = "$wanted"
end

complete -c ${program} -f
${lines.join('\n')}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')}'`;
}

function optionOf({ names, values }: CompletedOption, program: string): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return [...flags, ...(values === undefined ? [] : [`-r ${argumentOf(values, program)}`])].join(
    ' ',
  );
}

function argumentOf(values: Values, program: string): string {
  switch (values) {
    case 'anything':
      return '-f';
    case 'file':
      return '-F';
    case 'folder':
      return "-f -a '(__fish_complete_directories)'";
    case 'runs':
    case 'topics':
    case 'events':
      return `-f -a '(${program} values ${values} 2>/dev/null)'`;
    default:
      return `-f -a ${quoted(values.join(' '))}`;
  }
}
