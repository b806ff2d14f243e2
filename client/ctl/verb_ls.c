#include "client/ctl/ctl.h"
#include "client/ctl/table.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

static void add_sketch(struct table *table, const struct px_value *sketch) {
    char text[256];
    table_add(table, value_true(sketch, "focused") ? "*" : "");
    table_add(table, value_text(sketch, "name", text, sizeof text));
    table_add(table, value_text(sketch, "kind", text, sizeof text));
    table_add(table, value_text(sketch, "frame", text, sizeof text));
    table_addf(table, "%.2f", value_number(sketch, "t", 0));
    const struct px_value *failure = px_value_get(sketch, "error");
    if (failure && failure->type == PX_MAP)
        failure = px_value_get(failure, "message");
    table_add(table, value_print(failure, text, sizeof text));
}

static int ls_run(struct ctl *ctl) {
    struct answer answer;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = ctl_call(ctl, "sketch.list", NULL, &answer);
    if (code != CTL_DONE)
        return code;
    const struct px_value *list = value_list(&answer.document.root, "sketches");
    if (ctl->json || !list) {
        code = ctl_print_value(ctl, &answer.document.root);
    } else if (list->count > 0) {
        static const char *const titles[] = {"", "NAME", "KIND", "FRAME", "T", "ERROR"};
        struct table table;
        table_init(&table, 6, 1u << 3 | 1u << 4);
        for (size_t i = 0; i < 6; i++)
            table_add(&table, titles[i]);
        for (uint32_t i = 0; i < list->count; i++)
            add_sketch(&table, &list->items[i]);
        table_print(&table, stdout, "");
        table_free(&table);
    }
    answer_free(&answer);
    return code;
}

const struct verb ls_verb = {
    .name = "ls",
    .arguments = "",
    .summary = "list the sketches that are loaded; * has the focus",
    .run = ls_run,
};
