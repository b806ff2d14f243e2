#include "daemon/rpc/describe.h"

#include "daemon/kernel/kernel.h"
#include "daemon/plan/plan.h"
#include "daemon/rpc/server_methods.h"

#include <math.h>

static void write_finite(struct px_writer *writer, double number) {
    if (isfinite(number))
        px_write_real(writer, number);
    else
        px_write_nil(writer);
}

static void write_numbers(struct px_writer *writer, const struct param *param, uint32_t count) {
    px_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        px_write_real(writer, param->def_list != NULL && i < param->def_count ? param->def_list[i] : param->def);
}

static void write_default(struct px_writer *writer, const struct param *param) {
    if (param->required) {
        px_write_nil(writer);
        return;
    }
    switch (param->type) {
    case PARAM_NUMBER:
        write_finite(writer, param->def);
        break;
    case PARAM_INTEGER:
        px_write_int(writer, (int64_t)param->def);
        break;
    case PARAM_BOOL:
    case PARAM_BOOLS:
        px_write_bool(writer, param->def != 0);
        break;
    case PARAM_VECTOR:
        write_numbers(writer, param, 3);
        break;
    case PARAM_REGION:
        write_numbers(writer, param, 4);
        break;
    case PARAM_NUMBERS:
        if (param->def_list != NULL)
            write_numbers(writer, param, param->def_count);
        else
            write_finite(writer, param->def);
        break;
    case PARAM_CHOICE:
        px_write_string(writer, param->choices[(int)param->def]);
        break;
    case PARAM_STRING:
    case PARAM_RESOURCE:
        px_write_string(writer, param->def_text != NULL ? param->def_text : "");
        break;
    case PARAM_NODE:
        px_write_nil(writer);
        break;
    }
}

static void write_choices(struct px_writer *writer, const struct param *param) {
    uint32_t count = 0;
    while (param->choices != NULL && param->choices[count] != NULL)
        count++;
    if (count == 0) {
        px_write_nil(writer);
        return;
    }
    px_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        px_write_string(writer, param->choices[i]);
}

static void write_slider(struct px_writer *writer, const struct param *param, double value) {
    if (param->min < param->max)
        px_write_real(writer, value);
    else
        px_write_nil(writer);
}

static void write_param(struct px_writer *writer, const struct param *param) {
    px_write_map(writer, 11);
    px_key(writer, "name");
    px_write_string(writer, param->name);
    px_key(writer, "type");
    px_write_string(writer, param_type_name(param->type));
    px_key(writer, "unit");
    px_write_string(writer, param->unit != NULL ? param->unit : "");
    px_key(writer, "default");
    write_default(writer, param);
    px_key(writer, "min");
    write_slider(writer, param, param->min);
    px_key(writer, "max");
    write_slider(writer, param, param->max);
    px_key(writer, "step");
    write_slider(writer, param, param->step);
    px_key(writer, "choices");
    write_choices(writer, param);
    px_key(writer, "help");
    px_write_string(writer, param->help != NULL ? param->help : "");
    px_key(writer, "required");
    px_write_bool(writer, param->required);
    px_key(writer, "since");
    px_write_string(writer, "1");
}

static void write_kernel(struct px_writer *writer, const struct kernel *kernel) {
    static const char *const kinds[] = {"points", "lines", "whole"};
    px_write_map(writer, 7);
    px_key(writer, "name");
    px_write_string(writer, kernel->name);
    px_key(writer, "role");
    px_write_string(writer, kernel->role == KERNEL_SHAPE ? "shape" : "effect");
    px_key(writer, "kind");
    px_write_string(writer, kinds[kernel->kind]);
    px_key(writer, "version");
    px_write_uint(writer, kernel->version);
    px_key(writer, "help");
    px_write_string(writer, kernel->help != NULL ? kernel->help : "");
    px_key(writer, "since");
    px_write_string(writer, "1");
    px_key(writer, "params");
    px_write_array(writer, (uint32_t)kernel->param_count);
    for (size_t i = 0; i < kernel->param_count; i++)
        write_param(writer, &kernel->params[i]);
}

static void write_kernels(struct px_writer *writer) {
    size_t count = 0;
    const struct kernel *const *kernels = kernel_list(&count);
    px_write_array(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        write_kernel(writer, kernels[i]);
}

static void write_plan(struct px_writer *writer) {
    const struct px_message *const parts[] = {&plan_message, &canvas_message, &layer_message, &node_message};
    enum { PARTS = sizeof parts / sizeof parts[0] };
    px_write_array(writer, PARTS);
    for (size_t i = 0; i < PARTS; i++) {
        px_write_map(writer, 2);
        px_key(writer, "name");
        px_write_string(writer, parts[i]->name);
        px_key(writer, "fields");
        px_message_describe(parts[i], writer);
    }
}

void describe_write(const struct rpc *rpc, struct px_writer *writer) {
    px_write_map(writer, 4);
    px_key(writer, "api");
    px_write_uint(writer, SERVER_API);
    px_key(writer, "methods");
    rpc_describe_methods(rpc, writer);
    px_key(writer, "kernels");
    write_kernels(writer);
    px_key(writer, "plan");
    write_plan(writer);
}
