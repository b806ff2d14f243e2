#include "daemon/host/config.h"

#include "daemon/host/setting.h"
#include "proto/nearest.h"

#include <errno.h>
#include <ini.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Variables of the Python engine that have no counterpart, and what to use instead. */
static const struct {
    const char *name, *instead;
} legacy_variables[] = {
    {"PXD_PIPELINE_QUANT_STEP", "parameters enter signatures as they are given"},
    {"PXD_COMPILED_CACHE_MAXSIZE", "plans are cached without a limit of their own"},
    {"PXD_SHAPE_CACHE_MAXSIZE", "there is one cache, see cache_mb"},
    {"PXD_PREFIX_CACHE_ENABLED", "there is one cache, always on, see cache_mb"},
    {"PXD_PREFIX_CACHE_MAXSIZE", "there is one cache, see cache_mb"},
    {"PXD_INDICES_CACHE_ENABLED", "what a viewer draws by is always kept with the geometry"},
};

/* Variables that mean something, but not as settings. */
static const char *const other_variables[] = {"PXD_FORCE_MP", "PXD_FREE_THREADED", "PXD_ISA"};

__attribute__((format(printf, 2, 3))) static void warn(struct config *config, const char *format, ...) {
    if (config->warning_count == CONFIG_WARNINGS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(config->warnings[config->warning_count++], sizeof(config->warnings[0]), format, arguments);
    va_end(arguments);
}

static const char *keep_string(struct config *config, const char *text, const char *where, struct px_error *error) {
    size_t size = strlen(text) + 1;
    if (size > sizeof(config->strings) - config->strings_used) {
        px_fail(error, PX_E_RANGE, "%s: settings have more than %d bytes of text in all", where, CONFIG_STRINGS_BYTES);
        return NULL;
    }
    char *kept = memcpy(config->strings + config->strings_used, text, size);
    config->strings_used += size;
    return kept;
}

int config_workers_default(void) {
    cpu_set_t set;
    int processors = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return processors > 1 ? (processors - 1 < 256 ? processors - 1 : 256) : 1;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

struct arguments {
    char **argv;
    int count, at;
    bool only_sketches; /* after "--" */
};

static int fail_unknown_option(const char *option, size_t length, struct px_error *error) {
    struct px_nearest nearest = PX_NEAREST(option, length);
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].option && settings[i].option[0])
            px_nearest_offer(&nearest, settings[i].option);
    if (nearest.name)
        return px_fail(error, PX_E_PARAM, "unknown option %.*s; did you mean %s?", (int)length, option, nearest.name);
    return px_fail(error, PX_E_PARAM, "unknown option %.*s; pxd --help lists all", (int)length, option);
}

/* Takes one option with its value. 1: taken, 0: no more, or an error. */
static int next_argument(struct arguments *arguments, const struct setting **setting, const char **value,
                         struct px_error *error) {
    if (arguments->at >= arguments->count)
        return 0;
    const char *argument = arguments->argv[arguments->at++];
    if (!arguments->only_sketches && strcmp(argument, "--") == 0) {
        arguments->only_sketches = true;
        return next_argument(arguments, setting, value, error);
    }
    *value = argument;
    *setting = setting_of_option("");
    if (arguments->only_sketches || argument[0] != '-' || argument[1] == 0)
        return 1;
    char option[64];
    size_t length = strcspn(argument, "=");
    if (length >= sizeof(option))
        return fail_unknown_option(argument, length, error);
    memcpy(option, argument, length);
    option[length] = 0;
    *setting = setting_of_option(option);
    if (!*setting)
        return fail_unknown_option(argument, length, error);
    bool attached = argument[length] == '=';
    if ((*setting)->type == SETTING_SWITCH)
        return attached ? px_fail(error, PX_E_RANGE, "%s takes no value", option) : 1;
    if (!attached && arguments->at >= arguments->count)
        return px_fail(error, PX_E_RANGE, "%s needs a value: %s", option, (*setting)->value);
    *value = attached ? argument + length + 1 : arguments->argv[arguments->at++];
    return 1;
}

