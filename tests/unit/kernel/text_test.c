/* text_test.c: letters as outlines: what is written where, and what is said about what cannot be. */
#include "daemon/kernel/shapes/text.h"
#include "tests/unit/kernel/stand.h"

#define FONT "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

static uint8_t *font;
static size_t font_size;

static void load_font(void) {
    font = stand_file(FONT, &font_size);
}

static void free_font(void) {
    free(font);
}

static void give_font(struct stand *stand, const uint8_t *bytes, size_t size) {
    struct param_resource *resource = stand_param(stand, "font", PARAM_RESOURCE);
    resource->bytes = bytes;
    resource->size = size;
}

static void write_text(struct stand *stand, const char *text) {
    stand_open(stand, KERNEL_SHAPE, "text");
    give_font(stand, font, font_size);
    stand_string(stand, "text", text);
}

static struct px_bounds box_of(const char *text, const char *align, double tracking, bool shaping) {
    struct stand stand;
    write_text(&stand, text);
    stand_string(&stand, "text_align", align);
    stand_number(&stand, "tracking_em", tracking);
    stand_bool(&stand, "shaping", shaping);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.warnings.count, 0);
    struct px_geometry result = stand_result(&stand);
    struct px_bounds box = px_geometry_bounds(&result);
    stand_close(&stand);
    return box;
}

static double width_of(const char *text, double tracking, bool shaping) {
    struct px_bounds box = box_of(text, "left", tracking, shaping);
    return (double)box.max[0] - (double)box.min[0];
}

START_TEST(nothing_to_write_is_an_empty_drawing) {
    static const char *const empty[] = {"", "\n", "\n\n\n", " ", " \n "};
    for (size_t i = 0; i < 5; i++) {
        struct stand stand;
        write_text(&stand, empty[i]);
        stand_runs_well(&stand, NULL);
        ck_assert_uint_eq(stand.output.line_count, 0);
        ck_assert_uint_eq(stand.warnings.count, 0);
        stand_close(&stand);
    }
}
END_TEST

START_TEST(every_contour_is_closed_and_letters_grow_upwards) {
    struct stand stand;
    write_text(&stand, "HELLO");
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 6);
    for (size_t line = 0; line < stand.output.line_count; line++) {
        size_t first = (size_t)stand.output.offsets[line], last = (size_t)stand.output.offsets[line + 1] - 1;
        ck_assert_mem_eq(stand.output.coords + 3 * first, stand.output.coords + 3 * last, 3 * sizeof(float));
    }
    struct px_geometry result = stand_result(&stand);
    struct px_bounds box = px_geometry_bounds(&result);
    ck_assert(box.min[1] < -7 && box.max[1] < 0.2f); /* y down, baseline at 0 */
    stand_close(&stand);
}
END_TEST

START_TEST(accented_letters_are_drawn_with_their_accents) {
    struct stand stand;
    write_text(&stand, "e");
    stand_runs_well(&stand, NULL);
    size_t plain = stand.output.line_count;
    stand_string(&stand, "text", "\xc3\xa9"); /* e with acute */
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, plain + 1);
    stand_string(&stand, "text", "\xc3\x84"); /* A with diaeresis */
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 4);
    ck_assert_uint_eq(stand.warnings.count, 0);
    stand_close(&stand);
}
END_TEST

START_TEST(a_missing_glyph_is_named_once_and_skipped) {
    struct stand stand;
    write_text(&stand, "A\xf0\x9f\xa6\x80"
                       "A\xf0\x9f\xa6\x80"); /* U+1F980, a crab */
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 4);
    ck_assert_uint_eq(stand.warnings.count, 1);
    ck_assert_ptr_nonnull(strstr(stand.warnings.text[0], "U+1F980"));
    stand_close(&stand);
}
END_TEST

START_TEST(a_missing_glyph_has_no_width_but_its_tracking) {
    struct stand stand;
    write_text(&stand, "\xf0\x9f\xa6\x80H");
    stand_number(&stand, "tracking_em", 0.5);
    stand_runs_well(&stand, NULL);
    struct px_geometry result = stand_result(&stand);
    struct px_bounds box = px_geometry_bounds(&result), alone = box_of("H", "left", 0, false);
    ck_assert_double_eq_tol((double)box.min[0], (double)alone.min[0] + 5, 1e-5);
    stand_close(&stand);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_skipped_with_a_warning) {
    static const char *const broken[] = {
        "H\xffI",         /* no lead byte */
        "H\xc3I",         /* a continuation is missing */
        "HI\xe2\x82",     /* the end is missing: two bytes */
        "H\xc0\xafI",     /* overlong: two bytes */
        "H\xed\xa0\x80I", /* a surrogate: three bytes */
    };
    static const uint32_t skipped[] = {1, 1, 2, 2, 3};
    for (size_t i = 0; i < 5; i++) {
        struct stand stand;
        write_text(&stand, broken[i]);
        stand_runs_well(&stand, NULL);
        ck_assert_uint_eq(stand.output.line_count, 2);
        ck_assert_uint_eq(stand.warnings.count, skipped[i]);
        ck_assert_ptr_nonnull(strstr(stand.warnings.text[0], "UTF-8"));
        stand_close(&stand);
    }
}
END_TEST

