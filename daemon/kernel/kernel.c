/* kernel.c: what kernels call: room for output, the vertex budget, warnings. */
#include "daemon/kernel/kernel.h"

#include <stdarg.h>
#include <stdio.h>

int kernel_output_reserve(struct kernel_output *output, size_t vertices, size_t lines, struct px_error *error) {
    if (vertices > PX_GEOMETRY_VERTICES_MAX || lines > PX_GEOMETRY_LINES_MAX)
        return px_fail(error, PX_E_LIMIT, "%zu vertices in %zu lines; the limit is %d in %d", vertices, lines,
                       (int)PX_GEOMETRY_VERTICES_MAX, (int)PX_GEOMETRY_LINES_MAX);
    const bool enough =
        output->offsets != NULL && vertices <= output->reserved_vertices && lines <= output->reserved_lines;
    const int code = enough ? 0 : output->reserve(output, vertices, lines, error);
    if (code == 0)
        output->offsets[0] = 0;
    return code;
}

int kernel_check_budget(const struct kernel_context *context, const char *what, double vertices, double lines,
                        struct px_error *error) {
    const double budget = context->vertex_budget < PX_GEOMETRY_VERTICES_MAX ? (double)context->vertex_budget
                                                                            : (double)PX_GEOMETRY_VERTICES_MAX;
    if (vertices > budget)
        return px_fail(error, PX_E_LIMIT, "%s would make %.10g vertices, the budget is %.0f", what, vertices, budget);
    if (lines > PX_GEOMETRY_LINES_MAX)
        return px_fail(error, PX_E_LIMIT, "%s would make %.10g lines, the limit is %d", what, lines,
                       (int)PX_GEOMETRY_LINES_MAX);
    return 0;
}

void kernel_warn(struct kernel_warnings *warnings, const char *format, ...) {
    if (warnings->count++ >= KERNEL_WARNINGS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(warnings->text[warnings->count - 1], KERNEL_WARNING_BYTES, format, arguments);
    va_end(arguments);
}
