#include "client/ctl/ctl.h"
#include "client/ctl/table.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sketch that has the focus. */
static int focused_sketch(struct ctl *ctl, char name[PX_SKETCH_NAME_MAX + 1]) {
    struct answer answer;
    int code = ctl_call(ctl, "sketch.list", NULL, &answer);
    if (code != CTL_DONE)
        return code;
    *name = '\0';
    const struct px_value *list = value_list(&answer.document.root, "sketches");
    for (uint32_t i = 0; list && i < list->count; i++)
        if (list->count == 1 || value_true(&list->items[i], "focused"))
            value_text(&list->items[i], "name", name, PX_SKETCH_NAME_MAX + 1);
    answer_free(&answer);
    if (*name)
        return CTL_DONE;
    return ctl_fail(ctl, &(struct px_error){.code = PX_E_NOT_FOUND, .message = "no sketch has the focus: name one"});
}

/* The value: JSON where it is JSON, else a bare word is a string. */
static void write_value(struct px_writer *params, const char *text) {
    struct px_reply value;
    if (px_from_json(text, strlen(text), &value, NULL) < 0) {
        px_write_string(params, text);
        return;
    }
    px_write_raw(params, value.bytes, value.size);
    px_reply_free(&value);
}

static int param_set(struct ctl *ctl, const char *sketch, size_t first) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 2);
    px_key(&params, "name");
    px_write_string(&params, sketch);
    px_key(&params, "values");
    px_write_map(&params, (uint32_t)(ctl->argument_count - first));
    for (size_t i = first; i < ctl->argument_count; i++) {
        const char *text = ctl->arguments[i], *equals = strchr(text, '=');
        px_write_text(&params, text, (size_t)(equals - text));
        write_value(&params, equals + 1);
    }
    int code = ctl_call(ctl, "param.set", &params, &answer);
    answer_free(&answer);
    return code;
}

static int param_reset(struct ctl *ctl, const char *sketch) {
    const char *key = ctl_option(ctl, "--reset");
    struct px_writer params;
    struct answer answer;
    bool all = strcmp(key, "all") == 0;
    px_writer_init(&params, 0);
    px_write_map(&params, all ? 1 : 2);
    px_key(&params, "name");
    px_write_string(&params, sketch);
    if (!all) {
        px_key(&params, "keys");
        px_write_array(&params, 1);
        px_write_string(&params, key);
    }
    int code = ctl_call(ctl, "param.reset", &params, &answer);
    answer_free(&answer);
    return code;
}

/* A value as JSON, short enough for a column. */
static void add_json(struct table *table, const struct px_value *value) {
    char plain[64];
    if (!value || (value->type != PX_ARRAY && value->type != PX_MAP)) {
        table_add(table, value_print(value, plain, sizeof plain));
        return;
    }
    struct px_writer writer;
    char *json = NULL;
    px_writer_init(&writer, 0);
    px_write_value(&writer, value);
    if (px_writer_finish(&writer, NULL) == 0 && px_to_json(writer.bytes, writer.size, 0, &json, NULL) == 0)
        table_addf(table, "%.60s", json);
    else
        table_add(table, "?");
    free(json);
    px_writer_free(&writer);
}

static void print_params(const struct px_value *list) {
    static const char *const titles[] = {"PARAMETER", "VALUE", "FROM", "MIN", "MAX", "UNIT"};
    static const char *const keys[] = {"name", "value", "from", "min", "max", "unit"};
    struct table table;
    table_init(&table, 6, 1u << 1 | 1u << 3 | 1u << 4);
    for (size_t i = 0; i < 6; i++)
        table_add(&table, titles[i]);
    for (uint32_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < 6; k++)
            add_json(&table, px_value_get(&list->items[i], keys[k]));
    table_print(&table, stdout, "");
    table_free(&table);
}

static int param_list(struct ctl *ctl, const char *sketch) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "name");
    px_write_string(&params, sketch);
    int code = ctl_call(ctl, "param.get", &params, &answer);
    if (code != CTL_DONE)
        return code;
    const struct px_value *list = value_list(&answer.document.root, "params");
    if (ctl->json || !list)
        code = ctl_print_value(ctl, &answer.document.root);
    else
        print_params(list);
    answer_free(&answer);
    return code;
}

static int param_run(struct ctl *ctl) {
    char focused[PX_SKETCH_NAME_MAX + 1];
    size_t first = ctl->argument_count > 0 && !strchr(ctl->arguments[0], '=');
    for (size_t i = first; i < ctl->argument_count; i++)
        if (!strchr(ctl->arguments[i], '='))
            return ctl_usage(ctl, "%s: wanted is NAME=VALUE", ctl->arguments[i]);
    const char *sketch = first ? ctl->arguments[0] : focused;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE && !first)
        code = focused_sketch(ctl, focused);
    if (code == CTL_DONE && ctl_option(ctl, "--reset"))
        code = param_reset(ctl, sketch);
    if (code == CTL_DONE && ctl->argument_count > first)
        return param_set(ctl, sketch, first);
    if (code == CTL_DONE && !ctl_option(ctl, "--reset"))
        code = param_list(ctl, sketch);
    return code;
}

static const struct verb_option options[] = {
    {"--reset", "NAME", "back to what the sketch says; `all`: every one"},
};

const struct verb param_verb = {
    .name = "param",
    .arguments = "[SKETCH] [NAME=V]...",
    .summary = "set live parameters; without NAME=V list them",
    .help = "A parameter is named as the list shows it: <label>/<kernel>.<parameter>, or a sketch's own by its name.\n"
            "Without SKETCH the one that has the focus is meant.\n"
            "  pxctl param size=40 ground/fill.density=12",
    .most = CTL_ARGUMENTS_MAX,
    VERB_OPTIONS(options),
    .run = param_run,
};
