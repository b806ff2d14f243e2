#include "client/ctl/ctl.h"
#include "client/ctl/file.h"
#include "client/ctl/job.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <stdlib.h>
#include <string.h>

struct eval {
    struct ctl *ctl;
    struct px_reply plan; /* MessagePack */
    double t, seed;
    bool seeded;
    const char *out; /* NULL: a summary */
};

/* ---- the request ------------------------------------------------------------------------------------------------- */

static int eval_read_plan(struct eval *eval, const char *path, struct px_error *error) {
    char *json;
    size_t size;
    int code = file_read(path, &json, &size, error);
    if (code < 0)
        return code;
    code = px_from_json(json, size, &eval->plan, error);
    free(json);
    return code;
}

static int eval_ask(struct eval *eval, struct answer *answer) {
    struct px_writer params;
    px_writer_init(&params, 0);
    px_write_map(&params, eval->seeded ? 3 : 2);
    px_key(&params, "plan");
    px_write_raw(&params, eval->plan.bytes, eval->plan.size);
    px_key(&params, "t");
    px_write_real(&params, eval->t);
    if (eval->seeded) {
        px_key(&params, "seed");
        px_write_int(&params, (int64_t)eval->seed);
    }
    return ctl_call(eval->ctl, "geometry.eval", &params, answer);
}

/* ---- the summary ------------------------------------------------------------------------------------------------- */

struct box {
    float min[3], max[3];
};

static uint64_t box_around(const struct px_value *coords, struct box *box) {
    uint64_t vertices = coords && coords->type == PX_BIN ? coords->count / 12 : 0;
    for (uint64_t i = 0; i < vertices; i++) {
        float point[3];
        memcpy(point, coords->bytes + 12 * i, sizeof point);
        for (int axis = 0; axis < 3; axis++) {
            if (i == 0 || point[axis] < box->min[axis])
                box->min[axis] = point[axis];
            if (i == 0 || point[axis] > box->max[axis])
                box->max[axis] = point[axis];
        }
    }
    return vertices;
}

static void write_point(struct px_writer *writer, const char *key, const float point[3]) {
    px_key(writer, key);
    px_write_array(writer, 3);
    for (int axis = 0; axis < 3; axis++)
        px_write_real(writer, (double)point[axis]);
}

static void write_bounds(struct px_writer *writer, uint64_t vertices, const struct box *box) {
    px_key(writer, "bounds");
    if (vertices == 0) {
        px_write_nil(writer);
        return;
    }
    px_write_map(writer, 2);
    write_point(writer, "min", box->min);
    write_point(writer, "max", box->max);
}

static void write_signature(struct px_writer *writer, const struct px_value *signature) {
    char text[33] = "";
    if (signature && signature->type == PX_BIN && signature->count == 16)
        px_signature_print(px_signature_from_bytes(signature->bytes), text);
    px_key(writer, "signature");
    px_write_string(writer, text);
}

static void write_or_nil(struct px_writer *writer, const struct px_value *map, const char *key) {
    const struct px_value *value = px_value_get(map, key);
    px_key(writer, key);
    if (value)
        px_write_value(writer, value);
    else
        px_write_nil(writer);
}

static void write_layer(struct px_writer *writer, const struct px_value *layer) {
    struct box box = {0};
    const struct px_value *offsets = px_value_get(layer, "offsets");
    uint64_t vertices = box_around(px_value_get(layer, "coords"), &box);
    uint64_t lines = offsets && offsets->type == PX_BIN && offsets->count >= 4 ? offsets->count / 4 - 1 : 0;
    px_write_map(writer, 7);
    write_or_nil(writer, layer, "name");
    px_key(writer, "vertices");
    px_write_uint(writer, vertices);
    px_key(writer, "lines");
    px_write_uint(writer, lines);
    write_bounds(writer, vertices, &box);
    write_signature(writer, px_value_get(layer, "signature"));
    write_or_nil(writer, layer, "color");
    write_or_nil(writer, layer, "thickness");
}

static int eval_summary(const struct eval *eval, const struct px_value *reply) {
    const struct px_value *layers = value_list(px_value_get(reply, "layers"), "");
    struct px_writer writer;
    struct px_error error;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 3);
    px_key(&writer, "layers");
    px_write_array(&writer, layers ? layers->count : 0);
    for (uint32_t i = 0; layers && i < layers->count; i++)
        write_layer(&writer, &layers->items[i]);
    write_or_nil(&writer, reply, "warnings");
    write_or_nil(&writer, reply, "timings");
    int code = px_writer_finish(&writer, &error);
    code = code < 0 ? ctl_fail(eval->ctl, &error) : ctl_print(eval->ctl, writer.bytes, writer.size);
    px_writer_free(&writer);
    return code;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The plan with its seed: a bare node becomes the one layer of a plan. */
