#include "daemon/slab/geometry_slab.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MB = 1 << 20 };

static struct slab_store *store;

static void make_store(void) {
    struct slab_store_config config = {.first_arena_bytes = 8 * MB, .arena_bytes = 8 * MB, .budget_bytes = 16 * MB};
    ck_assert_int_eq(slab_store_create(&config, &store, NULL), 0);
}

static void drop_store(void) {
    struct slab_stats stats;
    slab_store_stats(store, &stats);
    ck_assert_uint_eq(stats.slabs, 0);
    slab_store_destroy(store);
}

static const struct px_signature SIGNATURE = {1, 2};

static struct slab *copied(const float *coords, const int32_t *offsets, size_t vertices, size_t lines) {
    struct px_geometry geometry = {coords, offsets, vertices, lines};
    struct px_error error = {0};
    struct slab *slab;
    ck_assert_msg(geometry_slab_copy(store, &geometry, SIGNATURE, &slab, &error) == 0, "%s", error.message);
    return slab;
}

static const uint8_t *flags_of(struct slab *slab) {
    return (const uint8_t *)slab_header(slab) + (size_t)slab_header(slab)->flags_at * PX_SLAB_ALIGNMENT;
}

/* A triangle that closes, a segment, an empty line. */
static const float COORDS[] = {0, 0, 1, 5, -2, 0, 5, 7, 0, 0, 0, 1, 9, 9, -4, 8, 8, 3};
static const int32_t OFFSETS[] = {0, 4, 6, 6};

START_TEST(a_sealed_geometry_has_flags_bounds_and_aligned_parts) {
    struct slab *slab = copied(COORDS, OFFSETS, 6, 3);
    const struct px_slab_header *header = slab_header(slab);
    ck_assert_uint_eq(header->kind, PX_SLAB_GEOMETRY);
    ck_assert_uint_eq(header->vertex_count, 6);
    ck_assert_uint_eq(header->line_count, 3);
    struct px_geometry view = slab_geometry(slab);
    ck_assert_mem_eq(view.coords, COORDS, sizeof COORDS);
    ck_assert_mem_eq(view.offsets, OFFSETS, sizeof OFFSETS);
    ck_assert_uint_eq((uintptr_t)view.coords % PX_SLAB_ALIGNMENT, 0);
    ck_assert_uint_eq((uintptr_t)view.offsets % PX_SLAB_ALIGNMENT, 0);
    const uint8_t flags[] = {PX_VERTEX_STARTS | PX_VERTEX_CLOSED, 0, 0, PX_VERTEX_ENDS | PX_VERTEX_CLOSED,
                             PX_VERTEX_STARTS, PX_VERTEX_ENDS};
    ck_assert_mem_eq(flags_of(slab), flags, sizeof flags);
    const float least[3] = {0, -2, -4}, greatest[3] = {9, 9, 3};
    ck_assert_mem_eq(header->bounds.min, least, sizeof least);
    ck_assert_mem_eq(header->bounds.max, greatest, sizeof greatest);
    ck_assert_uint_le(header->size, slab_capacity(slab));
    slab_unref(slab);
}
END_TEST

START_TEST(bounds_agree_with_a_plain_scan_for_every_count) {
    float coords[3 * 70];
    uint32_t random = 1;
    for (size_t i = 0; i < 3 * 70; i++) {
        random = random * 1664525u + 1013904223u;
        coords[i] = (float)(random >> 8) / 1e5f - 80.0f;
    }
    for (int32_t n = 0; n < 70; n++) {
        int32_t offsets[2] = {0, n};
        struct slab *slab = copied(coords, offsets, (size_t)n, 1);
        struct px_geometry view = slab_geometry(slab);
        struct px_bounds expected = px_geometry_bounds(&view);
        ck_assert_mem_eq(&slab_header(slab)->bounds, &expected, sizeof expected);
        slab_unref(slab);
    }
}
END_TEST

START_TEST(topology_depends_on_offsets_and_closed_lines_and_on_nothing_else) {
    float moved[18], opened[18];
    memcpy(moved, COORDS, sizeof moved);
    memcpy(opened, COORDS, sizeof opened);
    moved[4] += 1;
    opened[9] += 1;
    const int32_t split[] = {0, 4, 5, 6};
    struct slab *slab = copied(COORDS, OFFSETS, 6, 3);
    struct slab *others[3] = {copied(moved, OFFSETS, 6, 3), copied(opened, OFFSETS, 6, 3), copied(COORDS, split, 6, 3)};
    struct px_signature topology = slab_header(slab)->topology;
    ck_assert(px_signature_equal(topology, slab_header(others[0])->topology));
    ck_assert(!px_signature_equal(topology, slab_header(others[1])->topology));
    ck_assert(!px_signature_equal(topology, slab_header(others[2])->topology));
    for (int i = 0; i < 3; i++)
        slab_unref(others[i]);
    slab_unref(slab);
}
END_TEST

