#include "client/ctl/ctl.h"
#include "client/ctl/file_watch.h"
#include "client/ctl/interrupts.h"
#include "client/ctl/log_text.h"
#include "client/ctl/pictures.h"
#include "client/ctl/program.h"
#include "client/ctl/sketch_file.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"
#include "shared/clock.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
    struct ctl *ctl;
    const char *path;
    char name[PX_SKETCH_NAME_MAX + 1];
    struct file_watch watch;
    int signals;
    pid_t viewer;   /* 0: none */
    bool failing;   /* the last load failed */
    char told[500]; /* the error told last: it comes as an answer, as a notification and in the log */
};

static void say(const struct run *run, const char *key, double ms) {
    if (run->ctl->json)
        printf("{\"event\":\"%s\",\"ms\":%.1f}\n", key, ms);
    else
        printf("%s in %.0f ms\n", key, ms);
    fflush(stdout);
}

static void say_error(struct run *run, const struct px_error *error) {
    if (strcmp(run->told, error->message) == 0)
        return;
    snprintf(run->told, sizeof run->told, "%s", error->message);
    ctl_fail(run->ctl, error);
}

/* ---- begin ------------------------------------------------------------------------------------------------------- */

static int run_connect(struct run *run) {
    struct px_error error;
    int code = ctl_open(run->ctl, &error);
    if (code == PX_E_NOT_FOUND && !run->ctl->url)
        code = program_start_daemon(run->ctl, &error);
    if (code == 0)
        return CTL_DONE;
    ctl_fail(run->ctl, &error);
    if (code != PX_E_NOT_FOUND)
        return CTL_FAILED;
    if (!run->ctl->url)
        ctl_note(run->ctl, "pxd is looked for beside pxctl, then in PATH");
    return CTL_NO_DAEMON;
}

static int run_subscribe(struct run *run) {
    static const char *const topics[] = {"error", "log"};
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "topics");
    px_write_array(&params, 2);
    for (size_t i = 0; i < 2; i++)
        px_write_string(&params, topics[i]);
    int code = ctl_call(run->ctl, "subscribe", &params, &answer);
    answer_free(&answer);
    return code;
}

static void run_focus(struct run *run) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "name");
    px_write_string(&params, run->name);
    ctl_ask(run->ctl, "sketch.focus", &params, &answer, NULL); /* a broken first version has no focus to get */
    answer_free(&answer);
}

static void run_load(struct run *run, const char *done) {
    struct px_error error;
    uint64_t began = px_clock_ns();
    run->told[0] = '\0';
    bool failing = sketch_load(run->ctl, run->path, run->name, &error) < 0;
    if (failing)
        say_error(run, &error);
    else
        say(run, done, (double)(px_clock_ns() - began) / 1e6);
    if (run->failing && !failing)
        run_focus(run);
    run->failing = failing;
}

static void run_view(struct run *run) {
    char path[PATH_MAX];
    struct px_error error;
    if (ctl_option(run->ctl, "--no-view"))
        return;
    pictures_viewer(path);
    char *with[] = {path, (char[]){"--sketch"}, run->name, NULL, NULL, NULL};
    if (run->ctl->url) {
        with[3] = (char[]){"--connect"};
        with[4] = (char *)(uintptr_t)run->ctl->url;
    }
    int code = program_start(with, NULL, &run->viewer, &error);
    if (code == 0)
        return;
    run->viewer = 0;
    if (code == PX_E_NOT_FOUND)
        ctl_note(run->ctl, "pxview is neither beside pxctl nor in PATH, so no window; "
                           "frames are computed while somebody follows");
    else
        ctl_fail(run->ctl, &error);
}

/* ---- what comes -------------------------------------------------------------------------------------------------- */

/* An error concerns us when it names our sketch, or none. */
static void run_tell_error(struct run *run, const struct px_value *value) {
    const struct px_value *sketch = px_value_get(value, "sketch"), *failure = px_value_get(value, "error");
    sketch = sketch ? sketch : px_value_get(value, failure ? "name" : "");
    if (sketch && sketch->type == PX_STR && !px_value_is_string(sketch, run->name))
        return;
    failure = failure && failure->type == PX_MAP ? failure : value;
    char name[32], message[500];
    struct px_error error;
    px_fail(&error, px_error_code_named(value_text(failure, "name", name, sizeof name)), "%s",
            value_text(failure, "message", message, sizeof message));
    say_error(run, &error);
}

static void run_tell_log(const struct run *run, const struct px_value *line) {
    const struct px_value *level = px_value_get(line, "level");
    char text[1024];
    if (run->ctl->json || (!px_value_is_string(level, "warning") && !px_value_is_string(level, "error")))
        return;
    if (!*run->told || !strstr(value_text(line, "text", text, sizeof text), run->told))
        log_text_print(stderr, line);
}

