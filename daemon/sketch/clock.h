/* clock.h: a sketch's clock: time in steps of a frame, from a base, so that it does not drift.
 *
 *     tick k = floor((now - base) fps)        t = base t + rate k / fps        every change starts a new base
 *
 * Units    t in seconds of the sketch, now in ns of px_clock_ns. fps in frames a second of real time.
 * Threads  LOOP; plain values: time is always given.
 */
#ifndef SKETCH_CLOCK_H
#define SKETCH_CLOCK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define SKETCH_CLOCK_FPS_MIN 1.0
#define SKETCH_CLOCK_FPS_MAX 1000.0

struct sketch_clock {
    bool playing;
    double fps;
    double rate; /* sketch seconds a second; 0: stands, negative: backwards */
    double base_t;
    uint64_t base_ns;
};

/* What to change; NaN: as it is. playing: -1 as it is, 0, 1. */
struct sketch_clock_change {
    int playing;
    double t, fps, rate;
};
#define SKETCH_CLOCK_NO_CHANGE ((struct sketch_clock_change){.playing = -1, .t = NAN, .fps = NAN, .rate = NAN})

void sketch_clock_init(struct sketch_clock *clock, uint64_t now_ns); /* playing from 0, 60 fps, rate 1 */
uint64_t sketch_clock_tick(const struct sketch_clock *clock, uint64_t now_ns); /* paused: 0 */
double sketch_clock_time(const struct sketch_clock *clock, uint64_t now_ns);
double sketch_clock_time_of(const struct sketch_clock *clock, uint64_t tick);
uint64_t sketch_clock_next_ns(const struct sketch_clock *clock, uint64_t now_ns); /* of the tick after this one */
uint64_t sketch_clock_interval_ns(const struct sketch_clock *clock);
void sketch_clock_change(struct sketch_clock *clock, const struct sketch_clock_change *change, uint64_t now_ns);

/* sketch_clock_step: pauses and moves by whole frames; not before 0. */
void sketch_clock_step(struct sketch_clock *clock, double frames, uint64_t now_ns);

#endif
