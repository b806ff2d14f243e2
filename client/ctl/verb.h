/* verb.h: one word of pxctl's command line as data: from the table come dispatch, checks, help and completion.
 */
#ifndef CLIENT_CTL_VERB_H
#define CLIENT_CTL_VERB_H

#include <stddef.h>

struct ctl;

struct verb_option {
    const char *name;  /* "--frames" */
    const char *value; /* "A:B"; NULL: a flag */
    const char *help;
};

struct verb {
    const char *name;
    const char *arguments; /* "SKETCH", "[NAME]" */
    const char *summary;   /* one line */
    const char *help;      /* more lines, or NULL */
    size_t least, most;    /* arguments beside options */
    const struct verb_option *options;
    size_t option_count;
    int (*run)(struct ctl *ctl); /* gives the exit code */
};

#define VERB_OPTIONS(table) .options = table, .option_count = sizeof(table) / sizeof(table)[0]

/* All verbs, in the order of the help. */
extern const struct verb *const verbs[];
extern const size_t verb_count;
const struct verb *verb_named(const char *name); /* NULL: none */

/* Options that every verb takes. */
extern const struct verb_option common_options[];
extern const size_t common_option_count;

#endif
