# bash completion for medallion
_medallion() {
    local IFS=$'\n' cur="${COMP_WORDS[COMP_CWORD]}" found
    if [[ $cur == = ]]; then cur=''; fi
    found=$("${COMP_WORDS[0]}" values -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$cur" 2>/dev/null)
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
            COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
            ;;
    esac
}
complete -F _medallion medallion
