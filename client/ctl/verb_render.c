#include "client/ctl/ctl.h"
#include "client/ctl/file.h"
#include "client/ctl/interrupts.h"
#include "client/ctl/job.h"
#include "client/ctl/pictures.h"
#include "client/ctl/sketch_file.h"
#include "client/ctl/verbs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RENDER_AHEAD = 4, RENDER_FRAMES_MAX = 1000000 }; /* jobs at the daemon while one is written */

struct render {
    struct ctl *ctl;
    struct job_order order;
    const char *directory;
    long first, end; /* end is not rendered */
    double fps;
    int signals;
};

/* "A:B": frames A to B-1; "A" is one frame. */
static bool frames_read(const char *text, long *first, long *end) {
    char *after;
    errno = 0;
    *first = strtol(text, &after, 10);
    if (after == text || *first < 0)
        return false;
    *end = *first + 1;
    if (*after == ':') {
        const char *from = after + 1;
        *end = strtol(from, &after, 10);
        if (after == from)
            return false;
    }
    return errno == 0 && *after == '\0' && *end > *first && *end <= RENDER_FRAMES_MAX;
}

static int render_start(struct render *render, long frame, uint64_t *id, struct px_error *error) {
    render->order.t = (double)frame / render->fps;
    return job_start(render->ctl, &render->order, id, error);
}

static int render_write(struct render *render, long frame, uint64_t id, struct px_error *error) {
    char path[PATH_MAX];
    struct answer answer;
    const void *bytes;
    size_t size;
    int code = job_finish(render->ctl, id, &answer, &bytes, &size, error);
    if (code == 0) {
        snprintf(path, sizeof path, "%s/%06ld.%s", render->directory, frame, render->order.format);
        code = file_write(path, bytes, size, error);
    }
    answer_free(&answer);
    return code;
}

static void render_progress(const struct render *render, long frame) {
    long done = frame - render->first + 1, all = render->end - render->first;
    if (render->ctl->json || (!isatty(STDERR_FILENO) && done != all))
        return;
    fprintf(stderr, "%s%ld of %ld frames%s", isatty(STDERR_FILENO) ? "\r" : "", done, all, done == all ? "\n" : "");
}

/* A few jobs are ahead of the one that is written, so that the workers do not wait for our disk. */
static int render_all(struct render *render, struct px_error *error) {
    uint64_t ids[RENDER_AHEAD];
    long started = render->first, written = render->first;
    int code = 0;
    while (code == 0 && written < render->end) {
        while (code == 0 && started < render->end && started - written < RENDER_AHEAD) {
            code = render_start(render, started, &ids[started % RENDER_AHEAD], error);
            started += code == 0;
        }
        if (code == 0)
            code = render_write(render, written, ids[written % RENDER_AHEAD], error);
        if (code == 0)
            render_progress(render, written++);
        int got = interrupts_take(render->signals);
        if (code == 0 && got != 0 && got != SIGCHLD)
            code = px_fail(error, PX_E_CANCELLED, "stopped after %ld of %ld frames", written - render->first,
                           render->end - render->first);
    }
    for (; code < 0 && written < started; written++)
        job_cancel(render->ctl, ids[written % RENDER_AHEAD]);
    return code;
}

static int make_directory(const char *path, struct px_error *error) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    return px_fail(error, PX_E_IO, "%s: %s", path, strerror(errno));
}

static int render_read(struct ctl *ctl, struct render *render) {
    const char *format = ctl_option(ctl, "--format"), *frames = ctl_option(ctl, "--frames");
    render->directory = ctl_option(ctl, "--out");
    render->order = (struct job_order){.format = format ? format : "svg", .options = ctl_option(ctl, "--options")};
    if (!frames || !frames_read(frames, &render->first, &render->end))
        return ctl_usage(ctl, "--frames wants A:B, frames A to B-1, with 0 <= A < B <= %d", RENDER_FRAMES_MAX);
    if (!ctl_number(ctl, "--fps", 60, &render->fps))
        return CTL_USAGE;
    if (render->fps <= 0 || render->fps > 100000)
        return ctl_usage(ctl, "--fps wants a number above 0");
    if (!render->directory)
        return ctl_usage(ctl, "--out DIR is missing");
    return CTL_DONE;
}

/* The daemon's files come by jobs, PNGs from pxview. An exit code. */
static int render_sketch(struct render *render, const struct sketch *sketch) {
    if (strcmp(render->order.format, "png") == 0)
        return pictures_render(render->ctl, sketch->name, render->first, render->end, render->fps, render->directory);
    struct px_error error;
    render->order.sketch = sketch->name;
    render->signals = interrupts_open();
    int code = render_all(render, &error);
    close(render->signals);
    return code < 0 ? ctl_fail(render->ctl, &error) : CTL_DONE;
}

static int render_run(struct ctl *ctl) {
    struct render render = {.ctl = ctl};
    struct sketch sketch;
    struct px_error error;
    int code = render_read(ctl, &render);
    if (code != CTL_DONE)
        return code;
    if (job_format(render.order.format, &error) < 0 || make_directory(render.directory, &error) < 0)
        return ctl_fail(ctl, &error);
    code = ctl_connect(ctl);
    if (code != CTL_DONE)
        return code;
    code = sketch_open(ctl, ctl->arguments[0], &sketch, &error);
    if (code < 0)
        return ctl_fail(ctl, &error);
    code = render_sketch(&render, &sketch);
    sketch_close(ctl, &sketch);
    return code;
}

static const struct verb_option options[] = {
    {"--frames", "A:B", "frames A to B-1; frame n is at t = n / fps"},
    {"--fps", "F", "frames a second (default 60)"},
    {"--out", "DIR", "where the files NNNNNN.<format> go; made if it is not there"},
    {"--format", "FORMAT", "svg (default), hpgl, gcode, pxc, or png (drawn by pxview)"},
    {"--options", "JSON", "options of the format, as `pxctl describe export.start` has them"},
};

const struct verb render_verb = {
    .name = "render",
    .arguments = "SKETCH --frames A:B --out DIR [--fps F] [--format FORMAT]",
    .summary = "write a sketch's frames as files, every one, in order",
    .help = "SKETCH is the name of a loaded sketch, or a .lua or .json file. What is shown live goes on undisturbed.",
    .least = 1,
    .most = 1,
    VERB_OPTIONS(options),
    .run = render_run,
};