START_TEST(alignment_moves_each_line_by_its_own_width) {
    struct px_bounds left = box_of("HI", "left", 0, false), centre = box_of("HI", "center", 0, false),
                     right = box_of("HI", "right", 0, false), other = box_of("HI", "justified", 0, false);
    double half = (double)left.min[0] - (double)centre.min[0];
    ck_assert_double_gt(half, 0);
    ck_assert_double_eq_tol((double)left.min[0] - (double)right.min[0], 2 * half, 1e-5);
    ck_assert_double_eq((double)other.min[0], (double)left.min[0]);
    ck_assert_double_lt((double)right.max[0], 0);
}
END_TEST

START_TEST(tracking_stands_between_letters_and_not_after_the_last) {
    ck_assert_double_eq_tol(width_of("HIH", 0.25, false), width_of("HIH", 0, false) + 2 * 2.5, 1e-4);
    struct px_bounds plain = box_of("HIH", "right", 0, false), tracked = box_of("HIH", "right", 0.25, false);
    ck_assert_double_eq_tol((double)plain.max[0], (double)tracked.max[0], 1e-5);
}
END_TEST

START_TEST(each_line_stands_one_line_height_below) {
    struct px_bounds one = box_of("H", "left", 0, false), three = box_of("H\n\nH", "left", 0, false);
    ck_assert_double_eq_tol((double)three.max[1] - (double)one.max[1], 2 * 12, 1e-5);
    ck_assert_double_eq((double)three.min[1], (double)one.min[1]);
}
END_TEST

START_TEST(shaping_kerns) {
    ck_assert_double_lt(width_of("AVAVAV", 0, true), width_of("AVAVAV", 0, false) - 0.5);
    ck_assert_double_eq_tol(width_of("HHH", 0, true), width_of("HHH", 0, false), 1e-4);
}
END_TEST

START_TEST(shaping_names_missing_glyphs_too) {
    struct stand stand;
    write_text(&stand, "A\xf0\x9f\xa6\x80");
    stand_bool(&stand, "shaping", true);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 2);
    ck_assert_uint_eq(stand.warnings.count, 1);
    ck_assert_ptr_nonnull(strstr(stand.warnings.text[0], "U+1F980"));
    stand_close(&stand);
}
END_TEST

START_TEST(a_fallback_font_is_said) {
    struct stand stand;
    write_text(&stand, "A");
    struct param_resource *resource = stand_param(&stand, "font", PARAM_RESOURCE);
    resource->name = (struct param_string){"No Such Grotesk", 15};
    resource->fallback = true;
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.warnings.count, 1);
    ck_assert_ptr_nonnull(strstr(stand.warnings.text[0], "No Such Grotesk"));
    stand_close(&stand);
}
END_TEST

START_TEST(bytes_that_are_no_font_are_an_error_with_its_reason) {
    static const uint8_t rubbish[64] = "this is no font at all";
    const struct {
        const uint8_t *bytes;
        size_t size;
    } broken[] = {{rubbish, sizeof rubbish}, {font, 100}, {font, 5000}, {NULL, 0}, {rubbish, 1}};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct stand stand;
        write_text(&stand, "A");
        give_font(&stand, broken[i].bytes, broken[i].size);
        ck_assert_int_eq(stand_run(&stand, NULL), PX_E_KERNEL);
        ck_assert_int_eq(strncmp(stand.error.message, "font: ", 6), 0);
        stand_close(&stand);
    }
}
END_TEST

/* Every byte of the tables' directory and head set to 255 in turn: an error or a drawing, never a crash. */
START_TEST(a_damaged_font_does_no_harm) {
    uint8_t *damaged = malloc(font_size);
    ck_assert_ptr_nonnull(damaged);
    void *library = text_library_create();
    for (size_t at = 0; at < 400; at += 3) {
        memcpy(damaged, font, font_size);
        damaged[at] ^= 0xff;
        struct stand stand;
        write_text(&stand, "\xc3\xa9g");
        give_font(&stand, damaged, font_size);
        stand.context.library = library;
        int code = stand_run(&stand, NULL);
        ck_assert(code == 0 || (code < 0 && stand.error.message[0] != '\0'));
        stand_close(&stand);
    }
    text_library_destroy(library);
    free(damaged);
}
END_TEST

START_TEST(the_index_counts_in_collections_only) {
    struct stand stand;
    write_text(&stand, "A");
    stand_integer(&stand, "font_index", 7);
    stand_runs_well(&stand, NULL);
    stand_integer(&stand, "font_index", -1);
    stand_runs_well(&stand, NULL);
    stand_close(&stand);
}
END_TEST

