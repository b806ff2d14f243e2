#include "daemon/host/setting.h"

#include "shared/geometry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_choices[] = {"auto", "threads", "fork", "mixed", NULL};
static const char *const log_level_choices[] = {"error", "warning", "info", "debug", NULL};
static const char *const url_schemes[] = {"tcp://", "tls+tcp://", "ws://", "wss://", "ipc://", NULL};

#define AT(field)                 .at = offsetof(struct config, field)
#define PLACE(field)              AT(field), .size = sizeof(((struct config *)NULL)->field)
#define LIST(field, count, limit) AT(field), .count_at = offsetof(struct config, count), .max = (limit)

const struct setting settings[] = {
    {"mode", "--mode", NULL, SETTING_MODE, AT(mode), .choices = mode_choices, .value = "MODE",
     .help = "Where kernels run: auto, threads, fork (a process each) or mixed. PXD_FORCE_MP=1 means fork, "
             "PXD_FREE_THREADED=1 threads."},
    {"workers", "--workers", "PXD_WORKERS", SETTING_NUMBER, AT(workers), .min = 1, .max = 256, .value = "N",
     .help = "Threads or processes that compute; default: the processors this process may use, less one."},
    {"listen", "--listen", "PXD_LISTEN", SETTING_URLS, LIST(listen, listen_count, CONFIG_LISTEN_MAX), .value = "URL",
     .help = "A further address to serve: tcp://, tls+tcp://, ws:// or wss://. May be given again."},
    {NULL, "--config", NULL, SETTING_TEXT, AT(config_file), .value = "FILE",
     .help = "Settings; default: $XDG_CONFIG_HOME/pxd/pxd.conf, else /etc/pxd/pxd.conf."},
    {"sketch", "", NULL, SETTING_TEXTS, LIST(sketches, sketch_count, CONFIG_SKETCHES_MAX), .value = "SKETCH",
     .help = "A Lua sketch to load at the start. May be given again."},
    {NULL, NULL, "PXD_RUNTIME_DIR", SETTING_PATH, PLACE(runtime_dir),
     .help = "Where the sockets are; default: $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/pxd or /tmp/pxd-<uid>."},
    {NULL, NULL, "PXD_STATE_DIR", SETTING_PATH, PLACE(state_dir),
     .help = "What outlives a restart; default: $STATE_DIRECTORY, $XDG_STATE_HOME/pxd or ~/.local/state/pxd."},
    {"export_dir", NULL, "PXD_EXPORT_DIR", SETTING_ABSOLUTE, PLACE(export_dir),
     .help = "The directory below which others than this user may name files; default: none."},
    {"control_group", NULL, "PXD_CONTROL_GROUP", SETTING_PATH, PLACE(control_group),
     .help = "The group whose members may control this daemon as its own user may; default: none."},
    {"log_level", NULL, "PXD_LOG_LEVEL", SETTING_CHOICE, AT(log_level), .def = 2, .choices = log_level_choices,
     .help = "What is logged: error, warning, info or debug."},
    {"slab_mb", NULL, "PXD_SLAB_MB", SETTING_MEGABYTES, AT(slab_budget_bytes), .def = 1024, .min = 64, .max = 1 << 20,
     .help = "Shared memory for all geometry, in MB."},
    {"cache_mb", NULL, "PXD_CACHE_MB", SETTING_MEGABYTES, AT(cache_budget_bytes), .def = 512, .min = 1, .max = 1 << 20,
     .help = "The part of it that the cache may keep, in MB."},
    {"vertices_max", NULL, "PXD_VERTICES_MAX", SETTING_COUNT, AT(vertices_max), .def = 16 * 1024 * 1024, .min = 1000,
     .max = PX_GEOMETRY_VERTICES_MAX, .help = "Vertices of one geometry."},
    {"message_max_mb", NULL, "PXD_MESSAGE_MAX_MB", SETTING_MEGABYTES, AT(message_max_bytes), .def = 64, .min = 1,
     .max = 1024, .help = "One request, in MB."},
    {"connections_max", NULL, "PXD_CONNECTIONS_MAX", SETTING_COUNT, AT(connections_max), .def = 64, .min = 1,
     .max = 4096, .help = "Local connections at one time."},
    {"requests_max", NULL, "PXD_REQUESTS_MAX", SETTING_COUNT, AT(requests_max), .def = 64, .min = 1, .max = 4096,
     .help = "Requests of one connection that wait for their answers."},
    {"queue_max_mb", NULL, "PXD_QUEUE_MAX_MB", SETTING_MEGABYTES, AT(queue_max_bytes), .def = 64, .min = 1, .max = 4096,
     .help = "Answers that wait for one client to read them, in MB."},
    {"sketch_memory_mb", NULL, "PXD_SKETCH_MEMORY_MB", SETTING_MEGABYTES, AT(sketch_memory_bytes), .def = 256,
     .min = 16, .max = 1 << 16, .help = "Memory of one sketch process, in MB."},
    {"sketch_time_ms", NULL, "PXD_SKETCH_TIME_MS", SETTING_NUMBER, AT(sketch_time_ms), .def = 1000, .min = 1,
     .max = 600000, .help = "Time of one draw or load of a sketch, in ms."},
    {"frames_in_flight", NULL, "PXD_FRAMES_IN_FLIGHT", SETTING_NUMBER, AT(frames_in_flight), .def = 3, .min = 1,
     .max = 16, .help = "Frames of one sketch that are being made at one time."},
    {NULL, "--end-with-last-client", NULL, SETTING_SWITCH, AT(end_with_last_client),
     .help = "End when the last client has gone."},
    {NULL, "--help", NULL, SETTING_SWITCH, AT(help), .help = "This text."},
    {NULL, "--version", NULL, SETTING_SWITCH, AT(version), .help = "The version."},
};
const size_t setting_count = sizeof(settings) / sizeof(settings[0]);
_Static_assert(sizeof(settings) / sizeof(settings[0]) <= SETTINGS_MAX, "the table has room");

