/* follow.c: follows the frames of a sketch and prints each one's number, bounding box and age.
 *
 *     cc follow.c $(pkg-config --cflags --libs px) -o follow && ./follow [SKETCH]
 *
 * Without a name it follows the sketch that has the focus. It may be started before the daemon, and goes on when the
 * daemon is started anew.
 */
#include <px/px.h>

#include <stdio.h>
#include <time.h>

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* the clock of published_ns */
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The box around all layers: the daemon has computed each layer's, so no vertex is touched here. */
static struct px_bounds frame_bounds(const struct px_frame *frame) {
    struct px_bounds box = {.min = {1e30f, 1e30f, 1e30f}, .max = {-1e30f, -1e30f, -1e30f}};
    for (size_t i = 0; i < frame->layer_count; i++) {
        const struct px_bounds *layer = &frame->layers[i].bounds;
        for (int axis = 0; axis < 3; axis++) {
            box.min[axis] = layer->min[axis] < box.min[axis] ? layer->min[axis] : box.min[axis];
            box.max[axis] = layer->max[axis] > box.max[axis] ? layer->max[axis] : box.max[axis];
        }
    }
    return box;
}

static void print_frame(struct px_follower *follower, const struct px_frame *frame) {
    struct px_bounds box = frame_bounds(frame);
    double age_ms = (now_ns() - (double)frame->published_ns) / 1e6;
    /* What was read counts only if the frame is still the one it was. */
    if (!px_frame_intact(follower, frame, -1))
        return;
    printf("%-16s frame %-8llu ", frame->sketch, (unsigned long long)frame->frame);
    if (box.min[0] <= box.max[0])
        printf("x %.2f..%.2f  y %.2f..%.2f mm  ", box.min[0], box.max[0], box.min[1], box.max[1]);
    printf("age %.3f ms\n", age_ms);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct px_follower *follower;
    struct px_error error;
    if (px_follow(NULL, argc > 1 ? argv[1] : NULL, &follower, &error) < 0) {
        fprintf(stderr, "follow: %s\n", error.message);
        return 1;
    }
    for (;;) {
        const struct px_frame *frame;
        int got = px_follower_next(follower, -1, &frame, &error);
        if (got < 0)
            fprintf(stderr, "follow: %s\n", error.message); /* it connects again by itself */
        if (got > 0) {
            print_frame(follower, frame);
            px_frame_release(follower, frame); /* the daemon may use the memory again */
        }
    }
}
