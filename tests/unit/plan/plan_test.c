/* Good plans: what they mean, their signatures, templates and live parameters. */
#include "tests/unit/plan/plan_text.h"

#include "daemon/plan/plan_memory.h"

#include <stdio.h>

static struct resources *resources;

static struct plan *decode_with(const char *text, struct overrides *overrides) {
    struct plan_options options = plan_text_options(resources);
    options.overrides = overrides;
    struct plan *plan = NULL;
    struct px_error error = {0};
    int code = plan_text_decode(text, &options, &plan, &error);
    ck_assert_msg(code == 0, "%s: %s", text, error.message);
    return plan;
}

static struct plan *decode(const char *text) {
    return decode_with(text, NULL);
}

static struct px_signature signature_of(const char *text) {
    struct plan *plan = decode(text);
    const struct plan_node *node = plan->layers[0].node;
    struct px_signature signature = node->signatures[node->effect_count];
    plan_unref(plan);
    return signature;
}

/* ---- meaning ----------------------------------------------------------------------------------------------------- */

START_TEST(the_defaults_are_a5_white_black_and_a_quarter_millimetre) {
    struct plan *plan = decode("{\"layers\":[{\"shape\":\"line\"}]}");
    ck_assert(plan->canvas.size[0] == 148 && plan->canvas.size[1] == 210);
    ck_assert(plan->canvas.background[0] == 1 && plan->canvas.background[3] == 1);
    ck_assert(plan->layers[0].color[0] == 0 && plan->layers[0].color[3] == 1);
    ck_assert(plan->layers[0].thickness == 0.25f);
    ck_assert_str_eq(plan->layers[0].name, "layer0");
    ck_assert_uint_eq(plan->seed, 0);
    plan_unref(plan);
}
END_TEST

START_TEST(layers_take_the_canvas_defaults_wherever_it_stands) {
    struct plan *plan = decode("{\"layers\":[{\"shape\":\"line\",\"name\":nil},{\"shape\":\"line\",\"color\":[1,0,0.5],"
                               "\"thickness\":2}],\"seed\":-3,\"canvas\":{\"color\":\"#ff000080\",\"thickness\":0.5,"
                               "\"size\":\"B5_LANDSCAPE\"}}");
    ck_assert(plan->canvas.size[0] == 250 && plan->canvas.size[1] == 176);
    ck_assert(plan->layers[0].color[0] == 1 && plan->layers[0].color[3] == 128 / 255.0f);
    ck_assert(plan->layers[0].thickness == 0.5f);
    ck_assert(plan->layers[1].color[2] == 0.5f && plan->layers[1].color[3] == 1 && plan->layers[1].thickness == 2);
    ck_assert_uint_eq(plan->seed, (uint64_t)-3);
    plan_unref(plan);
}
END_TEST

START_TEST(one_node_is_a_plan) {
    struct plan *plan = decode("{\"lines\":[[[1,2],[3,4,5]],[]],\"effects\":[[\"fill\"],[\"twist\",{\"bypass\":true}],"
                               "[\"scale\"]]}");
    const struct plan_node *node = plan->layers[0].node;
    ck_assert_uint_eq(plan->layer_count, 1);
    ck_assert_uint_eq(node->lines.vertex_count, 2);
    ck_assert_uint_eq(node->lines.line_count, 2);
    ck_assert(node->lines.coords[2] == 0 && node->lines.coords[5] == 5);
    ck_assert_uint_eq(node->effect_count, 2);
    ck_assert_str_eq(node->effects[1].kernel->name, "scale");
    ck_assert_uint_eq(node->effects[1].index, 2);
    plan_unref(plan);
}
END_TEST

/* ---- signatures -------------------------------------------------------------------------------------------------- */

static void assert_same(const char *a, const char *b, bool same) {
    ck_assert_msg(px_signature_equal(signature_of(a), signature_of(b)) == same, "%s\n%s", a, b);
}

