/* lfo.c: see lfo.h. */
#include "daemon/sketch/lfo.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static const char *const wave_names[LFO_WAVES] = {"sine",   "triangle", "saw_up", "saw_down",
                                                  "square", "pulse",    "sh",     "perlin"};

int lfo_wave_named(const char *name) {
    for (int i = 0; i < LFO_WAVES; i++)
        if (strcasecmp(name, wave_names[i]) == 0)
            return i;
    return -1;
}

const char *lfo_wave_name(enum lfo_wave wave) {
    return wave_names[wave];
}

void lfo_defaults(struct lfo *lfo) {
    *lfo = (struct lfo){
        .wave = LFO_SINE,
        .freq = 1,
        .hi = 1,
        .pulse_width = 0.5,
        .octaves = 3,
        .persistence = 0.5,
        .lacunarity = 2,
    };
}

uint64_t lfo_mix64(uint64_t x) {
    uint64_t z = x + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void shuffle(uint8_t table[256], uint64_t seed) {
    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)i;
    uint64_t state = seed;
    for (unsigned i = 255; i >= 1; i--) {
        state = 6364136223846793005u * state + 1u;
        unsigned j = (unsigned)(state % (i + 1));
        uint8_t held = table[i];
        table[i] = table[j];
        table[j] = held;
    }
}

static int check_noise(const struct lfo *lfo, struct px_error *error) {
    if (lfo->octaves < 1 || lfo->octaves > 32)
        return px_fail(error, PX_E_RANGE, "lfo: octaves must be 1 to 32");
    if (!(lfo->lacunarity >= 1) || !isfinite(lfo->lacunarity))
        return px_fail(error, PX_E_RANGE, "lfo: lacunarity must be 1 or more");
    if (!(lfo->persistence >= 0 && lfo->persistence <= 1))
        return px_fail(error, PX_E_RANGE, "lfo: persistence must be 0 to 1");
    return 0;
}

int lfo_init(struct lfo *lfo, struct px_error *error) {
    if (!(lfo->freq > 0) || !isfinite(lfo->freq))
        return px_fail(error, PX_E_RANGE, "lfo: freq (or period) must be above 0");
    if (!isfinite(lfo->lo) || !isfinite(lfo->hi) || !(lfo->hi > lfo->lo))
        return px_fail(error, PX_E_RANGE, "lfo: hi must be above lo");
    if (!isfinite(lfo->phase))
        return px_fail(error, PX_E_RANGE, "lfo: phase must be a finite number of cycles");
    if (isnan(lfo->skew))
        return px_fail(error, PX_E_RANGE, "lfo: skew must be -1 to 1");
    if (lfo->wave == LFO_PULSE && !(lfo->pulse_width > 0 && lfo->pulse_width < 1))
        return px_fail(error, PX_E_RANGE, "lfo: pw must lie between 0 and 1");
    if (lfo->wave == LFO_PERLIN) {
        int status = check_noise(lfo, error);
        if (status != 0)
            return status;
        shuffle(lfo->table, lfo->seed);
    }
    return 0;
}

/* Gradient noise on a line, gradients +1 and -1 by the parity of the cell's entry. Source: Perlin, 2002 (fade). */
static double noise(const uint8_t table[256], double x) {
    double cell = floor(x);
    double u = x - cell;
    unsigned i = (unsigned)(int)(cell - 256.0 * floor(cell / 256.0));
    double g0 = (table[i & 255u] & 1u) ? -u : u;
    double g1 = (table[(i + 1u) & 255u] & 1u) ? -(u - 1) : u - 1;
    double fade = u * u * u * (u * (u * 6 - 15) + 10);
    return g0 + fade * (g1 - g0);
}

static double fractal(const struct lfo *lfo, double x) {
    double sum = 0;
    double weights = 0;
    double weight = 1;
    double scale = 1;
    for (int k = 0; k < lfo->octaves; k++) {
        double at = scale * x;
        if (!isfinite(at) || fabs(at) > 1e300)
            break;
        sum += weight * noise(lfo->table, at);
        weights += weight;
        weight *= lfo->persistence;
        scale *= lfo->lacunarity;
    }
    return weights > 0 ? sum / weights : 0;
}

/* Random level of cycle k: 53 bits of a hash; negative k in two's complement. */
static double level(const struct lfo *lfo, double cycles) {
    double k = floor(cycles);
    uint64_t key = 0;
    if (k >= 0 && k < 18446744073709551616.0)
        key = (uint64_t)k;
    else if (k < 0 && k >= -9223372036854775808.0)
        key = (uint64_t)(int64_t)k;
    uint64_t bits = lfo_mix64(lfo->seed ^ key) >> 11;
    return 2 * ((double)bits / 9007199254740992.0) - 1;
}

static double skewed(double phi, double skew) {
    if (skew == 0)
        return phi;
    double clamped = skew < -1 ? -1 : skew > 1 ? 1 : skew;
    return pow(phi, pow(4, clamped));
}

static double wave_at(const struct lfo *lfo, double cycles) {
    double phi = cycles - floor(cycles);
    if (phi >= 1)
        phi = 0;
    double q = skewed(phi, lfo->skew);
    switch (lfo->wave) {
    case LFO_SINE:
        return sin(2 * 3.14159265358979323846 * phi);
    case LFO_TRIANGLE:
        return q < 0.5 ? 4 * q - 1 : 3 - 4 * q;
    case LFO_SAW_UP:
        return 2 * q - 1;
    case LFO_SAW_DOWN:
        return 1 - 2 * q;
    case LFO_SQUARE:
        return phi < 0.5 ? 1 : -1;
    case LFO_PULSE:
        return phi < lfo->pulse_width ? 1 : -1;
    case LFO_SAMPLE_HOLD:
        return level(lfo, cycles);
    case LFO_PERLIN:
        return fractal(lfo, cycles);
    case LFO_WAVES:
        break;
    }
    return 0;
}

double lfo_value(const struct lfo *lfo, double t) {
    double cycles = lfo->freq * t + lfo->phase;
    if (!isfinite(cycles))
        return lfo->lo;
    double value = lfo->lo + (lfo->hi - lfo->lo) * (wave_at(lfo, cycles) + 1) / 2;
    return value < lfo->lo ? lfo->lo : value > lfo->hi ? lfo->hi : value;
}
