/* Linear steps that run together against the same steps one after the other. */
#include "daemon/kernel/blocks.h"
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"

#include <check.h>
#include <string.h>

enum { POINTS_MOST = 300, STEPS_MOST = 9 };

/* Steps stand apart, as in a pass. */
struct step {
    _Alignas(64) struct linear linear;
    char other[40];
};

static float random_float(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(*state >> 33) * 0x1p-24f - 32.0f;
}

static struct step random_step(uint64_t *state) {
    struct step step = {.linear.kind = LINEAR_SHIFT};
    float *const values = (float[15]){0};
    for (size_t i = 0; i < 15; i++)
        values[i] = random_float(state);
    memcpy(step.linear.m, values, sizeof step.linear.m);
    memcpy(step.linear.c, values + 9, sizeof step.linear.c);
    memcpy(step.linear.k, values + 12, sizeof step.linear.k);
    const uint32_t kind = (uint32_t)(*state >> 40) % 3;
    step.linear.kind = kind == 0 ? LINEAR_SHIFT : (kind == 1 ? LINEAR_SCALE : LINEAR_TURN);
    return step;
}

START_TEST(steps_that_run_together_give_the_bytes_of_one_after_the_other) {
    static const char *const isas[] = {"base", "v3", "v4"};
    if (!kernel_use_isa(isas[_i]))
        return; /* not on this machine */
    uint64_t state = 7;
    for (size_t n = 0; n <= POINTS_MOST; n += n < 140 ? 1 : 23) {
        struct step steps[STEPS_MOST];
        float together[3][POINTS_MOST], apart[3][POINTS_MOST];
        const size_t count = 1 + n % STEPS_MOST;
        for (size_t k = 0; k < count; k++)
            steps[k] = random_step(&state);
        for (size_t i = 0; i < 3 * POINTS_MOST; i++)
            together[i / POINTS_MOST][i % POINTS_MOST] = random_float(&state);
        memcpy(apart, together, sizeof apart);
        blocks_in_use()->linear(steps, sizeof steps[0], count, together[0], together[1], together[2], n);
        for (size_t k = 0; k < count; k++)
            linear_points(&steps[k].linear, apart[0], apart[1], apart[2], n);
        ck_assert_mem_eq(together, apart, sizeof apart);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("blocks");
    TCase *tests = tcase_create("blocks");
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, steps_that_run_together_give_the_bytes_of_one_after_the_other, 0, 3);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
