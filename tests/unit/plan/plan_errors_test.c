/* Bad plans: each is refused with a code and a message that begins with the place and says what would be accepted. */
#include "tests/unit/plan/plan_text.h"

#include <stdio.h>

struct bad_plan {
    const char *text;
    int code;
    const char *begins; /* of the message */
};

#define LAYER(fields)  "{\"layers\":[{" fields "}]}"
#define SHAPE(fields)  LAYER("\"shape\":\"polygon\"," fields)
#define EFFECT(fields) LAYER("\"shape\":\"polygon\",\"effects\":[" fields "]")

static const struct bad_plan bad_plans[] = {
    {"3", PX_E_TYPE, "plan: expected a plan"},
    {"[]", PX_E_TYPE, "plan: expected a plan"},
    {"{}", PX_E_PARAM, "plan: no layers"},
    {"{\"layer\":[]}", PX_E_PARAM, "plan.layer: no such name; there are canvas, seed, layers"},
    {"{\"layers\":{}}", PX_E_TYPE, "plan.layers: expected a list of layers, got map"},
    {"{\"layers\":[3]}", PX_E_TYPE, "plan.layers[0]: expected a layer"},
    {"{\"layers\":[{}]}", PX_E_PARAM, "plan.layers[0]: nothing to draw; one of shape, lines or concat"},
    {"{\"layers\":[],\"seed\":\"x\"}", PX_E_TYPE, "plan.seed: expected a whole number, got string"},
    {"{\"layers\":[],\"seed\":1.5}", PX_E_RANGE, "plan.seed: expected a whole number, got 1.5"},
    {"{\"layers\":[],\"seed\":nan}", PX_E_RANGE, "plan.seed: expected a whole number, got NaN"},
    {"{\"layers\":[],\"canvas\":3}", PX_E_TYPE, "plan.canvas: expected a map"},
    {"{\"layers\":[],\"canvas\":{\"colour\":3}}", PX_E_PARAM, "plan.canvas.colour: no such name; there are size"},
    {"{\"layers\":[],\"canvas\":{\"size\":\"A9\"}}", PX_E_RANGE, "plan.canvas.size: no paper \"A9\"; expected A3, A4"},
    {"{\"layers\":[],\"canvas\":{\"size\":\"SQUARE\"}}", PX_E_RANGE, "plan.canvas.size: no paper"},
    {"{\"layers\":[],\"canvas\":{\"size\":[1]}}", PX_E_RANGE, "plan.canvas.size: expected A3"},
    {"{\"layers\":[],\"canvas\":{\"size\":[0,5]}}", PX_E_RANGE, "plan.canvas.size[0]: expected a length in mm from"},
    {"{\"layers\":[],\"canvas\":{\"size\":[5,inf]}}", PX_E_RANGE, "plan.canvas.size[1]: expected a length in mm"},
    {"{\"layers\":[],\"canvas\":{\"size\":4}}", PX_E_TYPE, "plan.canvas.size: expected A3"},
    {"{\"layers\":[],\"canvas\":{\"thickness\":-1}}", PX_E_RANGE, "plan.canvas.thickness: expected a thickness"},
    {"{\"layers\":[],\"canvas\":{\"background\":\"white\"}}", PX_E_RANGE,
     "plan.canvas.background: expected \"#rrggbb\""},
    {SHAPE("\"color\":\"#12345\""), PX_E_RANGE, "plan.layers[0].color: expected \"#rrggbb\""},
    {SHAPE("\"color\":\"#12345g\""), PX_E_RANGE, "plan.layers[0].color: expected"},
    {SHAPE("\"color\":[0,0]"), PX_E_RANGE, "plan.layers[0].color: expected"},
    {SHAPE("\"color\":[0,0,1.5]"), PX_E_RANGE, "plan.layers[0].color[2]: expected a number from 0 to 1, got 1.5"},
    {SHAPE("\"color\":[0,0,true]"), PX_E_TYPE, "plan.layers[0].color[2]: expected a number, got bool"},
    {SHAPE("\"color\":7"), PX_E_TYPE, "plan.layers[0].color: expected"},
    {SHAPE("\"thickness\":\"thin\""), PX_E_TYPE, "plan.layers[0].thickness: expected a thickness in mm, got string"},
    {SHAPE("\"name\":7"), PX_E_TYPE, "plan.layers[0].name: expected a string"},
    {SHAPE("\"label\":[]"), PX_E_TYPE, "plan.layers[0].label: expected a string"},
    {SHAPE("\"effect\":[]"), PX_E_PARAM, "plan.layers[0].effect: no such name; did you mean \"effects\"?"},
    {SHAPE("\"lines\":[]"), PX_E_PARAM, "plan.layers[0]: more than one source"},
    {SHAPE("\"params\":[]"), PX_E_TYPE, "plan.layers[0].params: expected a map of parameters"},
    {SHAPE("\"params\":{\"n_side\":3}"), PX_E_PARAM,
     "plan.layers[0].params.n_side: polygon has no such parameter; did you mean \"n_sides\"? it takes n_sides, phase"},
    {SHAPE("\"params\":{\"bypass\":true}"), PX_E_PARAM, "plan.layers[0].params.bypass: polygon has no such parameter"},
    {SHAPE("\"params\":{\"n_sides\":\"6\"}"), PX_E_TYPE, "plan.layers[0].params.n_sides: expected a whole number"},
    {SHAPE("\"params\":{\"n_sides\":true}"), PX_E_TYPE, "plan.layers[0].params.n_sides: expected a whole number"},
    {SHAPE("\"params\":{\"n_sides\":inf}"), PX_E_RANGE,
     "plan.layers[0].params.n_sides: expected a whole number, got inf"},
    {SHAPE("\"params\":{\"phase\":nan}"), PX_E_RANGE, "plan.layers[0].params.phase: expected a number, got NaN"},
    {SHAPE("\"params\":{\"phase\":nil}"), PX_E_TYPE, "plan.layers[0].params.phase: expected a number, got nil"},
    {SHAPE("\"params\":{\"phase\":[1,2,3]}"), PX_E_TYPE, "plan.layers[0].params.phase: expected a number, got list"},
    {LAYER("\"shape\":\"poligon\""), PX_E_PARAM,
     "plan.layers[0].shape: no shape \"poligon\"; did you mean \"polygon\"? there are line"},
    {LAYER("\"shape\":\"fill\""), PX_E_PARAM, "plan.layers[0].shape: no shape \"fill\""},
    {LAYER("\"shape\":7"), PX_E_TYPE, "plan.layers[0].shape: expected the name of a shape"},
    {LAYER("\"shape\":\"text\",\"params\":{\"text\":5}"), PX_E_TYPE, "plan.layers[0].params.text: expected a string"},
    {LAYER("\"lines\":[],\"params\":{}"), PX_E_PARAM, "plan.layers[0]: params stand beside shape only"},
    {LAYER("\"lines\":5"), PX_E_TYPE, "plan.layers[0].lines: expected {coords, offsets}"},
    {LAYER("\"lines\":[5]"), PX_E_TYPE, "plan.layers[0].lines[0]: expected a line"},
    {LAYER("\"lines\":[[5]]"), PX_E_TYPE, "plan.layers[0].lines[0][0]: expected a point"},
    {LAYER("\"lines\":[[[1]]]"), PX_E_RANGE, "plan.layers[0].lines[0][0]: 1 numbers; a point has two or three"},
    {LAYER("\"lines\":[[[1,nan]]]"), PX_E_RANGE, "plan.layers[0].lines[0][0][1]: expected a number, got NaN"},
    {LAYER("\"lines\":[[[1,1e300]]]"), PX_E_RANGE, "plan.layers[0].lines[0][0][1]: 1e+300 is more than"},
    {LAYER("\"lines\":{}"), PX_E_PARAM, "plan.layers[0].lines.coords: missing"},
    {LAYER("\"lines\":{\"coords\":''}"), PX_E_PARAM, "plan.layers[0].lines.offsets: missing"},
    {LAYER("\"lines\":{\"coords\":'00',\"offsets\":''}"), PX_E_RANGE, "plan.layers[0].lines.coords: 1 bytes"},
    {LAYER("\"lines\":{\"coords\":'',\"offsets\":''}"), PX_E_RANGE, "plan.layers[0].lines.offsets: empty"},
    {LAYER("\"lines\":{\"coords\":'',\"offsets\":'01000000'}"), PX_E_RANGE, "plan.layers[0].lines: offsets[0] is 1"},
    {LAYER("\"lines\":{\"coords\":'',\"offsets\":'00000000',\"x\":1}"), PX_E_PARAM, "plan.layers[0].lines: an unknown"},
    {LAYER("\"lines\":{\"coords\":'0000c07f0000000000000000',\"offsets\":'0000000001000000'}"), PX_E_RANGE,
     "plan.layers[0].lines: coordinate x of vertex 0"},
    {LAYER("\"concat\":5"), PX_E_TYPE, "plan.layers[0].concat: expected a list of nodes"},
    {LAYER("\"concat\":[5]"), PX_E_TYPE, "plan.layers[0].concat[0]: expected a node"},
    {LAYER("\"concat\":[{\"shape\":\"line\",\"color\":\"#000000\"}]"), PX_E_PARAM,
     "plan.layers[0].concat[0].color: no such name"},
    {LAYER("\"concat\":[{\"concat\":[{\"shape\":\"nope\"}]}]"), PX_E_PARAM,
     "plan.layers[0].concat[0].concat[0].shape: no shape"},
    {SHAPE("\"effects\":{}"), PX_E_TYPE, "plan.layers[0].effects: expected a list of effects"},
    {EFFECT("\"fill\""), PX_E_TYPE, "plan.layers[0].effects[0]: expected an effect"},
    {EFFECT("[]"), PX_E_TYPE, "plan.layers[0].effects[0]: expected [name, {parameters}]"},
    {EFFECT("[\"fill\",{},1]"), PX_E_TYPE, "plan.layers[0].effects[0]: expected [name, {parameters}]"},
    {EFFECT("[\"fill\"],[7]"), PX_E_TYPE, "plan.layers[0].effects[1]: expected the name of an effect"},
    {EFFECT("[\"fil\"]"), PX_E_PARAM, "plan.layers[0].effects[0]: no effect \"fil\"; did you mean \"fill\"?"},
    {EFFECT("[\"fill\",[]]"), PX_E_TYPE, "plan.layers[0].effects[0]: expected a map of parameters"},
    {EFFECT("[\"fill\",{\"densty\":3}]"), PX_E_PARAM,
     "plan.layers[0].effects[0].densty: fill has no such parameter; did you mean \"density\"?"},
    {EFFECT("[\"fill\",{\"density\":[]}]"), PX_E_RANGE, "plan.layers[0].effects[0].density: an empty list"},
    {EFFECT("[\"fill\",{\"density\":[1,true]}]"), PX_E_TYPE, "plan.layers[0].effects[0].density[1]: expected a number"},
    {EFFECT("[\"fill\",{\"density\":\"x\"}]"), PX_E_TYPE, "plan.layers[0].effects[0].density: expected a number"},
    {EFFECT("[\"fill\",{\"remove_boundary\":1}]"), PX_E_TYPE,
     "plan.layers[0].effects[0].remove_boundary: expected true or false, got integer"},
    {EFFECT("[\"fill\",{\"bypass\":1}]"), PX_E_TYPE, "plan.layers[0].effects[0].bypass: expected true or false"},
    {EFFECT("[\"fill\",{\"bypass\":true,\"density\":nan}]"), PX_E_RANGE, "plan.layers[0].effects[0].density: expected"},
    {"{\"shape\":\"polygon\",\"params\":{\"x\":1}}", PX_E_PARAM, "plan.params.x: polygon has no such parameter"},
};