/* What must be known before the file is read: --config, --help, --version. */
static int look_ahead(int argc, char **argv, struct config *config, struct px_error *error) {
    struct arguments arguments = {.argv = argv, .count = argc, .at = 1};
    const struct setting *setting;
    const char *value;
    int taken, first_error = 0;
    while ((taken = next_argument(&arguments, &setting, &value, first_error ? NULL : error)) != 0) {
        if (taken < 0)
            first_error = first_error ? first_error : taken;
        else if (setting->type == SETTING_TEXT || setting->type == SETTING_SWITCH)
            setting_assign(setting, config, value, setting->option, NULL);
    }
    return config->help || config->version ? PX_OK : first_error;
}

static int read_arguments(int argc, char **argv, struct config *config, struct px_error *error) {
    struct arguments arguments = {.argv = argv, .count = argc, .at = 1};
    const struct setting *setting;
    const char *value;
    bool given[SETTINGS_MAX] = {false};                             /* lists that the command line has begun */
    while (next_argument(&arguments, &setting, &value, NULL) > 0) { /* errors were found by look_ahead */
        bool *begun = &given[setting - settings];
        if (setting_is_list(setting) && !*begun)
            setting_clear(setting, config);
        *begun = true;
        if (setting->type == SETTING_TEXT)
            continue; /* look_ahead has it, and the file that was read is named by it */
        int code = setting_assign(setting, config, value, setting->option[0] ? setting->option : "SKETCH", error);
        if (code != PX_OK)
            return code;
    }
    return PX_OK;
}

/* ---- variables -------------------------------------------------------------------------------------------------- */

/* Unset, empty and 0 are the same. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && value[0] && strcmp(value, "0") != 0 ? value : NULL;
}

static int is_on(const char *name, bool *on, struct px_error *error) {
    static const char *const words_off[] = {"no", "false", "off"}, *const words_on[] = {"1", "yes", "true", "on"};
    const char *value = variable(name);
    *on = false;
    if (!value)
        return PX_OK;
    for (size_t i = 0; i < sizeof(words_off) / sizeof(words_off[0]); i++)
        if (strcmp(value, words_off[i]) == 0)
            return PX_OK;
    for (size_t i = 0; i < sizeof(words_on) / sizeof(words_on[0]) && !*on; i++)
        *on = strcmp(value, words_on[i]) == 0;
    if (!*on)
        return px_fail(error, PX_E_RANGE, "%s: \"%s\" is neither 1 nor 0", name, value);
    return PX_OK;
}

static int read_mode_variables(struct config *config, struct px_error *error) {
    bool fork, threads;
    int code = is_on("PXD_FORCE_MP", &fork, error);
    if (code == PX_OK)
        code = is_on("PXD_FREE_THREADED", &threads, error);
    if (code != PX_OK || (!fork && !threads))
        return code;
    const char *name = fork ? "PXD_FORCE_MP" : "PXD_FREE_THREADED";
    config->mode = fork ? CONFIG_MODE_FORK : CONFIG_MODE_THREADS;
    snprintf(config->mode_why, sizeof(config->mode_why), "%s=%s", name, variable(name));
    return PX_OK;
}

/* A list: its values are separated by spaces or commas. */
static int read_list_variable(const struct setting *setting, struct config *config, const char *value,
                              struct px_error *error) {
    char *rest = (char *)(uintptr_t)keep_string(config, value, setting->variable, error);
    if (!rest)
        return PX_E_RANGE;
    setting_clear(setting, config);
    for (char *item; (item = strtok_r(rest, " ,", &rest)) != NULL;) {
        int code = setting_assign(setting, config, item, setting->variable, error);
        if (code != PX_OK)
            return code;
    }
    return PX_OK;
}

static int read_variables(struct config *config, struct px_error *error) {
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        const char *value = setting->variable ? variable(setting->variable) : NULL;
        if (!value)
            continue;
        int code = setting_is_list(setting) ? read_list_variable(setting, config, value, error)
                                            : setting_assign(setting, config, value, setting->variable, error);
        if (code != PX_OK)
            return code;
    }
    return read_mode_variables(config, error);
}

static bool is_known_variable(const char *name, size_t length) {
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].variable && strlen(settings[i].variable) == length &&
            memcmp(settings[i].variable, name, length) == 0)
            return true;
    for (size_t i = 0; i < sizeof(other_variables) / sizeof(other_variables[0]); i++)
        if (strlen(other_variables[i]) == length && memcmp(other_variables[i], name, length) == 0)
            return true;
    return false;
}

