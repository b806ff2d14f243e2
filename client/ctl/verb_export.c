#include "client/ctl/ctl.h"
#include "client/ctl/file.h"
#include "client/ctl/job.h"
#include "client/ctl/pictures.h"
#include "client/ctl/sketch_file.h"
#include "client/ctl/verbs.h"

#include <stdio.h>
#include <string.h>

static int export_to(struct ctl *ctl, const struct job_order *order, const char *path, struct px_error *error) {
    uint64_t id;
    struct answer answer = {0};
    const void *bytes;
    size_t size;
    int code = job_start(ctl, order, &id, error);
    if (code == 0)
        code = job_finish(ctl, id, &answer, &bytes, &size, error);
    if (code == 0)
        code = file_write(path, bytes, size, error);
    answer_free(&answer);
    return code;
}

/* The daemon's files come by a job, a PNG from pxview. An exit code. */
static int export_sketch(struct ctl *ctl, struct job_order *order, const struct sketch *sketch, const char *path) {
    struct px_error error;
    if (strcmp(order->format, "png") == 0)
        return strcmp(path, "-") == 0 ? ctl_usage(ctl, "--out wants a file for a PNG")
                                      : pictures_write(ctl, sketch->name, order->t, path);
    order->sketch = sketch->name;
    return export_to(ctl, order, path, &error) < 0 ? ctl_fail(ctl, &error) : CTL_DONE;
}

static int export_run(struct ctl *ctl) {
    const char *format = ctl_option(ctl, "--format"), *out = ctl_option(ctl, "--out");
    struct job_order order = {.format = format ? format : "svg", .options = ctl_option(ctl, "--options")};
    struct px_error error;
    char path[PX_SKETCH_NAME_MAX + 16];
    if (!ctl_number(ctl, "--t", 0, &order.t))
        return CTL_USAGE;
    if (job_format(order.format, &error) < 0)
        return ctl_fail(ctl, &error);
    int code = ctl_connect(ctl);
    if (code != CTL_DONE)
        return code;
    struct sketch sketch;
    code = sketch_open(ctl, ctl->arguments[0], &sketch, &error);
    if (code < 0)
        return ctl_fail(ctl, &error);
    snprintf(path, sizeof path, "%s.%s", sketch.title, order.format);
    out = out ? out : path;
    code = export_sketch(ctl, &order, &sketch, out);
    sketch_close(ctl, &sketch);
    if (code == CTL_DONE && strcmp(out, "-") != 0)
        ctl_note(ctl, "wrote %s", out);
    return code;
}

static const struct verb_option options[] = {
    {"--t", "SECONDS", "the sketch's time (default 0)"},
    {"--format", "FORMAT", "svg (default), hpgl, gcode, pxc, or png (drawn by pxview)"},
    {"--out", "FILE", "default: the sketch's name; - : standard output"},
    {"--options", "JSON", "options of the format, as `pxctl describe export.start` has them"},
};

const struct verb export_verb = {
    .name = "export",
    .arguments = "SKETCH [--t SECONDS] [--format FORMAT] [--out FILE]",
    .summary = "write one moment of a sketch as a plotter's file",
    .help = "SKETCH is the name of a loaded sketch, or a .lua or .json file.",
    .least = 1,
    .most = 1,
    VERB_OPTIONS(options),
    .run = export_run,
};