static struct resources *resources;

START_TEST(a_bad_plan_names_the_place_and_what_is_accepted) {
    const struct bad_plan *bad = &bad_plans[_i];
    struct plan_options options = plan_text_options(resources);
    struct plan *plan = NULL;
    struct px_error error = {0};
    int code = plan_text_decode(bad->text, &options, &plan, &error);
    ck_assert_ptr_null(plan);
    ck_assert_msg(code == bad->code && error.code == code, "%s: %s, %s", bad->text, px_error_name(code), error.message);
    ck_assert_msg(strncmp(error.message, bad->begins, strlen(bad->begins)) == 0, "%s:\n%s\nshould begin\n%s", bad->text,
                  error.message, bad->begins);
}
END_TEST

static char *repeated(const char *before, const char *piece, size_t count, const char *after) {
    size_t room = strlen(before) + strlen(piece) * count + strlen(after) + 1;
    char *text = malloc(room), *at = text;
    at += sprintf(at, "%s", before);
    for (size_t i = 0; i < count; i++)
        at += sprintf(at, "%s", piece);
    sprintf(at, "%s", after);
    return text;
}

static void assert_limit(char *text, const char *part) {
    struct plan_options options = plan_text_options(resources);
    struct plan *plan = NULL;
    struct px_error error = {0};
    ck_assert_int_eq(plan_text_decode(text, &options, &plan, &error), PX_E_LIMIT);
    ck_assert_msg(strstr(error.message, part) != NULL, "%s", error.message);
    free(text);
}