/* A collection of one font: a header, and the font's own table directory with its offsets moved. */
static uint8_t *collection_of(const uint8_t *bytes, size_t size, size_t *collected_size) {
    enum { HEADER = 16 };
    uint8_t *out = malloc(size + HEADER);
    ck_assert_ptr_nonnull(out);
    memcpy(out, "ttcf\0\1\0\0\0\0\0\1\0\0\0\20", HEADER);
    memcpy(out + HEADER, bytes, size);
    size_t tables = (size_t)bytes[4] << 8 | bytes[5];
    for (size_t table = 0; table < tables; table++) {
        uint8_t *offset = out + HEADER + 12 + 16 * table + 8;
        uint32_t moved = (uint32_t)offset[0] << 24 | (uint32_t)offset[1] << 16 | (uint32_t)offset[2] << 8 | offset[3];
        moved += HEADER;
        for (int byte = 0; byte < 4; byte++)
            offset[byte] = (uint8_t)(moved >> (24 - 8 * byte));
    }
    *collected_size = size + HEADER;
    return out;
}

START_TEST(an_index_past_a_collection_says_how_many_there_are) {
    size_t size;
    uint8_t *collection = collection_of(font, font_size, &size);
    struct stand stand;
    write_text(&stand, "A");
    give_font(&stand, collection, size);
    stand_runs_well(&stand, NULL);
    ck_assert_uint_eq(stand.output.line_count, 2);
    stand_integer(&stand, "font_index", -4);
    stand_runs_well(&stand, NULL);
    stand_integer(&stand, "font_index", 1);
    ck_assert_int_eq(stand_run(&stand, NULL), PX_E_RANGE);
    ck_assert_ptr_nonnull(strstr(stand.error.message, "1 fonts"));
    stand_close(&stand);
    free(collection);
}
END_TEST

START_TEST(the_library_of_a_worker_gives_the_same_bytes) {
    struct stand own, kept;
    void *library = text_library_create();
    ck_assert_ptr_nonnull(library);
    for (int shaping = 0; shaping < 2; shaping++) {
        write_text(&own, "Quick & \xc3\xa9t\xc3\xa9\nfi AV");
        write_text(&kept, "Quick & \xc3\xa9t\xc3\xa9\nfi AV");
        kept.context.library = library;
        stand_bool(&own, "shaping", shaping == 1);
        stand_bool(&kept, "shaping", shaping == 1);
        stand_runs_well(&own, NULL);
        stand_runs_well(&kept, NULL);
        stand_runs_well(&kept, NULL);
        ck_assert_uint_eq(own.output.vertex_count, kept.output.vertex_count);
        ck_assert_mem_eq(own.output.coords, kept.output.coords, own.output.vertex_count * 3 * sizeof(float));
        stand_close(&own);
        stand_close(&kept);
    }
    text_library_destroy(library);
}
END_TEST

START_TEST(a_text_past_the_budget_is_refused) {
    struct stand stand;
    write_text(&stand, "HELLO");
    stand.context.vertex_budget = 100;
    ck_assert_int_eq(stand_run(&stand, NULL), PX_E_LIMIT);
    ck_assert_uint_eq(stand.reservations, 0);
    stand_close(&stand);
}
END_TEST

START_TEST(strange_sizes_stay_sound) {
    static const double values[] = {0, -1, 1e-9, 1e6};
    static const char *const names[] = {"em_size_mm", "tracking_em", "line_height", "flatten_tol_em"};
    for (size_t name = 0; name < 4; name++) {
        for (size_t i = 0; i < 4; i++) {
            struct stand stand;
            write_text(&stand, "Ag\n8");
            stand_number(&stand, names[name], values[i]);
            stand_runs_well(&stand, NULL);
            ck_assert_uint_eq(stand.output.line_count, 7);
            stand_close(&stand);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("text");
    TCase *cases = tcase_create("text");
    tcase_add_unchecked_fixture(cases, load_font, free_font);
    tcase_add_test(cases, nothing_to_write_is_an_empty_drawing);
    tcase_add_test(cases, every_contour_is_closed_and_letters_grow_upwards);
    tcase_add_test(cases, accented_letters_are_drawn_with_their_accents);
    tcase_add_test(cases, a_missing_glyph_is_named_once_and_skipped);
    tcase_add_test(cases, a_missing_glyph_has_no_width_but_its_tracking);
    tcase_add_test(cases, bytes_that_are_no_utf8_are_skipped_with_a_warning);
    tcase_add_test(cases, alignment_moves_each_line_by_its_own_width);
    tcase_add_test(cases, tracking_stands_between_letters_and_not_after_the_last);
    tcase_add_test(cases, each_line_stands_one_line_height_below);
    tcase_add_test(cases, shaping_kerns);
    tcase_add_test(cases, shaping_names_missing_glyphs_too);
    tcase_add_test(cases, a_fallback_font_is_said);
    tcase_add_test(cases, bytes_that_are_no_font_are_an_error_with_its_reason);
    tcase_add_test(cases, a_damaged_font_does_no_harm);
    tcase_add_test(cases, the_index_counts_in_collections_only);
    tcase_add_test(cases, an_index_past_a_collection_says_how_many_there_are);
    tcase_add_test(cases, the_library_of_a_worker_gives_the_same_bytes);
    tcase_add_test(cases, a_text_past_the_budget_is_refused);
    tcase_add_test(cases, strange_sizes_stay_sound);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
