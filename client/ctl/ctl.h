/* ctl.h: one run of pxctl: its command line as read, its connection, and how a verb says that something went wrong.
 *
 * Errors   exit codes: a verb returns one of them. Messages go to standard error, results to standard output.
 */
#ifndef CLIENT_CTL_CTL_H
#define CLIENT_CTL_CTL_H

#include "client/ctl/verb.h"
#include "proto/writer.h"
#include "px/px.h"

enum ctl_exit { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NO_DAEMON = 3 };
enum { CTL_OPTIONS_MAX = 16, CTL_ARGUMENTS_MAX = 256, CTL_TIMEOUT_MS = 30000 };

struct ctl {
    const struct verb *verb;
    const char *url; /* NULL: look for a daemon */
    const char *token_file;
    char token[512]; /* "": none */
    bool json;
    bool help, version;
    int timeout_ms;
    const char *options[CTL_OPTIONS_MAX]; /* value of each option of the verb; NULL: not given; a flag: "" */
    const char *arguments[CTL_ARGUMENTS_MAX];
    size_t argument_count;
    struct px *px; /* NULL until ctl_connect */
};

/* ctl_read: the command line, against the verb's table; prints what is wrong. CTL_DONE or CTL_USAGE. */
int ctl_read(struct ctl *ctl, int argc, char **argv);

/* ctl_option: value of an option of this verb; NULL: not given. */
const char *ctl_option(const struct ctl *ctl, const char *name);

/* ctl_number: an option as a number; fallback when not given. False (and said) when it is none. */
bool ctl_number(const struct ctl *ctl, const char *name, double fallback, double *number);

/* ctl_number_read: a whole text as a finite number, always with a point. */
bool ctl_number_read(const char *text, double *number);

/* ---- the daemon -------------------------------------------------------------------------------------------------- */

/* What came back, decoded. */
struct answer {
    struct px_reply reply;
    struct px_document document;
};
void answer_free(struct answer *answer); /* zeroed is fine */

/* ctl_open: connects, or says in `error` why not. ctl_connect: the same, said to the user; gives an exit code. */
int ctl_open(struct ctl *ctl, struct px_error *error);
int ctl_connect(struct ctl *ctl);
void ctl_close(struct ctl *ctl);
bool ctl_is_local(const struct ctl *ctl); /* by its URL */

/* ctl_directory: the runtime directory for a follower; NULL: look for it. False (and said) for a remote URL. */
bool ctl_directory(const struct ctl *ctl, const char **directory);

/* ctl_ask: a call whose error the verb decides on. params: a writer with one map (freed), NULL: none. */
int ctl_ask(struct ctl *ctl, const char *method, struct px_writer *params, struct answer *answer,
            struct px_error *error);

/* ctl_call: the same; an error is said and becomes an exit code. */
int ctl_call(struct ctl *ctl, const char *method, struct px_writer *params, struct answer *answer);

/* ---- output ------------------------------------------------------------------------------------------------------ */

int ctl_fail(const struct ctl *ctl, const struct px_error *error);
__attribute__((format(printf, 2, 3))) int ctl_usage(const struct ctl *ctl, const char *format, ...);
__attribute__((format(printf, 2, 3))) void ctl_note(const struct ctl *ctl, const char *format, ...);

/* ctl_print: MessagePack as JSON on standard output: indented, or one line with --json. */
int ctl_print(const struct ctl *ctl, const void *bytes, size_t size);
int ctl_print_value(const struct ctl *ctl, const struct px_value *value);

#endif