START_TEST(a_signature_knows_what_changes_bytes_and_nothing_else) {
    assert_same("{\"shape\":\"polygon\"}", "{\"shape\":\"polygon\"}", true);
    assert_same("{\"shape\":\"polygon\"}", "{\"shape\":\"polygon\",\"params\":{\"n_sides\":6,\"phase\":0}}", true);
    assert_same("{\"shape\":\"polygon\",\"params\":{\"phase\":-0.0}}", "{\"shape\":\"polygon\"}", true);
    assert_same("{\"shape\":\"polygon\",\"params\":{\"phase\":5,\"n_sides\":7}}",
                "{\"shape\":\"polygon\",\"params\":{\"n_sides\":7.2,\"phase\":5.0}}", true);
    assert_same("{\"shape\":\"polygon\",\"label\":\"x\"}", "{\"shape\":\"polygon\"}", true);
    assert_same("{\"shape\":\"polygon\",\"effects\":[[\"scale\",{\"bypass\":true}]]}", "{\"shape\":\"polygon\"}", true);
    assert_same("{\"layers\":[{\"shape\":\"polygon\",\"color\":\"#ff0000\",\"name\":\"n\"}],\"seed\":5}",
                "{\"shape\":\"polygon\"}", true);
    assert_same("{\"shape\":\"polygon\"}", "{\"shape\":\"line\"}", false);
    assert_same("{\"shape\":\"polygon\"}", "{\"shape\":\"polygon\",\"effects\":[[\"scale\"]]}", false);
    assert_same("{\"shape\":\"line\",\"effects\":[[\"scale\"],[\"twist\"]]}",
                "{\"shape\":\"line\",\"effects\":[[\"twist\"],[\"scale\"]]}", false);
    assert_same("{\"shape\":\"line\",\"effects\":[[\"fill\",{\"density\":5}]]}",
                "{\"shape\":\"line\",\"effects\":[[\"fill\",{\"density\":[5]}]]}", true);
    assert_same("{\"shape\":\"line\",\"effects\":[[\"fill\",{\"density\":5}]]}",
                "{\"shape\":\"line\",\"effects\":[[\"fill\",{\"density\":[5,5]}]]}", false);
    assert_same("{\"shape\":\"line\",\"effects\":[[\"scale\",{\"scale\":2}]]}",
                "{\"shape\":\"line\",\"effects\":[[\"scale\",{\"scale\":[2,2,2]}]]}", true);
    assert_same("{\"lines\":[[[1,2]]]}",
                "{\"lines\":{\"coords\":'0000803f0000004000000000',\"offsets\":'0000000001000000'}}", true);
    assert_same("{\"lines\":[[[1,2],[3,4]]]}", "{\"lines\":[[[1,2]],[[3,4]]]}", false);
    assert_same("{\"concat\":[{\"shape\":\"line\"}]}", "{\"shape\":\"line\"}", false);
    assert_same("{\"concat\":[{\"shape\":\"line\"},{\"shape\":\"grid\"}]}",
                "{\"concat\":[{\"shape\":\"grid\"},{\"shape\":\"line\"}]}", false);
    assert_same("{\"shape\":\"text\",\"params\":{\"text\":\"ab\",\"font\":\"DejaVuSans.ttf\"}}",
                "{\"shape\":\"text\",\"params\":{\"text\":\"ab\",\"font\":\"DejaVuSans-Bold\"}}", false);
}
END_TEST

