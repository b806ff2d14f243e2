#include "client/ctl/completion.h"

#include "client/ctl/verb.h"

#include <string.h>

static void print_options(FILE *out, const struct verb_option *options, size_t count) {
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", options[i].name);
}

static void print_verbs(FILE *out) {
    for (size_t i = 0; i < verb_count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", verbs[i]->name);
}

/* Options whose value is to be typed: no verb stands there. */
static void print_valued(FILE *out) {
    for (size_t i = 0, count = 0; i < common_option_count; i++)
        if (common_options[i].value)
            fprintf(out, "%s%s", count++ > 0 ? "|" : "", common_options[i].name);
}

void completion_bash(FILE *out) {
    fputs("# bash completion of pxctl: written by `pxctl completion bash`\n"
          "_pxctl() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} verb= own= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        ",
          out);
    print_valued(out);
    fputs(") ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *) verb=${COMP_WORDS[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    case $verb in\n",
          out);
    for (size_t i = 0; i < verb_count; i++) {
        if (verbs[i]->option_count == 0)
            continue;
        fprintf(out, "    %s) own=\"", verbs[i]->name);
        print_options(out, verbs[i]->options, verbs[i]->option_count);
        fputs("\" ;;\n", out);
    }
    fputs("    esac\n"
          "    if [[ $current == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$own ",
          out);
    print_options(out, common_options, common_option_count);
    fputs("\" -- \"$current\"))\n"
          "    elif [[ -z $verb || $verb == help ]]; then\n"
          "        COMPREPLY=($(compgen -W \"",
          out);
    print_verbs(out);
    fputs("\" -- \"$current\"))\n"
          "    elif [[ $verb == completion ]]; then\n"
          "        COMPREPLY=($(compgen -W \"bash zsh\" -- \"$current\"))\n"
          "    else\n"
          "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _pxctl pxctl\n",
          out);
}

void completion_zsh(FILE *out) {
    fputs("autoload -U +X bashcompinit && bashcompinit\n", out);
    completion_bash(out);
}