START_TEST(nothing_is_a_geometry_too) {
    struct geometry_slab writer;
    struct slab *slab;
    uint64_t ready_ns;
    geometry_slab_begin(&writer, store, 100);
    ck_assert_int_eq(geometry_slab_finish(&writer, SIGNATURE, &slab, &ready_ns, NULL), 0);
    ck_assert_uint_eq(slab_geometry(slab).vertex_count, 0);
    ck_assert_int_eq(slab_geometry(slab).offsets[0], 0);
    ck_assert(slab_header(slab)->bounds.min[0] > slab_header(slab)->bounds.max[0]);
    slab_unref(slab);
    slab_unref(copied(NULL, NULL, 0, 0));
}
END_TEST

START_TEST(growing_keeps_what_was_written) {
    struct geometry_slab writer;
    struct slab *slab;
    geometry_slab_begin(&writer, store, 100000);
    for (size_t n = 1; n <= 50000; n += 1 + n / 7) {
        ck_assert_int_eq(kernel_output_reserve(&writer.output, n, n, NULL), 0);
        ck_assert_uint_ge(writer.output.reserved_vertices, n);
        for (size_t i = writer.output.vertex_count; i < n; i++) {
            writer.output.coords[3 * i] = writer.output.coords[3 * i + 1] = writer.output.coords[3 * i + 2] = (float)i;
            writer.output.offsets[i + 1] = (int32_t)i + 1;
        }
        writer.output.vertex_count = writer.output.line_count = n;
    }
    ck_assert_uint_gt(writer.grown, 0);
    ck_assert_uint_lt(writer.grown, 40);
    ck_assert_int_eq(geometry_slab_finish(&writer, SIGNATURE, &slab, NULL, NULL), 0);
    struct px_geometry view = slab_geometry(slab);
    ck_assert_int_eq(px_geometry_check(&view, NULL, NULL), 0);
    for (size_t i = 0; i < view.vertex_count; i++)
        ck_assert(view.coords[3 * i + 1] == (float)i);
    slab_unref(slab);
}
END_TEST

START_TEST(the_vertex_budget_and_the_store_budget_are_refusals) {
    struct geometry_slab writer;
    struct px_error error;
    geometry_slab_begin(&writer, store, 1000);
    ck_assert_int_eq(kernel_output_reserve(&writer.output, 1001, 1, &error), PX_E_LIMIT);
    geometry_slab_abandon(&writer);
    geometry_slab_begin(&writer, store, PX_GEOMETRY_VERTICES_MAX);
    ck_assert_int_eq(kernel_output_reserve(&writer.output, 2000000, 1, &error), PX_E_NO_MEMORY);
    ck_assert_int_eq(kernel_output_reserve(&writer.output, 10, 1, &error), 0);
    geometry_slab_abandon(&writer);
}
END_TEST

START_TEST(a_kernel_that_breaks_the_rules_gets_an_error_and_no_slab) {
    const int32_t bad[][3] = {{0, 2, 1}, {1, 2, 4}, {0, -1, 4}, {0, 2, 3}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct geometry_slab writer;
        struct slab *slab = NULL;
        geometry_slab_begin(&writer, store, 1000);
        ck_assert_int_eq(kernel_output_reserve(&writer.output, 4, 2, NULL), 0);
        memset(writer.output.coords, 0, 12 * sizeof(float));
        memcpy(writer.output.offsets, bad[i], sizeof bad[i]);
        writer.output.vertex_count = 4;
        writer.output.line_count = 2;
        ck_assert_int_eq(geometry_slab_finish(&writer, SIGNATURE, &slab, NULL, NULL), PX_E_INTERNAL);
        ck_assert_ptr_null(slab);
    }
    struct geometry_slab writer;
    struct slab *slab = NULL;
    geometry_slab_begin(&writer, store, 1000);
    ck_assert_int_eq(kernel_output_reserve(&writer.output, 4, 2, NULL), 0);
    writer.output.vertex_count = 1u << 30;
    ck_assert_int_eq(geometry_slab_finish(&writer, SIGNATURE, &slab, NULL, NULL), PX_E_INTERNAL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("geometry_slab");
    TCase *tests = tcase_create("geometry_slab");
    tcase_add_checked_fixture(tests, make_store, drop_store);
    tcase_add_test(tests, a_sealed_geometry_has_flags_bounds_and_aligned_parts);
    tcase_add_test(tests, bounds_agree_with_a_plain_scan_for_every_count);
    tcase_add_test(tests, topology_depends_on_offsets_and_closed_lines_and_on_nothing_else);
    tcase_add_test(tests, nothing_is_a_geometry_too);
    tcase_add_test(tests, growing_keeps_what_was_written);
    tcase_add_test(tests, the_vertex_budget_and_the_store_budget_are_refusals);
    tcase_add_test(tests, a_kernel_that_breaks_the_rules_gets_an_error_and_no_slab);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
