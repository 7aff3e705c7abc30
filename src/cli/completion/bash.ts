import { KNOWN_VALUES, type CompletedCommand, type Values } from './tree.ts';

/** A word that the shell takes as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A case statement on the command that the words so far have led to, and what else is asked for. */
export function caseLines(
  cases: readonly (readonly [when: string, then: string, andMore?: boolean])[],
): string {
  return cases
    .map(
      ([when, then, andMore]) =>
        `        ${quoted(when)}${andMore === true ? '*' : ''}) ${then} ;;`,
    )
    .join('\n');
}

/** What the functions that zsh and bash share say of a place: kind, and words where they are known. */
function assignment(values: Values): string {
  return typeof values === 'string'
    ? `kind=${values}`
    : `kind=words; choices=${quoted(values.join(' '))}`;
}

/** Shell functions with what the program knows: which words follow which command, and what options take. */
export function tables(program: string, commands: readonly CompletedCommand[]): string {
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, values, isVariadic }) =>
      values === undefined
        ? []
        : names.map((name): [string, string] => [
            `${path}|${name}`,
            `${assignment(values)}; repeated=${isVariadic ? 'yes' : ''}`,
          ]),
    ),
  );
  const positional = commands.flatMap(({ path, arguments: all }) =>
    all.map(({ values, isVariadic }, index): [string, string, boolean] =>
      isVariadic
        ? [`${path}|`, assignment(values), true]
        : [`${path}|${index}`, assignment(values), false],
    ),
  );
  const known = commands.map(({ path }): [string, string] => [path, 'return 0']);
  return `# Whether these words are a command.
_${program}_is_command() {
    case "$1" in
${caseLines(known)}
    esac
    return 1
}

# What the option $2 of the command $1 takes; fails for a switch.
_${program}_option() {
    repeated='' choices=''
    case "$1|$2" in
${caseLines(valued)}
        *) return 1 ;;
    esac
}

# What the argument number $2 of the command $1 may be.
_${program}_argument() {
    kind='' choices=''
    case "$1|$2" in
${caseLines(positional)}
    esac
}
`;
}

/**
 * Goes through the words before the cursor, in bash or zsh: sets `at`, the command they have led to, `place`, the number
 * of the argument that comes next, and `pending`, the option whose value comes next.
 */
export function walk(program: string, words: string): string {
  return `    for word in ${words}; do
        case "$word" in
            =) continue ;;
            -?*)
                pending=''
                if [[ $word != *=* ]] && _${program}_option "$at" "$word"; then pending=$word; fi
                continue
                ;;
        esac
        if [[ -n $pending ]]; then
            _${program}_option "$at" "$pending"
            if [[ -z $repeated ]]; then pending=''; fi
        elif _${program}_is_command "\${at:+$at }$word"; then
            at="\${at:+$at }$word"
        else
            place=$((place + 1))
        fi
    done`;
}

/** The completion for bash, 3.2 or later; it needs no other package. */
export function bashScript(program: string, commands: readonly CompletedCommand[]): string {
  const listed = commands.map(({ path, children, options }): [string, string] => [
    path,
    `children=${quoted(children.map(({ name }) => name).join(' '))}; options=${quoted(
      options.flatMap(({ names }) => names.slice(-1)).join(' '),
    )}`,
  ]);
  return `# bash completion for ${program}
${tables(program, commands)}
_${program}() {
    local cur="\${COMP_WORDS[COMP_CWORD]}" at='' pending='' place=0 word kind='' choices='' repeated=''
    local children='' options='' last=COMP_CWORD-1
    # bash makes words of --output, = and json.
    if [[ $cur == = ]]; then cur=''; fi
${walk(program, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
    case "$at" in
${caseLines(listed)}
    esac
    if [[ -n $pending && $cur != -* ]]; then
        _${program}_option "$at" "$pending"
    elif [[ $cur == -* ]]; then
        kind=words choices=$options
    else
        _${program}_argument "$at" "$place"
        if [[ $place == 0 && -n $children ]]; then kind=words choices=$children; fi
    fi
    COMPREPLY=()
    case "$kind" in
        words) COMPREPLY=($(compgen -W "$choices" -- "$cur")) ;;
        ${KNOWN_VALUES.join(' | ')})
            # An option without its value would be an error.
            if [[ -n $pending ]]; then last=COMP_CWORD-2; fi
            choices=$("\${COMP_WORDS[0]}" values "$kind" "\${COMP_WORDS[@]:1:last}" 2>/dev/null)
            COMPREPLY=($(compgen -W "$choices" -- "$cur"))
            ;;
        file | folder)
            compopt -o filenames 2>/dev/null
            local IFS=$'\\n'
            if [[ $kind == file ]]; then
                COMPREPLY=($(compgen -f -- "$cur"))
            else
                COMPREPLY=($(compgen -d -- "$cur"))
            fi
            ;;
    esac
}
complete -F _${program} ${program}
`;
}
