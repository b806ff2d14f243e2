#include "client/ctl/ctl.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of a common option goes. */
static bool take_common(struct ctl *ctl, const char *name, const char *value) {
    double seconds;
    if (strcmp(name, "--connect") == 0)
        ctl->url = value;
    else if (strcmp(name, "--token") == 0)
        ctl->token_file = value;
    else if (strcmp(name, "--json") == 0)
        ctl->json = true;
    else if (strcmp(name, "--help") == 0)
        ctl->help = true;
    else if (strcmp(name, "--version") == 0)
        ctl->version = true;
    else if (ctl_number_read(value, &seconds) && seconds >= 0 && seconds < 1e6)
        ctl->timeout_ms = (int)(seconds * 1000);
    else
        return false;
    return true;
}

static const struct verb_option *option_named(const struct verb_option *options, size_t count, const char *text,
                                              size_t length) {
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, text, length) == 0)
            return &options[i];
    return NULL;
}

/* "-" and "-0.5" are arguments. */
static bool is_option(const char *text) {
    return text[0] == '-' && text[1] != '\0' && text[1] != '.' && (text[1] < '0' || text[1] > '9');
}

/* Takes the option at argv[*at], and its value. */
static int take_option(struct ctl *ctl, int argc, char **argv, int *at) {
    const char *text = argv[*at], *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const struct verb_option *common = option_named(common_options, common_option_count, text, length), *own = NULL;
    if (ctl->verb)
        own = option_named(ctl->verb->options, ctl->verb->option_count, text, length);
    const struct verb_option *option = own ? own : common;
    if (!option)
        return ctl_usage(ctl, "unknown option %.*s", (int)length, text);
    const char *value = equals ? equals + 1 : NULL;
    if (!option->value && value)
        return ctl_usage(ctl, "%s takes no value", option->name);
    if (option->value && !value && ++*at < argc)
        value = argv[*at];
    if (option->value && !value)
        return ctl_usage(ctl, "%s wants %s", option->name, option->value);
    value = value ? value : "";
    if (own)
        ctl->options[own - ctl->verb->options] = value;
    else if (!take_common(ctl, option->name, value))
        return ctl_usage(ctl, "%s wants %s, not \"%s\"", option->name, option->value, value);
    return CTL_DONE;
}

static int take_argument(struct ctl *ctl, const char *text) {
    if (!ctl->verb) {
        ctl->verb = verb_named(text);
        return ctl->verb ? CTL_DONE : ctl_usage(ctl, "there is no verb %s", text);
    }
    if (ctl->argument_count == CTL_ARGUMENTS_MAX)
        return ctl_usage(ctl, "more than %d arguments", CTL_ARGUMENTS_MAX);
    ctl->arguments[ctl->argument_count++] = text;
    return CTL_DONE;
}

int ctl_read(struct ctl *ctl, int argc, char **argv) {
    bool options = true;
    for (int i = 1; i < argc; i++) {
        int code;
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (options && is_option(argv[i]))
            code = take_option(ctl, argc, argv, &i);
        else
            code = take_argument(ctl, argv[i]);
        if (code != CTL_DONE)
            return code;
    }
    if (ctl->help || ctl->version)
        return CTL_DONE;
    if (!ctl->verb)
        return ctl_usage(ctl, "a verb is missing");
    if (ctl->argument_count < ctl->verb->least)
        return ctl_usage(ctl, "%s: something is missing", ctl->verb->name);
    if (ctl->argument_count > ctl->verb->most)
        return ctl_usage(ctl, "%s: %s is one too many", ctl->verb->name, ctl->arguments[ctl->verb->most]);
    return CTL_DONE;
}

const char *ctl_option(const struct ctl *ctl, const char *name) {
    const struct verb_option *option = option_named(ctl->verb->options, ctl->verb->option_count, name, strlen(name));
    return option ? ctl->options[option - ctl->verb->options] : NULL;
}

bool ctl_number_read(const char *text, double *number) {
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale)
        return false;
    char *end;
    *number = strtod_l(text, &end, locale);
    freelocale(locale);
    return end != text && *end == '\0' && isfinite(*number);
}

bool ctl_number(const struct ctl *ctl, const char *name, double fallback, double *number) {
    const char *text = ctl_option(ctl, name);
    *number = fallback;
    if (!text || ctl_number_read(text, number))
        return true;
    ctl_usage(ctl, "%s wants a number, not \"%s\"", name, text);
    return false;
}
