#include "client/ctl/ctl.h"
#include "client/ctl/table.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <stdio.h>

static void add_pair(struct table *table, const struct px_value *info, const char *key, const char *title) {
    char text[512];
    if (!px_value_get(info, key))
        return;
    table_add(table, title);
    table_add(table, value_text(info, key, text, sizeof text));
}

static void add_uptime(struct table *table, double seconds) {
    unsigned long whole = (unsigned long)seconds;
    table_add(table, "uptime");
    if (whole >= 3600)
        table_addf(table, "%lu h %lu min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        table_addf(table, "%lu min %lu s", whole / 60, whole % 60);
    else
        table_addf(table, "%.1f s", seconds);
}

/* A map as rows, nested maps by "outer.inner"; lists are left out. */
static void add_map(struct table *table, const struct px_value *map, const char *prefix, unsigned depth) {
    for (uint32_t i = 0; map && map->type == PX_MAP && i < map->count; i++) {
        char key[256], text[512];
        const struct px_value *value = &map->pairs[i].value, *name = &map->pairs[i].key;
        bool nested = value->type == PX_MAP && depth > 0;
        int length = snprintf(key, sizeof key, "%s%.*s%s", prefix, (int)name->count, name->text, nested ? "." : "");
        if (length < 0 || (size_t)length >= sizeof key)
            continue;
        if (nested) {
            add_map(table, value, key, depth - 1);
        } else if (value->type != PX_MAP && value->type != PX_ARRAY) {
            table_add(table, key);
            table_add(table, value_print(value, text, sizeof text));
        }
    }
}

static void print_info(const struct px_value *info, const struct px_value *stats) {
    struct table table;
    table_init(&table, 2, 0);
    add_pair(&table, info, "version", "version");
    add_pair(&table, info, "pid", "process");
    add_uptime(&table, value_number(info, "uptime", 0));
    add_pair(&table, info, "mode", "mode");
    add_pair(&table, info, "mode_why", "because of");
    add_pair(&table, info, "workers", "workers");
    add_pair(&table, info, "isa", "kernels for");
    add_pair(&table, info, "role", "your role");
    add_map(&table, px_value_get(info, "clients"), "clients.", 0);
    add_map(&table, px_value_get(info, "endpoints"), "", 0);
    add_map(&table, stats, "", 2);
    table_print(&table, stdout, "");
    table_free(&table);
}

static int status_run(struct ctl *ctl) {
    struct answer info, stats = {0};
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = ctl_call(ctl, "server.info", NULL, &info);
    if (code != CTL_DONE)
        return code;
    if (ctl->json) {
        code = ctl_print_value(ctl, &info.document.root);
    } else {
        if (ctl_option(ctl, "--stats"))
            code = ctl_call(ctl, "stats.get", NULL, &stats);
        print_info(&info.document.root, code == CTL_DONE && stats.reply.bytes ? &stats.document.root : NULL);
    }
    answer_free(&info);
    answer_free(&stats);
    return code;
}

static const struct verb_option options[] = {
    {"--stats", NULL, "also every counter and time"},
};

const struct verb status_verb = {
    .name = "status",
    .arguments = "[--stats]",
    .summary = "what the daemon is and how it does",
    VERB_OPTIONS(options),
    .run = status_run,
};