/* A value that is not the default, as text. */
static bool other_value(const struct param *param, char *out, size_t size) {
    switch (param->type) {
    case PARAM_NUMBER:
    case PARAM_INTEGER:
    case PARAM_VECTOR:
    case PARAM_NUMBERS:
        snprintf(out, size, "%d", param->type == PARAM_VECTOR && param->def_list != NULL ? 77 : (int)param->def + 3);
        return true;
    case PARAM_BOOL:
    case PARAM_BOOLS:
        snprintf(out, size, "%s", param->def != 0 ? "false" : "true");
        return true;
    case PARAM_STRING:
        snprintf(out, size, "\"other\"");
        return true;
    case PARAM_CHOICE:
        snprintf(out, size, "\"%s\"", param->choices[param->def != 0 ? 0 : 1]);
        return true;
    case PARAM_REGION:
        snprintf(out, size, "[1,2,3,4]");
        return true;
    default: /* fonts are looked at above; nodes are no values */
        return false;
    }
}

static void assert_param_counts(const struct kernel *kernel, const struct param *param) {
    char value[64], plain[256], changed[256];
    const char *format = kernel->role == KERNEL_SHAPE ? "{\"shape\":\"%s\",\"params\":{%s%s%s%s%s}}"
                                                      : "{\"shape\":\"line\",\"effects\":[[\"%s\",{%s%s%s%s%s}]]}";
    if (!other_value(param, value, sizeof value))
        return;
    snprintf(plain, sizeof plain, format, kernel->name, "", "", "", "", "");
    snprintf(changed, sizeof changed, format, kernel->name, "\"", param->name, "\":", value, "");
    struct plan_options options = plan_text_options(resources);
    struct plan *plan = NULL;
    if (plan_text_decode(changed, &options, &plan, NULL) == 0) { /* a kernel's own check may refuse it */
        plan_unref(plan);
        assert_same(plain, changed, false);
    }
}

START_TEST(every_parameter_of_every_kernel_changes_the_signature) {
    size_t count;
    const struct kernel *const *kernels = kernel_list(&count);
    for (size_t i = 0; i < count; i++) {
        bool needs_node = false;
        for (size_t j = 0; j < kernels[i]->param_count; j++)
            needs_node |= kernels[i]->params[j].required;
        for (size_t j = 0; j < kernels[i]->param_count && !needs_node; j++)
            assert_param_counts(kernels[i], &kernels[i]->params[j]);
    }
}
END_TEST

START_TEST(the_seed_counts_only_where_it_is_used) {
    size_t count;
    const struct kernel *const *kernels = kernel_list(&count);
    for (size_t i = 0; i < count; i++) {
        char texts[2][160];
        for (int seed = 0; seed < 2; seed++)
            snprintf(texts[seed], sizeof texts[seed],
                     kernels[i]->role == KERNEL_SHAPE
                         ? "{\"seed\":%d,\"layers\":[{\"shape\":\"%s\"}]}"
                         : "{\"seed\":%d,\"layers\":[{\"shape\":\"line\",\"effects\":[[\"%s\"]]}]}",
                     seed, kernels[i]->name);
        bool needs_node = false;
        for (size_t j = 0; j < kernels[i]->param_count; j++)
            needs_node |= kernels[i]->params[j].required;
        if (!needs_node)
            assert_same(texts[0], texts[1], !kernels[i]->uses_seed);
    }
}
END_TEST

/* ---- templates --------------------------------------------------------------------------------------------------- */

static const char template_text[] =
    "{\"seed\":\"=9\",\"canvas\":{\"size\":[\"=w\",100]},\"layers\":[{\"shape\":\"polygon\",\"thickness\":\"=cc[1]\","
    "\"color\":[\"=math.t\",0,0],\"params\":{\"phase\":\"=frame\"},\"effects\":[[\"scale\",{\"scale\":[1,\"=lfo(1)\",2]"
    "}],"
    "[\"fill\",{\"density\":[\"=1\",3]}]]},{\"lines\":[[[1,2],[3,4]]]},{\"lines\":[[[\"=2\",2],[3,4]]]}]}";

