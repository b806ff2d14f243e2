#include "client/ctl/job.h"

#include "client/ctl/value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { JOB_LOOK_FIRST_MS = 1, JOB_LOOK_LAST_MS = 50 };

int job_format(const char *format, struct px_error *error) {
    if (strcmp(format, "mp4") == 0)
        return px_fail(error, PX_E_UNSUPPORTED, "format %s: video is the viewer's; render PNGs and join them", format);
    return 0;
}

static int write_options(struct px_writer *params, const char *json, struct px_error *error) {
    struct px_reply options;
    int code = px_from_json(json, strlen(json), &options, error);
    if (code < 0)
        return code;
    px_key(params, "options");
    px_write_raw(params, options.bytes, options.size);
    px_reply_free(&options);
    return 0;
}

static int write_order(struct px_writer *params, const struct job_order *order, struct px_error *error) {
    px_write_map(params, order->options ? 4 : 3);
    px_key(params, order->plan.bytes ? "plan" : "sketch");
    if (order->plan.bytes)
        px_write_raw(params, order->plan.bytes, order->plan.size);
    else
        px_write_string(params, order->sketch);
    px_key(params, "t");
    px_write_real(params, order->t);
    px_key(params, "format");
    px_write_string(params, order->format);
    return order->options ? write_options(params, order->options, error) : 0;
}

int job_start(struct ctl *ctl, const struct job_order *order, uint64_t *id, struct px_error *error) {
    struct px_writer params;
    struct answer answer = {0};
    px_writer_init(&params, 0);
    int code = write_order(&params, order, error);
    if (code == 0)
        code = ctl_ask(ctl, "export.start", &params, &answer, error);
    else
        px_writer_free(&params);
    if (code == 0) {
        double number = value_number(&answer.document.root, "id", -1);
        *id = (uint64_t)number;
        if (number < 0)
            code = px_fail(error, PX_E_PROTOCOL, "export.start gave no id");
    }
    answer_free(&answer);
    return code;
}

static int job_ask(struct ctl *ctl, const char *method, uint64_t id, struct answer *answer, struct px_error *error) {
    struct px_writer params;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "id");
    px_write_uint(&params, id);
    return ctl_ask(ctl, method, &params, answer, error);
}

int job_finish(struct ctl *ctl, uint64_t id, struct answer *answer, const void **bytes, size_t *size,
               struct px_error *error) {
    struct px_error why;
    long wait_ms = JOB_LOOK_FIRST_MS;
    int code;
    while ((code = job_ask(ctl, "job.result", id, answer, &why)) == PX_E_BUSY) {
        nanosleep(&(struct timespec){.tv_nsec = wait_ms * 1000000}, NULL);
        wait_ms = wait_ms * 2 > JOB_LOOK_LAST_MS ? JOB_LOOK_LAST_MS : wait_ms * 2;
    }
    if (code < 0)
        return px_fail(error, code, "%s", why.message);
    const struct px_value *data = px_value_get(&answer->document.root, "bytes");
    if (!data || data->type != PX_BIN)
        return px_fail(error, PX_E_PROTOCOL, "job.result gave no bytes");
    *bytes = data->bytes;
    *size = data->count;
    return 0;
}

void job_cancel(struct ctl *ctl, uint64_t id) {
    struct answer answer;
    job_ask(ctl, "job.cancel", id, &answer, NULL);
    answer_free(&answer);
}