static int eval_seed_plan(struct eval *eval, struct px_error *error) {
    struct px_document document = {0};
    struct px_writer writer;
    int code = px_value_decode(eval->plan.bytes, eval->plan.size, &PX_LIMITS_DEFAULT, &document, error);
    if (code < 0)
        return code;
    const struct px_value *plan = &document.root;
    px_writer_init(&writer, 0);
    if (plan->type == PX_MAP && px_value_get(plan, "layers")) {
        uint32_t count = plan->count + (px_value_get(plan, "seed") ? 0 : 1);
        px_write_map(&writer, count);
        for (uint32_t i = 0; i < plan->count; i++) {
            if (px_value_is_string(&plan->pairs[i].key, "seed"))
                continue;
            px_write_value(&writer, &plan->pairs[i].key);
            px_write_value(&writer, &plan->pairs[i].value);
        }
    } else {
        px_write_map(&writer, 2);
        px_key(&writer, "layers");
        px_write_array(&writer, 1);
        px_write_value(&writer, plan);
    }
    px_key(&writer, "seed");
    px_write_int(&writer, (int64_t)eval->seed);
    px_document_free(&document);
    code = px_writer_finish(&writer, error);
    if (code == 0) {
        px_reply_free(&eval->plan);
        eval->plan.bytes = px_writer_take(&writer, &eval->plan.size);
    }
    px_writer_free(&writer);
    return code;
}

static int eval_svg(struct eval *eval) {
    struct job_order order = {.t = eval->t, .format = "svg"};
    struct px_error error;
    struct answer answer = {0};
    const void *bytes;
    size_t size;
    uint64_t id;
    int code = eval->seeded ? eval_seed_plan(eval, &error) : 0;
    order.plan = eval->plan;
    if (code == 0)
        code = job_start(eval->ctl, &order, &id, &error);
    if (code == 0)
        code = job_finish(eval->ctl, id, &answer, &bytes, &size, &error);
    if (code == 0)
        code = file_write(eval->out, bytes, size, &error);
    answer_free(&answer);
    return code < 0 ? ctl_fail(eval->ctl, &error) : CTL_DONE;
}

static int eval_reply(struct eval *eval) {
    struct answer answer;
    struct px_error error;
    int code = eval_ask(eval, &answer);
    if (code != CTL_DONE)
        return code;
    if (!eval->out)
        code = eval_summary(eval, &answer.document.root);
    else if (file_write(eval->out, answer.reply.bytes, answer.reply.size, &error) < 0)
        code = ctl_fail(eval->ctl, &error);
    answer_free(&answer);
    return code;
}

static int eval_run(struct ctl *ctl) {
    struct eval eval = {.ctl = ctl, .out = ctl_option(ctl, "--out"), .seeded = ctl_option(ctl, "--seed")};
    struct px_error error;
    if (!ctl_number(ctl, "--t", 0, &eval.t) || !ctl_number(ctl, "--seed", 0, &eval.seed))
        return CTL_USAGE;
    bool svg = eval.out && ends_with(eval.out, ".svg");
    if (eval.out && !svg && !ends_with(eval.out, ".msgpack") && strcmp(eval.out, "-") != 0)
        return ctl_usage(ctl, "--out wants FILE.svg, FILE.msgpack or -, not %s", eval.out);
    if (eval_read_plan(&eval, ctl->arguments[0], &error) < 0)
        return ctl_fail(ctl, &error);
    int code = ctl_connect(ctl);
    if (code == CTL_DONE)
        code = svg ? eval_svg(&eval) : eval_reply(&eval);
    px_reply_free(&eval.plan);
    return code;
}

static const struct verb_option options[] = {
    {"--t", "SECONDS", "for expressions in the plan (default 0)"},
    {"--seed", "N", "in place of the plan's own"},
    {"--out", "FILE", "FILE.svg; or FILE.msgpack, - : the whole answer of geometry.eval"},
};

const struct verb eval_verb = {
    .name = "eval",
    .arguments = "PLAN.json|- [--t SECONDS] [--seed N] [--out FILE]",
    .summary = "evaluate a plan once and print each layer's counts, bounds and signature",
    .help = "  echo '{\"shape\": \"sphere\", \"effects\": [[\"scale\", {\"scale\": [50, 50, 50]}]]}' | pxctl eval -",
    .least = 1,
    .most = 1,
    VERB_OPTIONS(options),
    .run = eval_run,
};