static void run_tell(struct run *run, const struct px_reply *notification) {
    struct px_document document = {0};
    if (px_value_decode(notification->bytes, notification->size, &PX_LIMITS_DEFAULT, &document, NULL) < 0)
        return;
    const struct px_value *topic = &document.root.items[0], *params = &document.root.items[1];
    if (params->type == PX_ARRAY && params->count > 0) {
        if (px_value_is_string(topic, "error"))
            run_tell_error(run, &params->items[0]);
        else if (px_value_is_string(topic, "log"))
            run_tell_log(run, &params->items[0]);
    }
    px_document_free(&document);
}

/* False: the daemon went. */
static bool run_notifications(struct run *run) {
    struct px_reply notification;
    struct px_error error;
    int code;
    while ((code = px_notification(run->ctl->px, 0, &notification, &error)) > 0) {
        run_tell(run, &notification);
        px_reply_free(&notification);
    }
    if (code < 0)
        ctl_fail(run->ctl, &error);
    return code == 0;
}

/* Takes the viewer's end. True: its window was closed. One that failed leaves us without a window. */
static bool run_viewer_ended(struct run *run) {
    int status;
    if (run->viewer <= 0 || waitpid(run->viewer, &status, WNOHANG) != run->viewer)
        return false;
    run->viewer = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    ctl_note(run->ctl, "the viewer failed; the sketch runs on without a window");
    return false;
}

/* True: it is over. */
static bool run_signal(struct run *run) {
    int signal;
    while ((signal = interrupts_take(run->signals)) != 0)
        if (signal != SIGCHLD || run_viewer_ended(run))
            return true;
    return false;
}

static int run_loop(struct run *run) {
    struct pollfd waits[3] = {{.fd = px_fd(run->ctl->px), .events = POLLIN},
                              {.fd = run->watch.fd, .events = POLLIN},
                              {.fd = run->signals, .events = POLLIN}};
    for (;;) {
        int wait_ms;
        if (file_watch_due(&run->watch, px_clock_ns(), &wait_ms))
            run_load(run, "reloaded");
        else
            poll(waits, 3, wait_ms);
        file_watch_take(&run->watch, px_clock_ns());
        if (!run_notifications(run))
            return CTL_FAILED;
        if (run_signal(run))
            return CTL_DONE;
    }
}

static void run_end(struct run *run, int code) {
    if (run->viewer > 0) {
        kill(run->viewer, SIGTERM);
        waitpid(run->viewer, NULL, 0);
    }
    if (code == CTL_DONE)
        sketch_remove(run->ctl, run->name, NULL);
    file_watch_close(&run->watch);
    if (run->signals >= 0)
        close(run->signals);
}

static int run_run(struct ctl *ctl) {
    struct run run = {.ctl = ctl, .path = ctl->arguments[0], .watch.fd = -1, .signals = -1};
    const char *name = ctl_option(ctl, "--name");
    struct px_error error;
    if (access(run.path, R_OK) != 0) {
        ctl_note(ctl, "%s cannot be read; `pxctl new NAME` writes a sketch to begin with", run.path);
        return CTL_FAILED;
    }
    if (sketch_name(name ? name : run.path, run.name, &error) < 0)
        return ctl_fail(ctl, &error);
    if (ctl->url && !ctl_is_local(ctl))
        return ctl_usage(ctl, "run works with a daemon of this machine: %s is not", ctl->url);
    int code = run_connect(&run);
    if (code == CTL_DONE)
        code = run_subscribe(&run);
    if (code != CTL_DONE)
        return code;
    run.signals = interrupts_open();
    if (file_watch_open(run.path, &run.watch, &error) < 0)
        code = ctl_fail(ctl, &error);
    if (code == CTL_DONE) {
        run_load(&run, "loaded");
        run_focus(&run);
        run_view(&run);
        code = run_loop(&run);
    }
    run_end(&run, code);
    return code;
}

static const struct verb_option options[] = {
    {"--no-view", NULL, "open no window"},
    {"--name", "NAME", "the sketch's name at the daemon (default: the file's)"},
};

const struct verb run_verb = {
    .name = "run",
    .arguments = "SKETCH [--no-view] [--name NAME]",
    .summary = "load a sketch and show it; saving the file reloads it",
    .help =
        "SKETCH is a .lua file, or a plan as .json. Without a daemon one is started, which ends with its last client;\n"
        "its log is pxd.log in the state directory. After an error the last good version runs on. Ctrl-C, or closing\n"
        "the window, removes the sketch.",
    .least = 1,
    .most = 1,
    VERB_OPTIONS(options),
    .run = run_run,
};
