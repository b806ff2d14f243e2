#include "proto/message.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const char *const formats[] = {"svg", "hpgl", "gcode", NULL};

struct probe {
    bool playing;
    int64_t frames;
    double fps;
    struct px_text name;
    struct px_text data;
    int format;
    const struct px_value *layers;
    const struct px_value *options;
    const struct px_value *anything;
};
static const struct px_field probe_fields[] = {
    PX_FIELD(BOOL, struct probe, playing, .def = 1, .help = "Whether it runs."),
    PX_FIELD(INT, struct probe, frames, .def = 3, .min = 0, .max = INFINITY, .unit = "frames", .help = "How many."),
    PX_FIELD(NUMBER, struct probe, fps, .def = NAN, .min = 1, .max = 1000, .nullable = true, .help = "Rate."),
    PX_FIELD(STRING, struct probe, name, .required = true, .min = 1, .max = 8, .help = "Of the sketch."),
    PX_FIELD(BYTES, struct probe, data, .nullable = true, .help = "Bytes."),
    PX_FIELD(CHOICE, struct probe, format, .def = 1, .choices = formats, .help = "Of the file."),
    PX_FIELD(LIST, struct probe, layers, .nullable = true, .help = "Layers."),
    PX_FIELD(MAP, struct probe, options, .nullable = true, .help = "Options."),
    PX_FIELD(VALUE, struct probe, anything, .help = "Anything."),
};
static const struct px_message probe_message = PX_MESSAGE("probe", probe_fields, struct probe);
static const struct px_limits limits = {.bytes = 1u << 20, .depth = 28, .nodes = 1u << 17};

/* Decodes a probe from the MessagePack text. */
static int decode(const char *bytes, size_t size, struct probe *probe, struct px_document *document,
                  struct px_error *error) {
    static const char *const ignore[] = {"token", NULL};
    ck_assert_int_eq(px_value_decode(bytes, size, &limits, document, error), 0);
    return px_message_decode(&probe_message, &document->root, NULL, ignore, probe, error);
}

START_TEST(absent_fields_get_their_defaults) {
    struct probe probe;
    struct px_document document;
    ck_assert_int_eq(decode("\x81\xa4name\xa1"
                            "a",
                            8, &probe, &document, NULL),
                     0);
    ck_assert(probe.playing);
    ck_assert_int_eq(probe.frames, 3);
    ck_assert(isnan(probe.fps));
    ck_assert_uint_eq(probe.name.length, 1);
    ck_assert_ptr_null(probe.data.text);
    ck_assert_int_eq(probe.format, 1);
    ck_assert_ptr_null(probe.layers);
    ck_assert_ptr_null(probe.anything);
    px_document_free(&document);
}
END_TEST

START_TEST(given_fields_arrive_and_ignored_names_pass) {
    static const char bytes[] = "\x89\xa5token\xa1t\xa4name\xa1"
                                "a\xa7playing\xc2\xa6"
                                "frames\xca\x40\xa0\x00\x00\xa3"
                                "fps\x18\xa6"
                                "format\xa5gcode\xa6layers\x90\xa7options\x80\xa4"
                                "data\xc4\x00";
    struct probe probe;
    struct px_document document;
    ck_assert_int_eq(decode(bytes, sizeof bytes - 1, &probe, &document, NULL), 0);
    ck_assert(!probe.playing);
    ck_assert_int_eq(probe.frames, 5);
    ck_assert_double_eq(probe.fps, 24);
    ck_assert_int_eq(probe.format, 2);
    ck_assert_int_eq(probe.layers->type, PX_ARRAY);
    ck_assert_int_eq(probe.options->type, PX_MAP);
    ck_assert_ptr_nonnull(probe.data.text);
    ck_assert_uint_eq(probe.data.length, 0);
    px_document_free(&document);
}
END_TEST

#define BAD(text) text, sizeof text - 1
static const struct {
    const char *bytes;
    size_t size;
    int code;
    const char *says; /* the message begins with it: the path */
    const char *too;  /* and holds it: what would be accepted */
} bad[] = {
    {BAD("\x80"), PX_E_PARAM, "name: missing", "string"},
    {BAD("\x81\xa4name\xc0"), PX_E_TYPE, "name: ", "string, not nil"},
    {BAD("\x81\xa4name\xa0"), PX_E_RANGE, "name: ", "1 to 8"},
    {BAD("\x82\xa4name\xa1"
         "a\xa5nmae2\x01"),
     PX_E_PARAM, "nmae2: unknown name", "playing, frames"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "frmaes\x01"),
     PX_E_PARAM, "frmaes: unknown name", "did you mean frames"},
    {BAD("\x82\xa4name\xa1"
         "a\xa7playing\x01"),
     PX_E_TYPE, "playing: ", "bool"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "frames\xff"),
     PX_E_RANGE, "frames: ", "0 or more"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "frames\xca\x3f\x00\x00\x00"),
     PX_E_RANGE, "frames: ", "whole"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "frames\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
     PX_E_RANGE, "frames: ", "64 bits"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "frames\xca\x7f\xc0\x00\x00"),
     PX_E_RANGE, "frames: ", "NaN"},
    {BAD("\x82\xa4name\xa1"
         "a\xa3"
         "fps\xca\x7f\x80\x00\x00"),
     PX_E_RANGE, "fps: ", "infinity"},
    {BAD("\x82\xa4name\xa1"
         "a\xa3"
         "fps\x00"),
     PX_E_RANGE, "fps: ", "1 to 1000"},
    {BAD("\x82\xa4name\xa1"
         "a\xa3"
         "fps\xa1"
         "9"),
     PX_E_TYPE, "fps: ", "number"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "format\xa3pdf"),
     PX_E_RANGE, "format: ", "svg, hpgl, gcode"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6"
         "format\x01"),
     PX_E_TYPE, "format: ", "string"},
    {BAD("\x82\xa4name\xa1"
         "a\xa6layers\x80"),
     PX_E_TYPE, "layers: ", "list"},
    {BAD("\x82\xa4name\xa1"
         "a\xa7options\x90"),
     PX_E_TYPE, "options: ", "map"},
    {BAD("\x82\xa4name\xa1"
         "a\xa4"
         "data\xa1x"),
     PX_E_TYPE, "data: ", "bin"},
    {BAD("\x91\x01"), PX_E_TYPE, "probe", "map"},
};
enum { BAD_COUNT = sizeof bad / sizeof bad[0] };

