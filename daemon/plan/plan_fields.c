/* plan_fields.c: the fields of a plan as tables, for describe; the decoder in plan_decode.c and node_decode.c has more
 * to say than such a table can (expressions, either-or), and its tests hold the two together. */
#include "daemon/plan/plan.h"

struct plan_fields {
    const struct px_value *canvas, *seed, *layers;
};
static const struct px_field plan_table[] = {
    PX_FIELD(MAP, struct plan_fields, canvas, .nullable = true, .help = "The paper and the defaults of its lines."),
    PX_FIELD(VALUE, struct plan_fields, seed, .nullable = true,
             .help = "A whole number, default 0: feeds kernels that draw random numbers without a seed of their own."),
    PX_FIELD(LIST, struct plan_fields, layers, .required = true,
             .help = "Layers, drawn in this order. A plan may also be one node."),
};
const struct px_message plan_message = PX_MESSAGE("plan", plan_table, struct plan_fields);

struct canvas_fields {
    const struct px_value *size, *background, *color, *thickness;
};
static const struct px_field canvas_table[] = {
    PX_FIELD(VALUE, struct canvas_fields, size, .nullable = true, .unit = "mm",
             .help =
                 "A3, A4, A5 (default), A6, B5, B6, each with _LANDSCAPE; SQUARE_100, _200, _300; or [width, height]."),
    PX_FIELD(VALUE, struct canvas_fields, background, .nullable = true,
             .help = "\"#rrggbb[aa]\" or three or four numbers from 0 to 1; default white."),
    PX_FIELD(VALUE, struct canvas_fields, color, .nullable = true, .help = "Of lines, default black."),
    PX_FIELD(VALUE, struct canvas_fields, thickness, .nullable = true, .unit = "mm", .help = "Of lines, default 0.25."),
};
const struct px_message canvas_message = PX_MESSAGE("canvas", canvas_table, struct canvas_fields);

struct layer_fields {
    const struct px_value *name, *color, *thickness;
};
static const struct px_field layer_table[] = {
    PX_FIELD(VALUE, struct layer_fields, name, .nullable = true,
             .help = "A string; default layer<i>. The fields of its node stand beside it."),
    PX_FIELD(VALUE, struct layer_fields, color, .nullable = true, .help = "Default: the canvas's."),
    PX_FIELD(VALUE, struct layer_fields, thickness, .nullable = true, .unit = "mm", .help = "Default: the canvas's."),
};
const struct px_message layer_message = PX_MESSAGE("layer", layer_table, struct layer_fields);

struct node_fields {
    const struct px_value *shape, *params, *lines, *concat, *effects, *label;
};
static const struct px_field node_table[] = {
    PX_FIELD(VALUE, struct node_fields, shape, .help = "The name of a shape. One of shape, lines, concat is needed."),
    PX_FIELD(MAP, struct node_fields, params, .nullable = true, .help = "The shape's parameters."),
    PX_FIELD(VALUE, struct node_fields, lines,
             .help = "{coords: float32 x y z, offsets: int32} as binaries, or [[[x, y(, z)], ...], ...]."),
    PX_FIELD(LIST, struct node_fields, concat, .help = "Nodes, put together into one geometry."),
    PX_FIELD(LIST, struct node_fields, effects, .nullable = true,
             .help = "[name, {parameters}] each; every effect also takes bypass."),
    PX_FIELD(VALUE, struct node_fields, label, .nullable = true,
             .help = "First part of the addresses of its live parameters; default: the layer's name."),
};
const struct px_message node_message = PX_MESSAGE("node", node_table, struct node_fields);
