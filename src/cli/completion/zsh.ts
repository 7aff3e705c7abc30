import { caseLines, quoted, tables, walk } from './bash.ts';
import { KNOWN_VALUES, type CompletedCommand } from './tree.ts';

/** The completion for zsh, to be sourced after compinit or put into a folder of fpath as _medallion. */
export function zshScript(program: string, commands: readonly CompletedCommand[]): string {
  const described = (name: string, about: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${about.replaceAll('\n', ' ')}`);
  const listed = commands.map(({ path, children, options }): [string, string] => {
    const names = children.map(({ name, about }) => described(name, about));
    const flags = options.flatMap((option) =>
      option.names.map((name) => described(name, option.about)),
    );
    return [path, `children=(${names.join(' ')}); options=(${flags.join(' ')})`];
  });
  return `#compdef ${program}
${tables(program, commands)}
_${program}() {
    local at='' pending='' place=0 word kind='' choices='' repeated=''
    local -a children options line
${walk(program, '"${(@)words[2,CURRENT-1]}"')}
    case "$at" in
${caseLines(listed)}
    esac
    # A value behind its option: --output=json.
    if [[ $PREFIX == --*=* ]] && _${program}_option "$at" "\${PREFIX%%=*}"; then
        compset -P '*='
    elif [[ -n $pending && $PREFIX != -* ]]; then
        _${program}_option "$at" "$pending"
    elif [[ $PREFIX == -* ]]; then
        _describe option options
        return
    elif [[ $place == 0 && \${#children} != 0 ]]; then
        _describe command children
        return
    else
        _${program}_argument "$at" "$place"
    fi
    case "$kind" in
        words) compadd -- \${=choices} ;;
        file) _files ;;
        folder) _files -/ ;;
        ${KNOWN_VALUES.join(' | ')})
            line=("\${(@)words[2,CURRENT-1]}")
            # An option without its value would be an error.
            if [[ -n $pending && $PREFIX != --*=* ]]; then line[-1]=(); fi
            compadd -- \${(f)"$("\${words[1]}" values "$kind" "\${(@)line}" 2>/dev/null)"}
            ;;
    esac
}
if [[ $funcstack[1] == _${program} ]]; then
    _${program} "$@"
else
    compdef _${program} ${program}
fi
`;
}