START_TEST(limits_are_named) {
    assert_limit(repeated("{\"layers\":[", "{\"shape\":\"line\"},", PLAN_LAYERS_MAX + 1, "]}"), "at most 4096");
    assert_limit(repeated("{\"shape\":\"line\",\"effects\":[", "[\"fill\"],", PLAN_STEPS_MAX + 1, "]}"), "at most 64");
    assert_limit(repeated("{\"concat\":[", "{\"shape\":\"line\"},", PLAN_NODES_MAX, "]}"), "more than 16384 nodes");
    char *open = repeated("", "{\"concat\":[", PLAN_DEPTH_MAX + 1, "");
    char *text = repeated(open, "]}", PLAN_DEPTH_MAX + 1, "");
    free(open);
    assert_limit(text, "more than 12 deep");
    assert_limit(repeated("{\"lines\":[[", "[1,2],", 100001, "]]}"), "at most 100000 are accepted");
    assert_limit(repeated("{\"lines\":[[", "[\"=t\",2],", PLAN_EXPRESSIONS_MAX + 1, "]]}"),
                 "more than 4096 expressions");
}
END_TEST

int main(void) {
    if (resources_create(&resources, NULL) < 0)
        return 1;
    Suite *suite = suite_create("plan errors");
    TCase *tests = tcase_create("errors");
    tcase_add_loop_test(tests, a_bad_plan_names_the_place_and_what_is_accepted, 0,
                        sizeof bad_plans / sizeof bad_plans[0]);
    tcase_add_test(tests, limits_are_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    resources_destroy(resources);
    return failed != 0;
}
