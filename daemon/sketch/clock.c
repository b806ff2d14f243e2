/* clock.c: see clock.h. */
#include "daemon/sketch/clock.h"

static const double second_ns = 1e9;

void sketch_clock_init(struct sketch_clock *clock, uint64_t now_ns) {
    *clock = (struct sketch_clock){.playing = true, .fps = 60, .rate = 1, .base_ns = now_ns};
}

uint64_t sketch_clock_tick(const struct sketch_clock *clock, uint64_t now_ns) {
    if (!clock->playing || now_ns <= clock->base_ns)
        return 0;
    /* A timer that fires at the very tick must not fall before it by rounding. */
    return (uint64_t)floor((double)(now_ns - clock->base_ns) * clock->fps / second_ns + 1e-6);
}

double sketch_clock_time_of(const struct sketch_clock *clock, uint64_t tick) {
    return clock->base_t + clock->rate * (double)tick / clock->fps;
}

double sketch_clock_time(const struct sketch_clock *clock, uint64_t now_ns) {
    return sketch_clock_time_of(clock, sketch_clock_tick(clock, now_ns));
}

uint64_t sketch_clock_next_ns(const struct sketch_clock *clock, uint64_t now_ns) {
    uint64_t next = sketch_clock_tick(clock, now_ns) + 1;
    return clock->base_ns + (uint64_t)ceil((double)next * second_ns / clock->fps);
}

uint64_t sketch_clock_interval_ns(const struct sketch_clock *clock) {
    return (uint64_t)(second_ns / clock->fps);
}

void sketch_clock_change(struct sketch_clock *clock, const struct sketch_clock_change *change, uint64_t now_ns) {
    double t = sketch_clock_time(clock, now_ns);
    clock->base_t = isnan(change->t) ? t : change->t;
    clock->base_ns = now_ns;
    if (!isnan(change->fps))
        clock->fps = change->fps;
    if (!isnan(change->rate))
        clock->rate = change->rate;
    if (change->playing >= 0)
        clock->playing = change->playing != 0;
}

void sketch_clock_step(struct sketch_clock *clock, double frames, uint64_t now_ns) {
    double t = sketch_clock_time(clock, now_ns) + frames * (clock->rate != 0 ? clock->rate : 1) / clock->fps;
    clock->playing = false;
    clock->base_ns = now_ns;
    clock->base_t = t > 0 ? t : 0;
}