START_TEST(each_wrong_field_is_named_by_its_path_with_what_would_be_accepted) {
    struct probe probe;
    struct px_document document;
    struct px_error error = {0};
    ck_assert_int_eq(decode(bad[_i].bytes, bad[_i].size, &probe, &document, &error), bad[_i].code);
    ck_assert_msg(strncmp(error.message, bad[_i].says, strlen(bad[_i].says)) == 0, "%s", error.message);
    ck_assert_msg(strstr(error.message, bad[_i].too) != NULL, "%s", error.message);
    px_document_free(&document);
}
END_TEST

START_TEST(a_path_in_front_is_part_of_the_message) {
    struct px_path plan = {.key = "plan"};
    struct px_path layers = {.parent = &plan, .key = "layers"};
    struct px_path first = {.parent = &layers, .index = 0};
    struct probe probe;
    struct px_error error = {0};
    ck_assert_int_eq(px_message_decode(&probe_message, NULL, &first, NULL, &probe, &error), PX_E_PARAM);
    ck_assert_msg(strncmp(error.message, "plan.layers[0].name: missing", 28) == 0, "%s", error.message);
}
END_TEST

START_TEST(an_encoded_struct_decodes_to_itself) {
    struct probe in = {
        .playing = true, .frames = -0, .fps = 59.94, .name = {"ab", 2}, .data = {"\xff", 1}, .format = 0};
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_message_encode(&probe_message, &in, &writer);
    struct probe out;
    struct px_document document;
    ck_assert_int_eq(decode((const char *)writer.bytes, writer.size, &out, &document, NULL), 0);
    ck_assert_double_eq(out.fps, 59.94);
    ck_assert_uint_eq(out.name.length, 2);
    ck_assert_mem_eq(out.data.text, "\xff", 1);
    ck_assert_int_eq(out.format, 0);
    ck_assert_ptr_null(out.layers);
    px_document_free(&document);
    px_writer_free(&writer);
}
END_TEST

START_TEST(describe_lists_each_field_with_ten_properties) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_message_describe(&probe_message, &writer);
    struct px_document document;
    ck_assert_int_eq(px_value_decode(writer.bytes, writer.size, &limits, &document, NULL), 0);
    ck_assert_uint_eq(document.root.count, 9);
    const struct px_value *frames = &document.root.items[1];
    ck_assert_uint_eq(frames->count, 10);
    ck_assert(px_value_is_string(px_value_get(frames, "type"), "integer"));
    ck_assert(px_value_is_string(px_value_get(frames, "unit"), "frames"));
    ck_assert_uint_eq(px_value_get(frames, "default")->uinteger, 3);
    ck_assert_uint_eq(px_value_get(frames, "min")->uinteger, 0);
    ck_assert_int_eq(px_value_get(frames, "max")->type, PX_NIL);
    const struct px_value *format = &document.root.items[5];
    ck_assert(px_value_is_string(px_value_get(format, "default"), "hpgl"));
    ck_assert_uint_eq(px_value_get(format, "choices")->count, 3);
    ck_assert(px_value_get(&document.root.items[3], "required")->boolean);
    px_document_free(&document);
    px_writer_free(&writer);
}
END_TEST

START_TEST(a_text_is_copied_only_when_it_fits_and_has_no_zero_byte) {
    char out[4];
    ck_assert(px_text_copy((struct px_text){"abc", 3}, out, sizeof out));
    ck_assert_str_eq(out, "abc");
    ck_assert(!px_text_copy((struct px_text){"abcd", 4}, out, sizeof out));
    ck_assert(!px_text_copy((struct px_text){"a\0b", 3}, out, sizeof out));
    ck_assert(px_text_copy((struct px_text){0}, out, sizeof out));
    ck_assert_str_eq(out, "");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("message");
    TCase *cases = tcase_create("message");
    tcase_add_test(cases, absent_fields_get_their_defaults);
    tcase_add_test(cases, given_fields_arrive_and_ignored_names_pass);
    tcase_add_loop_test(cases, each_wrong_field_is_named_by_its_path_with_what_would_be_accepted, 0, BAD_COUNT);
    tcase_add_test(cases, a_path_in_front_is_part_of_the_message);
    tcase_add_test(cases, an_encoded_struct_decodes_to_itself);
    tcase_add_test(cases, describe_lists_each_field_with_ten_properties);
    tcase_add_test(cases, a_text_is_copied_only_when_it_fits_and_has_no_zero_byte);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
