/* control.h: calls to the daemon on a thread of their own, so that drawing never waits for an answer.
 *
 *     main: control_send -> ring -> control thread: px_call -> outcome -> wake(); main: control_state
 *
 * The thread also keeps a connection that subscribes to errors and sketch events, and asks how the daemon and the
 * sketch fare when it comes up. Limits   CONTROL_QUEUE commands wait; further ones are refused (the caller shows it).
 * Threads  main for all but wake, which is called on the control thread.
 */
#ifndef VIEW_CONTROL_H
#define VIEW_CONTROL_H

#include "shared/error.h"

#include <stdbool.h>

enum { CONTROL_QUEUE = 32, CONTROL_TEXT = 512 };

enum control_command {
    CONTROL_PAUSE_TOGGLE, /* clock.set playing */
    CONTROL_STEP,         /* clock.step by .number frames */
    CONTROL_SEED,         /* param.set seed = .number */
    CONTROL_SVG,          /* export.start at .t, written to .path here */
};

struct control_request {
    enum control_command command;
    double number, t;
    char sketch[64];
    char path[256];
};

/* What the display shows of it. */
struct control_state {
    bool connected;
    bool playing;
    int workers;
    char mode[32], version[32];
    char error[CONTROL_TEXT];   /* the sketch's last error; empty: none */
    char outcome[CONTROL_TEXT]; /* of the last command that has one to show */
    unsigned outcome_number;    /* grows with each */
};

struct control;

/* sketch: NULL: the focused one. */
int control_create(const char *directory, const char *sketch, void (*wake)(void *argument), void *argument,
                   struct control **control, struct px_error *error);
void control_destroy(struct control *control); /* NULL is fine; waits for the call under way, 2 s at most */
bool control_send(struct control *control, const struct control_request *request);
struct control_state control_state(struct control *control);

#endif
