#include "daemon/export/svg.h"
#include "daemon/export/text_buffer.h"

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct svg_options options = {.decimals = 3, .background = true};
static const struct export_page page = {.size = {148, 210.5}, .background = {1, 1, 1, 1}};

static void assert_svg(const struct export_layer *layers, size_t count, const struct svg_options *with,
                       const char *expected) {
    char *bytes;
    size_t size;
    ck_assert_int_eq(svg_write(&page, layers, count, with, NULL, NULL, &bytes, &size, NULL), 0);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_msg(memcmp(bytes, expected, size) == 0, "%.*s", (int)size, bytes);
    free(bytes);
}

#define HEAD                                                                                                           \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "                           \
    "xmlns:inkscape=\"http://www.inkscape.org/namespaces/inkscape\" width=\"148mm\" height=\"210.5mm\" "               \
    "viewBox=\"0 0 148 210.5\" fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n"

START_TEST(a_drawing_is_written_as_expected) {
    /* an open line, a closed one, an empty one, a single vertex */
    static const float coords[] = {0, 0, 9, 10.5f, -2.25f, 9, 1, 1, 0, 2, 1, 0, 2, 2, 0, 1, 1, 0, 5, 5, 5};
    static const int32_t offsets[] = {0, 2, 6, 6, 7};
    const struct export_layer layers[] = {
        {.geometry = {coords, offsets, 7, 4}, .name = "a <b> & \"c\"", .color = {1, 0.5f, 0, 1}, .thickness = 0.3f},
        {.name = "empty", .color = {0, 0, 0, 0.25f}, .thickness = 1},
    };
    assert_svg(layers, 2, &options,
               HEAD "<rect width=\"148\" height=\"210.5\" fill=\"#ffffff\"/>\n"
                    "<g id=\"layer1\" inkscape:groupmode=\"layer\" inkscape:label=\"a &lt;b&gt; &amp; &quot;c&quot;\" "
                    "stroke=\"#ff8000\" stroke-width=\"0.3\">\n"
                    "<path d=\"M0,0 10.5,-2.25\"/>\n<path d=\"M1,1 2,1 2,2Z\"/>\n</g>\n"
                    "<g id=\"layer2\" inkscape:groupmode=\"layer\" inkscape:label=\"empty\" stroke=\"#000000\" "
                    "opacity=\"0.25\" stroke-width=\"1\">\n</g>\n</svg>\n");
}
END_TEST

START_TEST(a_plotter_gets_no_paper) {
    const struct svg_options plotter = {.decimals = 3, .background = false};
    assert_svg(NULL, 0, &plotter, HEAD "</svg>\n");
}
END_TEST

START_TEST(a_name_that_is_no_utf8_is_cleaned) {
    const struct svg_options plotter = {.decimals = 3, .background = false};
    const struct export_layer layer = {.name = "\xff\x01x", .color = {0, 0, 0, 1}};
    assert_svg(&layer, 1, &plotter,
               HEAD "<g id=\"layer1\" inkscape:groupmode=\"layer\" inkscape:label=\"? x\" stroke=\"#000000\" "
                    "stroke-width=\"0\">\n</g>\n</svg>\n");
}
END_TEST

static void assert_number(double value, int decimals, const char *expected) {
    struct text_buffer buffer = {0};
    text_buffer_number(&buffer, value, decimals);
    text_buffer_add(&buffer, "|");
    ck_assert_msg(strncmp(buffer.text, expected, strlen(expected)) == 0 && buffer.text[strlen(expected)] == '|',
                  "%.*s, not %s", (int)buffer.size, buffer.text, expected);
    text_buffer_free(&buffer);
}

START_TEST(numbers_are_short_and_know_no_locale) {
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
    assert_number(0, 3, "0");
    assert_number(-0.0, 3, "0");
    assert_number(-0.0004, 3, "0");
    assert_number(0.0005, 3, "0.001");
    assert_number(-0.0005, 3, "-0.001");
    assert_number(1.005, 6, "1.005");
    assert_number(100, 3, "100");
    assert_number(1234567.891, 0, "1234568");
    assert_number(0.999999, 3, "1");
    assert_number(-12.05, 2, "-12.05");
    assert_number(1e20, 3, "100000000000000000000");
}
END_TEST

START_TEST(a_cancel_stops_the_writing_and_progress_ends_whole) {
    enum { VERTICES = 10000 };
    float *coords = calloc(VERTICES, 3 * sizeof *coords);
    const int32_t offsets[] = {0, VERTICES};
    const struct export_layer layer = {.geometry = {coords, offsets, VERTICES, 1}, .name = "x"};
    _Atomic unsigned progress = 0;
    _Atomic bool cancel = true;
    char *bytes = NULL;
    size_t size;
    ck_assert_int_eq(svg_write(&page, &layer, 1, &options, &progress, &cancel, &bytes, &size, NULL), PX_E_CANCELLED);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_lt(atomic_load(&progress), 10000);
    atomic_store(&cancel, false);
    ck_assert_int_eq(svg_write(&page, &layer, 1, &options, &progress, &cancel, &bytes, &size, NULL), 0);
    ck_assert_uint_eq(atomic_load(&progress), 10000);
    free(bytes);
    free(coords);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("svg");
    TCase *tests = tcase_create("svg");
    tcase_add_test(tests, a_drawing_is_written_as_expected);
    tcase_add_test(tests, a_plotter_gets_no_paper);
    tcase_add_test(tests, a_name_that_is_no_utf8_is_cleaned);
    tcase_add_test(tests, numbers_are_short_and_know_no_locale);
    tcase_add_test(tests, a_cancel_stops_the_writing_and_progress_ends_whole);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
