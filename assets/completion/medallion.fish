# fish completion for medallion
function __medallion_values
    set -l tokens (commandline -opc)
    set -l found ($tokens[1] values -- $tokens[2..-1] (commandline -ct) 2>/dev/null)
    switch "$found[1]"
        case :file
            __fish_complete_path (commandline -ct)
        case :folder
            __fish_complete_directories (commandline -ct)
        case '?*'
            printf '%s\n' $found
    end
end
complete -c medallion -f -a '(__medallion_values)'
