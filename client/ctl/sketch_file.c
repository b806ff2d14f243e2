#include "client/ctl/sketch_file.h"

#include "client/ctl/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static bool is_plan(const char *path) {
    return ends_with(path, ".json");
}

bool sketch_is_file(const char *argument) {
    return strchr(argument, '/') || ends_with(argument, ".lua") || is_plan(argument);
}

int sketch_name(const char *path, char name[PX_SKETCH_NAME_MAX + 1], struct px_error *error) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t length = ends_with(base, ".lua") ? strlen(base) - 4 : is_plan(base) ? strlen(base) - 5 : strlen(base);
    if (length == 0 || length > PX_SKETCH_NAME_MAX)
        return px_fail(error, PX_E_RANGE, "%s: the name of a sketch has 1 to %d bytes", path, PX_SKETCH_NAME_MAX);
    memcpy(name, base, length);
    name[length] = '\0';
    return 0;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static int load_text(struct ctl *ctl, const char *name, const char *key, const char *text, size_t size,
                     struct px_error *error) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    px_key(&params, "name");
    px_write_string(&params, name);
    px_key(&params, key);
    px_write_text(&params, text, size);
    int code = ctl_ask(ctl, "sketch.load", &params, &answer, error);
    answer_free(&answer);
    return code;
}

static int load_plan(struct ctl *ctl, const char *path, const char *name, struct px_error *error) {
    char *json;
    size_t size;
    struct px_reply plan = {0};
    int code = file_read(path, &json, &size, error);
    if (code < 0)
        return code;
    code = px_from_json(json, size, &plan, error);
    free(json);
    if (code < 0)
        return code;
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    px_key(&params, "name");
    px_write_string(&params, name);
    px_key(&params, "plan");
    px_write_raw(&params, plan.bytes, plan.size);
    px_reply_free(&plan);
    code = ctl_ask(ctl, "sketch.set", &params, &answer, error);
    answer_free(&answer);
    return code;
}

/* Whether the daemon did not get at the file, which says nothing about the sketch. */
static bool path_was_refused(int code) {
    return code == PX_E_ACCESS || code == PX_E_IO || code == PX_E_NOT_FOUND;
}

int sketch_load(struct ctl *ctl, const char *path, const char *name, struct px_error *error) {
    if (is_plan(path))
        return load_plan(ctl, path, name, error);
    char full[PATH_MAX];
    if (ctl_is_local(ctl) && realpath(path, full)) {
        int code = load_text(ctl, name, "path", full, strlen(full), error);
        if (!path_was_refused(code))
            return code;
    }
    char *source;
    size_t size;
    int code = file_read(path, &source, &size, error);
    if (code < 0)
        return code;
    code = load_text(ctl, name, "source", source, size, error);
    free(source);
    return code;
}

int sketch_remove(struct ctl *ctl, const char *name, struct px_error *error) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "name");
    px_write_string(&params, name);
    int code = ctl_ask(ctl, "sketch.remove", &params, &answer, error);
    answer_free(&answer);
    return code;
}

/* ---- for a while ------------------------------------------------------------------------------------------------- */

int sketch_open(struct ctl *ctl, const char *argument, struct sketch *sketch, struct px_error *error) {
    *sketch = (struct sketch){0};
    int code = sketch_name(argument, sketch->title, error);
    if (code < 0)
        return code;
    if (!sketch_is_file(argument)) {
        strcpy(sketch->name, sketch->title);
        return 0;
    }
    snprintf(sketch->name, sizeof sketch->name, "pxctl-%ld", (long)getpid());
    code = sketch_load(ctl, argument, sketch->name, error);
    sketch->loaded = code == 0;
    return code;
}

void sketch_close(struct ctl *ctl, const struct sketch *sketch) {
    if (sketch->loaded)
        sketch_remove(ctl, sketch->name, NULL);
}
