#compdef medallion
_medallion() {
    local -a found values
    found=("${(@f)$("${words[1]}" values -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    values=("${(@)found%%$'\t'*}")
    case "${found[1]}" in
        :file | :folder)
            compset -P '--*='
            if [[ ${found[1]} == :file ]]; then _files; else _files -/; fi
            ;;
        ?*) compadd -l -d found -a values ;;
    esac
}
if [[ $funcstack[1] == _medallion ]]; then
    _medallion "$@"
else
    compdef _medallion medallion
fi
