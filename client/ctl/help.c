#include "client/ctl/help.h"

#include <ctype.h>

static void print_option(FILE *out, const struct verb_option *option) {
    char left[64];
    snprintf(left, sizeof left, "%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
    fprintf(out, "  %-20s %s\n", left, option->help);
}

void help_all(FILE *out) {
    fputs("pxctl: the command line of pxd, the compute daemon for live line art\n\n"
          "usage: pxctl [OPTION]... VERB ...\n\n",
          out);
    for (size_t i = 0; i < verb_count; i++)
        fprintf(out, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\nOptions of every verb:\n", out);
    for (size_t i = 0; i < common_option_count; i++)
        print_option(out, &common_options[i]);
    fputs("\nA file named - is standard input or output. Exit code: 0 done, 1 failed, 2 usage, 3 no daemon.\n"
          "`pxctl VERB --help` says more.\n",
          out);
}

void help_verb_print(FILE *out, const struct verb *verb) {
    fprintf(out, "usage: pxctl %s%s%s\n\n%c%s.\n", verb->name, *verb->arguments ? " " : "", verb->arguments,
            toupper(verb->summary[0]), verb->summary + 1);
    if (verb->help)
        fprintf(out, "\n%s\n", verb->help);
    if (verb->option_count > 0)
        fputs("\nOptions:\n", out);
    for (size_t i = 0; i < verb->option_count; i++)
        print_option(out, &verb->options[i]);
    fputs("\nOptions of every verb:\n", out);
    for (size_t i = 0; i < common_option_count; i++)
        print_option(out, &common_options[i]);
}