static const char *legacy_instead(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof(legacy_variables) / sizeof(legacy_variables[0]); i++)
        if (strlen(legacy_variables[i].name) == length && memcmp(legacy_variables[i].name, name, length) == 0)
            return legacy_variables[i].instead;
    return NULL;
}

/* Names every PXD_ variable that is set and means nothing. */
static void warn_of_variables(struct config *config) {
    for (char **entry = environ; entry && *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        bool empty = (*entry)[length] == 0 || (*entry)[length + 1] == 0;
        if (strncmp(*entry, "PXD_", 4) != 0 || empty || is_known_variable(*entry, length))
            continue;
        const char *instead = legacy_instead(*entry, length);
        if (instead)
            warn(config, "%.*s means nothing any more: %s", (int)length, *entry, instead);
        else
            warn(config, "%.*s is no variable that pxd knows", (int)(length < 64 ? length : 64), *entry);
    }
}

/* ---- pxd.conf --------------------------------------------------------------------------------------------------- */

struct file {
    FILE *stream;
    const char *path;
    struct config *config;
    int line, code;
    bool given[SETTINGS_MAX]; /* lists that this file has begun */
    struct px_error *error;
};

/* inih asks for each line here, so that we know its number. A line that does not fit would come as two. */
static char *read_line(char *out, int size, void *argument) {
    struct file *file = argument;
    if (file->code != PX_OK || !fgets(out, size, file->stream))
        return NULL;
    file->line++;
    if (strlen(out) == (size_t)size - 1 && out[size - 2] != '\n') {
        file->code = px_fail(file->error, PX_E_RANGE, "%s:%d: the line is too long; at most %d bytes", file->path,
                             file->line, size - 2);
        return NULL;
    }
    return out;
}

static int fail_unknown_name(const struct file *file, const char *name) {
    struct px_nearest nearest = PX_NEAREST(name, strlen(name));
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].name)
            px_nearest_offer(&nearest, settings[i].name);
    if (nearest.name)
        return px_fail(file->error, PX_E_PARAM, "%s:%d: unknown setting \"%s\"; did you mean \"%s\"?", file->path,
                       file->line, name, nearest.name);
    return px_fail(file->error, PX_E_PARAM, "%s:%d: unknown setting \"%s\"; pxd --help lists all", file->path,
                   file->line, name);
}

static int read_setting(struct file *file, const char *section, const char *name, const char *value) {
    if (section[0])
        return px_fail(file->error, PX_E_PARAM, "%s:%d: [%s]: there are no sections here", file->path, file->line,
                       section);
    const struct setting *setting = setting_of_name(name);
    if (!setting)
        return fail_unknown_name(file, name);
    char where[4096 + 32];
    snprintf(where, sizeof(where), "%s:%d", file->path, file->line);
    const char *kept = keep_string(file->config, value, where, file->error);
    if (!kept)
        return PX_E_RANGE;
    bool *begun = &file->given[setting - settings];
    if (setting_is_list(setting) && !*begun)
        setting_clear(setting, file->config);
    *begun = true;
    int code = setting_assign(setting, file->config, kept, where, file->error);
    if (code == PX_OK && setting->type == SETTING_MODE) { /* server.info names the file without its directory */
        const char *slash = strrchr(where, '/');
        char *why = file->config->mode_why;
        snprintf(why, sizeof(file->config->mode_why), "%.95s", slash ? slash + 1 : where);
    }
    return code;
}

static int on_setting(void *argument, const char *section, const char *name, const char *value) {
    struct file *file = argument;
    if (file->code == PX_OK)
        file->code = read_setting(file, section, name, value);
    return file->code == PX_OK;
}

static int read_stream(struct file *file) {
    int bad_line = ini_parse_stream(read_line, file, on_setting, file);
    if (file->code == PX_OK && bad_line > 0)
        return px_fail(file->error, PX_E_PARAM, "%s:%d: not of the form name = value", file->path, bad_line);
    if (file->code == PX_OK && (bad_line < 0 || ferror(file->stream)))
        return px_fail(file->error, PX_E_IO, "%s: cannot be read", file->path);
    return file->code;
}

