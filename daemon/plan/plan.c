#include "daemon/plan/plan.h"

#include "daemon/plan/decode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct plan *plan_ref(struct plan *plan) {
    atomic_fetch_add_explicit(&plan_body_of(plan)->references, 1, memory_order_relaxed);
    return plan;
}

void plan_unref(struct plan *plan) {
    if (plan == NULL)
        return;
    struct plan_body *body = plan_body_of(plan);
    /* release, acquire: whoever recycles the memory has seen the last use of every other */
    if (atomic_fetch_sub_explicit(&body->references, 1, memory_order_acq_rel) != 1)
        return;
    struct plan_body *template_body = body->template_body;
    struct plan_memory memory = body->memory; /* the body stands in it */
    plan_memory_close(&memory);
    if (template_body != NULL)
        plan_unref(&template_body->plan);
}

/* ---- live parameters --------------------------------------------------------------------------------------------- */

static const struct param bypass_param = {
    .name = "bypass", .type = PARAM_BOOL, .unit = "", .help = "Leaves this effect out."};

static const char *const origin_names[] = {
    [ORIGIN_DEFAULT] = "default", [ORIGIN_EXPLICIT] = "explicit", [ORIGIN_OVERRIDE] = "override", [ORIGIN_CC] = "cc"};

/* How many steps before this one have its label and kernel. */
static size_t earlier_like(const struct live_steps *steps, size_t index) {
    const struct live_step *step = &steps->items[index];
    size_t count = 0;
    for (size_t i = 0; i < index; i++) {
        const struct live_step *other = &steps->items[i];
        count +=
            other->kernel == step->kernel && (other->label == step->label || strcmp(other->label, step->label) == 0);
    }
    return count;
}

static void visit_param(const struct live_step *step, size_t number, size_t index, plan_parameter_visit *visit,
                        void *argument) {
    const struct kernel *kernel = step->kernel;
    bool is_bypass = index == kernel->param_count;
    const struct param *param = is_bypass ? &bypass_param : &kernel->params[index];
    const void *value = is_bypass ? (const void *)&step->bypass : (const char *)step->params + param->offset;
    char address[1400];
    if (number == 0)
        snprintf(address, sizeof address, "%s/%s.%s", step->label, kernel->name, param->name);
    else
        snprintf(address, sizeof address, "%s/%s#%zu.%s", step->label, kernel->name, number + 1, param->name);
    visit(argument, address, kernel, param, value, origin_names[step->origins[index]]);
}

void plan_parameters(const struct plan *plan, plan_parameter_visit *visit, void *argument) {
    const struct live_steps *steps = &plan_body_of(plan)->steps;
    for (size_t i = 0; i < steps->count; i++) {
        const struct live_step *step = &steps->items[i];
        size_t number = earlier_like(steps, i);
        for (size_t j = 0; j < step->kernel->param_count; j++) {
            if (step->kernel->params[j].type != PARAM_NODE)
                visit_param(step, number, j, visit, argument);
        }
        if (step->kernel->role == KERNEL_EFFECT)
            visit_param(step, number, step->kernel->param_count, visit, argument);
    }
}

/* ---- values as a request gives them ------------------------------------------------------------------------------ */

static void write_numbers(struct px_writer *writer, const double *numbers, uint32_t count) {
    px_write_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        px_write_real(writer, numbers[i]);
}

static void write_bools(struct px_writer *writer, const struct param_bools *bools) {
    px_write_array(writer, bools->count);
    for (uint32_t i = 0; i < bools->count; i++)
        px_write_bool(writer, bools->items[i]);
}

static void write_string(struct px_writer *writer, const struct param_string *string) {
    px_write_text(writer, string->text, string->length);
}

void plan_param_write(const struct param *param, const void *value, struct px_writer *writer) {
    switch (param->type) {
    case PARAM_NUMBER:
        if (isnan(*(const double *)value))
            px_write_nil(writer);
        else
            px_write_real(writer, *(const double *)value);
        return;
    case PARAM_INTEGER:
        px_write_int(writer, *(const int64_t *)value);
        return;
    case PARAM_BOOL:
        px_write_bool(writer, *(const bool *)value);
        return;
    case PARAM_VECTOR:
        write_numbers(writer, value, 3);
        return;
    case PARAM_REGION:
        write_numbers(writer, value, 4);
        return;
    case PARAM_STRING:
        write_string(writer, value);
        return;
    case PARAM_RESOURCE:
        write_string(writer, &((const struct param_resource *)value)->name);
        return;
    case PARAM_CHOICE:
        px_write_string(writer, param->choices[*(const int32_t *)value]);
        return;
    case PARAM_NUMBERS:
        write_numbers(writer, ((const struct param_numbers *)value)->items,
                      ((const struct param_numbers *)value)->count);
        return;
    case PARAM_BOOLS:
        write_bools(writer, value);
        return;
    case PARAM_NODE:
        px_write_nil(writer);
        return;
    }
}
