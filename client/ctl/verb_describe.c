#include "client/ctl/ctl.h"
#include "client/ctl/table.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A default or choices, as JSON without quotes where it is text. */
static void add_cell(struct table *table, const struct px_value *value) {
    char text[256];
    if (!value || (value->type != PX_ARRAY && value->type != PX_MAP)) {
        table_add(table, value_print(value, text, sizeof text));
        return;
    }
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; value->type == PX_ARRAY && i < value->count && length < sizeof text - 64; i++) {
        char item[64];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "",
                                   value_print(&value->items[i], item, sizeof item));
    }
    table_add(table, text);
}

/* Fields and parameters have the same keys. */
static void print_fields(const struct px_value *fields) {
    static const char *const titles[] = {"NAME", "TYPE", "UNIT", "DEFAULT", "MIN", "MAX", "HELP"};
    static const char *const keys[] = {"name", "type", "unit", "default", "min", "max", "help"};
    if (!fields || fields->type != PX_ARRAY || fields->count == 0)
        return;
    struct table table;
    table_init(&table, 7, 1u << 3 | 1u << 4 | 1u << 5);
    for (size_t k = 0; k < 7; k++)
        table_add(&table, titles[k]);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct px_value *field = &fields->items[i], *choices = px_value_get(field, "choices");
        for (size_t k = 0; k < 6; k++)
            add_cell(&table, px_value_get(field, keys[k]));
        char help[400], words[256] = "";
        value_text(field, "help", help, sizeof help);
        if (choices && choices->type == PX_ARRAY) {
            size_t length = 0;
            for (uint32_t c = 0; c < choices->count && length < sizeof words - 64; c++) {
                char word[64];
                length += (size_t)snprintf(words + length, sizeof words - length, "%s%s", c > 0 ? ", " : " One of ",
                                           value_print(&choices->items[c], word, sizeof word));
            }
        }
        table_addf(&table, "%s%s%s", help, words, *words ? "." : "");
    }
    table_print(&table, stdout, "  ");
    table_free(&table);
}

static void print_thing(const struct px_value *thing, const char *kind) {
    char name[128], help[512], text[256];
    printf("%s  (%s%s)\n", value_text(thing, "name", name, sizeof name), kind,
           value_true(thing, "idempotent") ? ", idempotent" : "");
    if (*value_text(thing, "help", help, sizeof help))
        printf("%s\n", help);
    if (*value_text(thing, "result", text, sizeof text))
        printf("gives %s\n", text);
    const struct px_value *fields = px_value_get(thing, "params");
    fields = fields ? fields : px_value_get(thing, "fields");
    if (fields && fields->type == PX_ARRAY && fields->count > 0)
        putchar('\n');
    print_fields(fields);
}

/* One line each. */
static void print_names(const struct px_value *list, const char *title) {
    if (!list || list->type != PX_ARRAY || list->count == 0)
        return;
    struct table table;
    table_init(&table, 2, 0);
    for (uint32_t i = 0; i < list->count; i++) {
        char text[512];
        table_add(&table, value_text(&list->items[i], "name", text, sizeof text));
        table_add(&table, value_text(&list->items[i], "help", text, sizeof text));
    }
    printf("%s\n", title);
    table_print(&table, stdout, "  ");
    putchar('\n');
    table_free(&table);
}

static const struct {
    const char *key, *title, *kind;
} parts[] = {
    {"methods", "Methods", "method"},
    {"kernels", "Kernels", "kernel"},
    {"plan", "Parts of a plan", "part of a plan"},
};

/* A name may be that of a method, a kernel (or both a shape and an effect), or a part of a plan. */
static int describe_named(const struct ctl *ctl, const struct px_value *all, const char *name) {
    size_t found = 0;
    int code = CTL_DONE;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        const struct px_value *list = px_value_get(all, parts[p].key);
        for (uint32_t i = 0; list && list->type == PX_ARRAY && i < list->count; i++) {
            const struct px_value *thing = &list->items[i];
            char role[32];
            if (!px_value_is_string(px_value_get(thing, "name"), name))
                continue;
            if (found++ > 0 && !ctl->json)
                putchar('\n');
            value_text(thing, "role", role, sizeof role);
            if (ctl->json)
                code = ctl_print_value(ctl, thing);
            else
                print_thing(thing, strcmp(parts[p].key, "kernels") == 0 && *role ? role : parts[p].kind);
        }
    }
    if (found > 0)
        return code;
    struct px_error error;
    px_fail(&error, PX_E_NOT_FOUND, "there is no method, kernel or part of a plan named %s", name);
    return ctl_fail(ctl, &error);
}

static int describe_run(struct ctl *ctl) {
    struct answer answer;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = ctl_call(ctl, "server.describe", NULL, &answer);
    if (code != CTL_DONE)
        return code;
    const struct px_value *all = &answer.document.root;
    if (ctl->argument_count > 0)
        code = describe_named(ctl, all, ctl->arguments[0]);
    else if (ctl->json)
        code = ctl_print_value(ctl, all);
    else
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
            print_names(px_value_get(all, parts[p].key), parts[p].title);
    answer_free(&answer);
    return code;
}

const struct verb describe_verb = {
    .name = "describe",
    .arguments = "[NAME]",
    .summary = "what a method, a kernel or a part of a plan takes; without NAME list all",
    .most = 1,
    .run = describe_run,
};