/* PX_E_NOT_FOUND, without a message, when there is none. */
static int read_file(struct config *config, const char *path, struct px_error *error) {
    FILE *stream = fopen(path, "re");
    if (!stream)
        return errno == ENOENT || errno == ENOTDIR
                   ? PX_E_NOT_FOUND
                   : px_fail(error, PX_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct file file = {.stream = stream, .path = path, .config = config, .error = error};
    int code = read_stream(&file);
    fclose(stream);
    return code;
}

/* A directory of the XDG specification: the variable if it is absolute, else below the home directory. */
static int find_base(const char *name, const char *below_home, char out[4096]) {
    const char *base = getenv(name);
    if (base && base[0] == '/')
        return snprintf(out, 4096, "%s", base);
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') {
        const struct passwd *user = getpwuid(getuid());
        home = user ? user->pw_dir : "";
    }
    return snprintf(out, 4096, "%s/%s", home, below_home);
}

static int read_first_file(struct config *config, struct px_error *error) {
    if (config->config_file) {
        int code = read_file(config, config->config_file, error);
        return code == PX_E_NOT_FOUND ? px_fail(error, PX_E_IO, "--config: there is no %s", config->config_file) : code;
    }
    char own[4096 + 16];
    find_base("XDG_CONFIG_HOME", ".config", own);
    strcat(own, "/pxd/pxd.conf");
    const char *const paths[] = {own, "/etc/pxd/pxd.conf"};
    for (int i = 0; i < 2; i++) {
        int code = read_file(config, paths[i], error);
        if (code == PX_E_NOT_FOUND)
            continue;
        config->config_file = keep_string(config, paths[i], paths[i], error);
        return config->config_file ? code : PX_E_RANGE;
    }
    return PX_OK;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int find_state_dir(struct config *config, struct px_error *error) {
    if (config->state_dir[0])
        return PX_OK;
    const char *given = getenv("STATE_DIRECTORY"); /* systemd's, several are separated by colons */
    int length;
    if (given && given[0] == '/') {
        length = snprintf(config->state_dir, sizeof(config->state_dir), "%.*s", (int)strcspn(given, ":"), given);
    } else {
        char base[4096];
        length = find_base("XDG_STATE_HOME", ".local/state", base);
        if (length < (int)sizeof(base))
            length = snprintf(config->state_dir, sizeof(config->state_dir), "%s/pxd", base);
    }
    if (length >= (int)sizeof(config->state_dir))
        return px_fail(error, PX_E_RANGE, "the path of the state directory is too long; set PXD_STATE_DIR");
    return PX_OK;
}

int config_read(int argc, char **argv, struct config *config, struct px_error *error) {
    memset(config, 0, sizeof(*config));
    settings_default(config);
    snprintf(config->mode_why, sizeof(config->mode_why), "default");
    int code = look_ahead(argc, argv, config, error);
    if (code != PX_OK || config->help || config->version)
        return code;
    if ((code = read_first_file(config, error)) != PX_OK || (code = read_variables(config, error)) != PX_OK ||
        (code = read_arguments(argc, argv, config, error)) != PX_OK)
        return code;
    warn_of_variables(config);
    return find_state_dir(config, error);
}

static void print_range(const struct setting *setting) {
    if (setting->type == SETTING_CHOICE)
        printf(" (default %s)", setting->choices[setting->def]);
    else if (setting->max && setting->def)
        printf(" (%lld to %lld, default %lld)", (long long)setting->min, (long long)setting->max,
               (long long)setting->def);
}

void config_help(void) {
    printf("pxd computes live line art and serves it to viewers.\n\n"
           "usage: pxd [OPTION]... [SKETCH]...\n\n");
    for (size_t i = 0; i < setting_count; i++) {
        char left[64];
        const struct setting *setting = &settings[i];
        if (!setting->option)
            continue;
        snprintf(left, sizeof(left), "%s%s%s", setting->option, setting->option[0] && setting->value ? " " : "",
                 setting->value ? setting->value : "");
        printf("  %-24s %s\n", left, setting->help);
    }
    printf("\nSettings, as `name = value` in pxd.conf or as a variable:\n\n");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (!setting->name && !setting->variable)
            continue;
        printf("  %-18s %-22s %s", setting->name ? setting->name : "", setting->variable ? setting->variable : "",
               setting->help);
        print_range(setting);
        printf("\n");
    }
    printf("\nThe command line goes before variables, these before pxd.conf.\n");
}