START_TEST(expressions_are_found_with_their_places) {
    struct plan *plan = decode(template_text);
    static const char *const paths[] = {"plan.canvas.size[0]",
                                        "plan.seed",
                                        "plan.layers[0].color[0]",
                                        "plan.layers[0].thickness",
                                        "plan.layers[0].params.phase",
                                        "plan.layers[0].effects[0].scale[1]",
                                        "plan.layers[0].effects[1].density[0]",
                                        "plan.layers[2].lines[0][0][0]"};
    ck_assert_uint_eq(plan->expression_count, 8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_str_eq(plan->expressions[i].path, paths[i]);
    ck_assert_str_eq(plan->expressions[3].source, "cc[1]");
    ck_assert(plan->expressions[3].uses_cc && !plan->expressions[3].uses_time);
    ck_assert(!plan->expressions[2].uses_time); /* a field of something is no variable */
    ck_assert(plan->expressions[4].uses_time && plan->expressions[5].uses_time);
    plan_unref(plan);
}
END_TEST

START_TEST(an_instance_is_the_plan_with_the_values_in_place) {
    struct plan *template_plan = decode(template_text), *plan = NULL;
    struct plan_options options = plan_text_options(resources);
    const double values[] = {50, 9, 2, -1, 30, 0.5, 7, 1};
    struct px_error error = {0};
    int code = plan_instantiate(template_plan, values, 8, &options, &plan, &error);
    ck_assert_msg(code == 0, "%s", error.message);
    plan_unref(template_plan); /* the instance keeps what it borrows */
    ck_assert_uint_eq(plan->expression_count, 0);
    ck_assert_uint_eq(plan->seed, 9);
    ck_assert(plan->canvas.size[0] == 50);
    ck_assert(plan->layers[0].color[0] == 1 && plan->layers[0].thickness == 0); /* clamped, not refused */
    ck_assert(plan->layers[1].node->lines.coords[3] == 3);
    ck_assert(plan->layers[2].node->lines.coords[0] == 1);
    struct px_signature written =
        signature_of("{\"shape\":\"polygon\",\"params\":{\"phase\":30},\"effects\":[[\"scale\","
                     "{\"scale\":[1,0.5,2]}],[\"fill\",{\"density\":[7,3]}]]}");
    ck_assert(px_signature_equal(plan->layers[0].node->signatures[2], written));
    plan_unref(plan);
}
END_TEST

START_TEST(a_value_that_is_no_number_names_its_expression) {
    struct plan *template_plan = decode("{\"shape\":\"line\",\"params\":{\"length\":\"=0/0\"}}"), *plan = NULL;
    struct plan_options options = plan_text_options(resources);
    const double value = NAN;
    struct px_error error = {0};
    ck_assert_int_eq(plan_instantiate(template_plan, &value, 1, &options, &plan, &error), PX_E_RANGE);
    ck_assert_str_eq(error.message, "plan.params.length: the expression \"=0/0\" gives NaN, a finite number is needed");
    plan_unref(template_plan);
}
END_TEST

/* ---- live parameters --------------------------------------------------------------------------------------------- */

static struct overrides *overrides_of(const char *const *addresses, const char *const *values, const bool *cc,
                                      size_t count) {
    struct override list[8] = {{0}};
    struct plan_text parsed[8];
    struct overrides *overrides;
    for (size_t i = 0; i < count; i++) {
        parsed[i] = plan_text_parse(values[i]);
        list[i] = (struct override){addresses[i], &parsed[i].document.root, cc != NULL && cc[i]};
    }
    ck_assert_int_eq(overrides_create(list, count, &overrides, NULL), 0);
    for (size_t i = 0; i < count; i++)
        plan_text_free(&parsed[i]); /* create copies everything */
    return overrides;
}

struct visited {
    char text[4096];
};

static void visit(void *argument, const char *address, const struct kernel *kernel, const struct param *param,
                  const void *value, const char *from) {
    struct visited *visited = argument;
    char number[32] = "-";
    (void)kernel;
    if (param->type == PARAM_NUMBER)
        snprintf(number, sizeof number, "%g", *(const double *)value);
    if (param->type == PARAM_INTEGER)
        snprintf(number, sizeof number, "%d", (int)*(const int64_t *)value);
    if (param->type == PARAM_BOOL)
        snprintf(number, sizeof number, "%d", *(const bool *)value);
    size_t at = strlen(visited->text);
    snprintf(visited->text + at, sizeof visited->text - at, "%s %s %s\n", address, number, from);
}

START_TEST(parameters_are_listed_with_address_value_and_origin) {
    struct plan *plan =
        decode("{\"layers\":[{\"name\":\"a.b/c#d\",\"shape\":\"line\",\"params\":{\"angle\":5},"
               "\"effects\":[[\"trim\"],[\"trim\",{\"bypass\":true}]]},"
               "{\"concat\":[{\"shape\":\"line\"},{\"shape\":\"line\",\"label\":\"own\"},{\"shape\":\"line\"}]}]}");
    struct visited visited = {""};
    plan_parameters(plan, visit, &visited);
    ck_assert_str_eq(visited.text, "a_b_c_d/line.length 1 default\na_b_c_d/line.angle 5 explicit\n"
                                   "a_b_c_d/trim.start_param 0.1 default\na_b_c_d/trim.end_param 0.5 default\n"
                                   "a_b_c_d/trim.bypass 0 default\n"
                                   "a_b_c_d/trim#2.start_param 0.1 default\na_b_c_d/trim#2.end_param 0.5 default\n"
                                   "a_b_c_d/trim#2.bypass 1 explicit\n"
                                   "layer1/line.length 1 default\nlayer1/line.angle 0 default\n"
                                   "own/line.length 1 default\nown/line.angle 0 default\n"
                                   "layer1/line#2.length 1 default\nlayer1/line#2.angle 0 default\n");
    plan_unref(plan);
}
END_TEST

START_TEST(overrides_win_over_the_plan_and_controllers_are_told_apart) {
    static const char *const addresses[] = {"layer0/trim#2.bypass", "layer0/line.angle",    "layer0/trim.end_param",
                                            "layer0/line.length",   "layer0/line.nonsense", "layer00/line.angle"};
    static const char *const values[] = {"true", "7", "0.9", "\"long\"", "1", "99"};
    static const bool cc[] = {false, false, true, false, false, false};
    struct overrides *overrides = overrides_of(addresses, values, cc, 6);
    struct plan *plan = decode_with("{\"layers\":[{\"shape\":\"line\",\"params\":{\"angle\":5,\"length\":3},"
                                    "\"effects\":[[\"trim\"],[\"trim\"]]}]}",
                                    overrides);
    struct visited visited = {""};
    plan_parameters(plan, visit, &visited);
    ck_assert_str_eq(visited.text, "layer0/line.length 3 explicit\nlayer0/line.angle 7 override\n"
                                   "layer0/trim.start_param 0.1 default\nlayer0/trim.end_param 0.9 cc\n"
                                   "layer0/trim.bypass 0 default\n"
                                   "layer0/trim#2.start_param 0.1 default\nlayer0/trim#2.end_param 0.5 default\n"
                                   "layer0/trim#2.bypass 1 override\n");
    ck_assert_uint_eq(plan->layers[0].node->effect_count, 1);
    plan_unref(plan);
    overrides_unref(overrides);
}
END_TEST

START_TEST(an_override_wins_over_an_expression_that_is_still_evaluated) {
    static const char *const address = "layer0/line.length", *const value = "4";
    struct overrides *overrides = overrides_of(&address, &value, NULL, 1);
    struct plan_options options = plan_text_options(resources);
    options.overrides = overrides;
    struct plan *template_plan = decode_with("{\"shape\":\"line\",\"params\":{\"length\":\"=t\"}}", overrides), *plan;
    const double t = 2;
    ck_assert_uint_eq(template_plan->expression_count, 1);
    ck_assert_int_eq(plan_instantiate(template_plan, &t, 1, &options, &plan, NULL), 0);
    ck_assert(px_signature_equal(plan->layers[0].node->signatures[0],
                                 signature_of("{\"shape\":\"line\",\"params\":{\"length\":4}}")));
    plan_unref(plan);
    plan_unref(template_plan);
    overrides_unref(overrides);
}
END_TEST

START_TEST(a_snapshot_finds_by_address_and_by_prefix) {
    static const char *const addresses[] = {"b/x.p", "a/x.q", "a/x.p", "ab/x.p"};
    static const char *const values[] = {"1", "2", "3", "4"};
    struct overrides *overrides = overrides_of(addresses, values, NULL, 4);
    size_t count;
    const struct override *list = overrides_under(overrides, "a/", 2, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(list[0].address, "a/x.p");
    ck_assert_uint_eq(overrides_find(overrides, "ab/x.p")->value->uinteger, 4);
    ck_assert_ptr_null(overrides_find(overrides, "a/x."));
    ck_assert_ptr_null(overrides_find(NULL, "a/x.p"));
    overrides_unref(overrides);
}
END_TEST

/* ---- memory, fonts ----------------------------------------------------------------------------------------------- */

START_TEST(plans_of_a_kind_take_one_recycled_block) {
    struct plan_blocks *blocks = plan_blocks_create();
    struct plan_options options = plan_text_options(resources);
    options.blocks = blocks;
    struct plan *before = NULL;
    for (int i = 0; i < 4; i++) {
        struct plan *plan = NULL;
        ck_assert_int_eq(plan_text_decode("{\"shape\":\"line\"}", &options, &plan, NULL), 0);
        ck_assert(before == NULL || before == plan);
        before = plan;
        plan_unref(plan);
    }
    plan_blocks_unref(blocks);
}
END_TEST

START_TEST(a_font_is_found_by_path_and_by_part_of_its_name) {
    struct resource by_name, by_path, missing;
    static const char path[] = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    ck_assert_int_eq(resources_font(resources, path, strlen(path), &by_path, NULL), 0);
    ck_assert_int_eq(resources_font(resources, "dejavusans.ttf", 14, &by_name, NULL), 0);
    ck_assert_ptr_eq(by_path.bytes, by_name.bytes); /* read once */
    ck_assert_int_eq(resources_font(resources, "no such font", 12, &missing, NULL), 0);
    ck_assert(missing.fallback && !by_name.fallback && !by_path.fallback);
    ck_assert(px_signature_equal(missing.digest, by_path.digest));
}
END_TEST

int main(void) {
    if (resources_create(&resources, NULL) < 0)
        return 1;
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, the_defaults_are_a5_white_black_and_a_quarter_millimetre);
    tcase_add_test(tests, layers_take_the_canvas_defaults_wherever_it_stands);
    tcase_add_test(tests, one_node_is_a_plan);
    tcase_add_test(tests, a_signature_knows_what_changes_bytes_and_nothing_else);
    tcase_add_test(tests, every_parameter_of_every_kernel_changes_the_signature);
    tcase_add_test(tests, the_seed_counts_only_where_it_is_used);
    tcase_add_test(tests, expressions_are_found_with_their_places);
    tcase_add_test(tests, an_instance_is_the_plan_with_the_values_in_place);
    tcase_add_test(tests, a_value_that_is_no_number_names_its_expression);
    tcase_add_test(tests, parameters_are_listed_with_address_value_and_origin);
    tcase_add_test(tests, overrides_win_over_the_plan_and_controllers_are_told_apart);
    tcase_add_test(tests, an_override_wins_over_an_expression_that_is_still_evaluated);
    tcase_add_test(tests, a_snapshot_finds_by_address_and_by_prefix);
    tcase_add_test(tests, plans_of_a_kind_take_one_recycled_block);
    tcase_add_test(tests, a_font_is_found_by_path_and_by_part_of_its_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    resources_destroy(resources);
    return failed != 0;
}
