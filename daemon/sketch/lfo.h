/* lfo.h: low-frequency oscillators: a wave of time, lo..hi.
 *
 *     value = lo + (hi - lo) (wave(frac(f t + phase)) + 1) / 2
 *
 * Units    freq in cycles a second, period in seconds, phase in cycles.
 * Threads  any; plain values. Same bits everywhere: the project's own sin, integer hashes, a seeded table for noise.
 */
#ifndef SKETCH_LFO_H
#define SKETCH_LFO_H

#include "shared/error.h"

#include <stdint.h>

enum lfo_wave {
    LFO_SINE,
    LFO_TRIANGLE,
    LFO_SAW_UP,
    LFO_SAW_DOWN,
    LFO_SQUARE,
    LFO_PULSE,
    LFO_SAMPLE_HOLD,
    LFO_PERLIN,
    LFO_WAVES,
};

struct lfo {
    enum lfo_wave wave;
    double freq;
    double phase;
    double lo, hi;
    double pulse_width;
    double skew;
    uint64_t seed;
    int octaves;
    double persistence;
    double lacunarity;
    uint8_t table[256]; /* perlin: filled by lfo_init */
};

/* lfo_wave_named: in any case; -1 when unknown. lfo_wave_name: as interfaces write it. */
int lfo_wave_named(const char *name);
const char *lfo_wave_name(enum lfo_wave wave);

/* lfo_defaults: sine, 1 Hz, 0..1. lfo_init: checks what was set (PX_E_RANGE) and prepares the table. */
void lfo_defaults(struct lfo *lfo);
int lfo_init(struct lfo *lfo, struct px_error *error);
double lfo_value(const struct lfo *lfo, double t);

/* lfo_mix64: SplitMix64's step, the hash of sample and hold. Source: Steele, Lea, Flood, 2014. */
uint64_t lfo_mix64(uint64_t x);

#endif
