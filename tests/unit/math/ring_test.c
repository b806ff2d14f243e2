/* ring_test.c: points in rings, groups of rings against the plain quadratic way, and sorting. */
#include "daemon/kernel/math/ring.h"
#include "daemon/kernel/math/sort.h"
#include "daemon/kernel/scratch.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_point_on_the_edge_belongs_to_one_side_only) {
    static const double left[] = {0, 0, 1, 0, 1, 1, 0, 1}, right[] = {1, 0, 2, 0, 2, 1, 1, 1};
    struct ring a = ring_of(left, 4), b = ring_of(right, 4);
    ck_assert(ring_contains(&a, 0.5, 0.5) && !ring_contains(&b, 0.5, 0.5));
    ck_assert(ring_contains(&a, 1, 0.5) != ring_contains(&b, 1, 0.5));
    ck_assert(ring_contains(&a, 0.5, 1) && !ring_contains(&a, 0.5, 0));
}
END_TEST

START_TEST(a_repeated_first_point_changes_nothing) {
    static const double open[] = {1, 1, 5, 1, 3, 4}, closed[] = {1, 1, 5, 1, 3, 4, 1, 1};
    struct ring a = ring_of(open, 3), b = ring_of(closed, 4);
    ck_assert_double_eq(a.area, 6);
    ck_assert_double_eq(b.area, 6);
    ck_assert(ring_contains(&a, 3, 2) && ring_contains(&b, 3, 2));
}
END_TEST

enum { RINGS = 300 };

/* Squares of all sizes at places that look random: many nested, many beside, some across. */
static void squares(double (*xy)[8], struct ring *rings) {
    uint32_t state = 12345;
    for (int i = 0; i < RINGS; i++) {
        double value[3];
        for (int k = 0; k < 3; k++) {
            state = state * 1664525u + 1013904223u;
            value[k] = (double)(state >> 8) / (double)(1u << 24);
        }
        double x = 100 * value[0], y = 100 * value[1], half = 1 + 40 * value[2] * value[2] * value[2];
        const double square[8] = {x - half, y - half, x + half, y - half, x + half, y + half, x - half, y + half};
        memcpy(xy[i], square, sizeof square);
        rings[i] = ring_of(xy[i], i % 50 == 7 ? 0 : i % 50 == 9 ? 2 : 4);
    }
}

/* The rule as it stands in the documentation, every ring against every other. */
static size_t group_plainly(const struct ring *rings, int *group_of) {
    int depth[RINGS] = {0}, count = 0;
    for (int i = 0; i < RINGS; i++)
        for (int k = 0; k < RINGS && rings[i].count > 0; k++)
            if (i != k && rings[k].count > 0)
                depth[i] += ring_contains(&rings[k], rings[i].xy[0], rings[i].xy[1]);
    for (int i = 0; i < RINGS; i++)
        group_of[i] = rings[i].count > 0 && depth[i] % 2 == 0 ? count++ : -1;
    for (int i = 0; i < RINGS; i++) {
        int owner = -1;
        for (int k = 0; k < RINGS && rings[i].count > 0 && depth[i] % 2 == 1; k++)
            if (i != k && rings[k].count > 0 && depth[k] % 2 == 0 &&
                ring_contains(&rings[k], rings[i].xy[0], rings[i].xy[1]) &&
                (owner < 0 || rings[k].area < rings[owner].area))
                owner = k;
        if (depth[i] % 2 == 1)
            group_of[i] = owner < 0 ? count++ : group_of[owner];
    }
    return (size_t)count;
}

START_TEST(groups_are_those_of_the_plain_rule) {
    static double xy[RINGS][8];
    static struct ring rings[RINGS];
    int group_of[RINGS];
    squares(xy, rings);
    size_t count = group_plainly(rings, group_of);
    struct scratch *scratch = scratch_create(1 << 22);
    struct ring_groups groups;
    ck_assert(ring_group(rings, RINGS, scratch, &groups));
    ck_assert_uint_eq(groups.count, count);
    size_t members = 0;
    for (size_t g = 0; g < groups.count; g++) {
        for (uint32_t i = groups.starts[g]; i < groups.starts[g + 1]; i++, members++) {
            ck_assert_int_eq(group_of[groups.members[i]], (int)g);
            ck_assert(i == groups.starts[g] || groups.members[i] > groups.members[i - 1]);
        }
    }
    ck_assert_uint_eq(members, RINGS - RINGS / 50); /* all but the empty ones */
    scratch_destroy(scratch);
}
END_TEST

START_TEST(spent_scratch_is_said) {
    static double xy[RINGS][8];
    static struct ring rings[RINGS];
    squares(xy, rings);
    struct scratch *scratch = scratch_create(64);
    struct ring_groups groups;
    ck_assert(!ring_group(rings, RINGS, scratch, &groups));
    scratch_destroy(scratch);
}
END_TEST

START_TEST(numbers_are_sorted_whatever_their_count) {
    double numbers[200];
    uint32_t state = 1;
    for (size_t count = 0; count <= 200; count++) {
        double sum = 0, sorted_sum = 0;
        for (size_t i = 0; i < count; i++) {
            state = state * 1664525u + 1013904223u;
            numbers[i] = (double)(state >> 26);
            sum += numbers[i];
        }
        sort_numbers(numbers, count);
        for (size_t i = 0; i < count; i++) {
            sorted_sum += numbers[i];
            ck_assert(i == 0 || numbers[i - 1] <= numbers[i]);
        }
        ck_assert_double_eq(sum, sorted_sum);
    }
}
END_TEST

START_TEST(equal_keys_stay_in_their_order) {
    struct sort_key keys[100], room[100];
    for (uint32_t i = 0; i < 100; i++)
        keys[i] = (struct sort_key){(double)((i * 7) % 5), i};
    sort_keys(keys, room, 100);
    for (size_t i = 1; i < 100; i++)
        ck_assert(keys[i - 1].key < keys[i].key ||
                  (keys[i - 1].key == keys[i].key && keys[i - 1].index < keys[i].index));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ring");
    TCase *cases = tcase_create("ring");
    tcase_add_test(cases, a_point_on_the_edge_belongs_to_one_side_only);
    tcase_add_test(cases, a_repeated_first_point_changes_nothing);
    tcase_add_test(cases, groups_are_those_of_the_plain_rule);
    tcase_add_test(cases, spent_scratch_is_said);
    tcase_add_test(cases, numbers_are_sorted_whatever_their_count);
    tcase_add_test(cases, equal_keys_stay_in_their_order);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