static void *place(const struct setting *setting, struct config *config) {
    return (unsigned char *)config + setting->at;
}

static size_t *list_count(const struct setting *setting, struct config *config) {
    return (size_t *)(void *)((unsigned char *)config + setting->count_at);
}

const struct setting *setting_of_option(const char *option) {
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].option && strcmp(settings[i].option, option) == 0)
            return &settings[i];
    return NULL;
}

const struct setting *setting_of_name(const char *name) {
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].name && strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

bool setting_is_list(const struct setting *setting) {
    return setting->type == SETTING_URLS || setting->type == SETTING_TEXTS;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static void assign_number(const struct setting *setting, struct config *config, int64_t number) {
    void *at = place(setting, config);
    if (setting->type == SETTING_NUMBER)
        *(int *)at = (int)number;
    else
        *(size_t *)at = (size_t)number * (setting->type == SETTING_MEGABYTES ? 1024 * 1024 : 1);
}

void settings_default(struct config *config) {
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (setting->type == SETTING_CHOICE)
            *(const char **)place(setting, config) = setting->choices[setting->def];
        else if (setting->type == SETTING_NUMBER || setting->type == SETTING_COUNT ||
                 setting->type == SETTING_MEGABYTES)
            assign_number(setting, config, setting->def);
    }
    config->workers = config_workers_default();
}

static int parse_number(const struct setting *setting, struct config *config, const char *text, const char *where,
                        struct px_error *error) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number < setting->min || number > setting->max)
        return px_fail(error, PX_E_RANGE, "%s: \"%s\" is not a whole number from %lld to %lld", where, text,
                       (long long)setting->min, (long long)setting->max);
    assign_number(setting, config, number);
    return PX_OK;
}

/* "a, b, c or d" */
static void print_choices(const char *const *choices, char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; choices[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0           ? ""
                                 : choices[i + 1] ? ", "
                                                  : " or ",
                                 choices[i]);
}

static int parse_choice(const struct setting *setting, struct config *config, const char *text, const char *where,
                        struct px_error *error) {
    size_t i = 0;
    while (setting->choices[i] && strcmp(setting->choices[i], text) != 0)
        i++;
    if (!setting->choices[i]) {
        char choices[128];
        print_choices(setting->choices, choices, sizeof(choices));
        return px_fail(error, PX_E_RANGE, "%s: \"%s\" is none of %s", where, text, choices);
    }
    if (setting->type == SETTING_MODE) {
        config->mode = (enum config_mode)i;
        snprintf(config->mode_why, sizeof(config->mode_why), "%s", where);
    } else {
        *(const char **)place(setting, config) = setting->choices[i];
    }
    return PX_OK;
}

static int parse_path(const struct setting *setting, struct config *config, const char *text, const char *where,
                      struct px_error *error) {
    size_t length = strlen(text);
    if (length >= setting->size)
        return px_fail(error, PX_E_RANGE, "%s: %zu bytes are too long; at most %zu", where, length, setting->size - 1);
    if (setting->type == SETTING_ABSOLUTE && text[0] && text[0] != '/')
        return px_fail(error, PX_E_RANGE, "%s: \"%s\" does not begin with /", where, text);
    memcpy(place(setting, config), text, length + 1);
    return PX_OK;
}

static bool is_url(const char *text) {
    for (size_t i = 0; url_schemes[i]; i++) {
        size_t length = strlen(url_schemes[i]);
        if (strncmp(text, url_schemes[i], length) == 0 && text[length])
            return true;
    }
    return false;
}

static int parse_item(const struct setting *setting, struct config *config, const char *text, const char *where,
                      struct px_error *error) {
    if (setting->type == SETTING_URLS && !is_url(text)) {
        char schemes[128];
        print_choices(url_schemes, schemes, sizeof(schemes));
        return px_fail(error, PX_E_RANGE, "%s: \"%s\" is no address that begins with %s", where, text, schemes);
    }
    size_t *count = list_count(setting, config);
    if (*count >= (size_t)setting->max)
        return px_fail(error, PX_E_RANGE, "%s: more than %lld of these", where, (long long)setting->max);
    ((const char **)place(setting, config))[(*count)++] = text;
    return PX_OK;
}

int setting_assign(const struct setting *setting, struct config *config, const char *text, const char *where,
                   struct px_error *error) {
    switch (setting->type) {
    case SETTING_MODE:
    case SETTING_CHOICE:
        return parse_choice(setting, config, text, where, error);
    case SETTING_NUMBER:
    case SETTING_COUNT:
    case SETTING_MEGABYTES:
        return parse_number(setting, config, text, where, error);
    case SETTING_PATH:
    case SETTING_ABSOLUTE:
        return parse_path(setting, config, text, where, error);
    case SETTING_URLS:
    case SETTING_TEXTS:
        return parse_item(setting, config, text, where, error);
    case SETTING_TEXT:
        *(const char **)place(setting, config) = text;
        return PX_OK;
    case SETTING_SWITCH:
        *(bool *)place(setting, config) = true;
        return PX_OK;
    }
    return px_fail(error, PX_E_INTERNAL, "%s: a setting without a type", where);
}

void setting_clear(const struct setting *setting, struct config *config) {
    *list_count(setting, config) = 0;
}
