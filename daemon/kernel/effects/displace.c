/* displace.c: moves each vertex by three values of gradient noise.
 *
 *     p' = p + a (n(u), n(u + 100), n(u + 200)),  u = p f + w (1, 1, 1),  w = 1000 + 10 t
 *
 * n is Perlin's improved noise ("Improving Noise", 2002: quintic fade, 12 gradients to the edges of a cube) over a
 * lattice that is hashed by integer arithmetic modulo 2^32 instead of a permutation table, so that it vectorises and
 * repeats only after 2^32 cells. u is split in double into a whole cell and a fraction; the rest runs in float32.
 * Offsets of 100 and 200 are whole: all three values share fractions and fades.
 */
#include "daemon/kernel/effects/linear.h"
#include "daemon/kernel/kernel.h"
#include "daemon/kernel/math/elementary.h"

struct displace_params {
    double amplitude_mm[3];
    double spatial_freq[3];
    double amplitude_gradient[3];
    double frequency_gradient[3];
    double min_gradient_factor;
    double max_gradient_factor;
    double t_sec;
};

/* A factor along one axis of the box: min(ceiling, soft + (1 - soft) max(0, 1 + slope q + start)). */
struct gradient {
    double slope;
    double start;
};

struct displace_state {
    double amplitude[3];
    double frequency[3];
    double shift; /* w */
    struct gradient amplitude_gradient[3];
    struct gradient frequency_gradient[3];
    double soft;
    double ceiling;
    bool amplitude_varies;
    bool frequency_varies;
};
_Static_assert(sizeof(struct displace_state) <= KERNEL_STATE_MAX, "the state fits");

/* Lattice cells stay exact below; beyond, there is no noise left. */
#define CELL_MAX 1e15

static const struct param params[] = {
    PARAM(VECTOR, struct displace_params, amplitude_mm, .def = 8, .min = 0, .max = 50, .unit = "mm",
          .help = "Strength per axis."),
    PARAM(VECTOR, struct displace_params, spatial_freq, .def = 0.04, .min = 0, .max = 0.1, .unit = "1/mm",
          .help = "Cells of noise a millimetre, per axis."),
    PARAM(VECTOR, struct displace_params, amplitude_gradient, .min = -4, .max = 4, .unit = "",
          .help = "Growth of the strength along each axis of the bounding box."),
    PARAM(VECTOR, struct displace_params, frequency_gradient, .min = -4, .max = 4, .unit = "",
          .help = "Growth of the frequency along each axis of the bounding box."),
    PARAM(NUMBER, struct displace_params, min_gradient_factor, .def = 0.1, .min = 0, .max = 1, .unit = "",
          .help = "The least factor of a gradient."),
    PARAM(NUMBER, struct displace_params, max_gradient_factor, .def = 2, .min = 1, .max = 4, .unit = "",
          .help = "The greatest factor of a gradient."),
    PARAM(NUMBER, struct displace_params, t_sec, .min = 0, .max = 10, .unit = "s",
          .help = "Time: the noise flows along its diagonal."),
};

static double clamped(double value, double low, double high) {
    return value < low ? low : (value > high ? high : value);
}

static bool gradient_is_on(const double g[3]) {
    return math_abs(g[0]) >= 1e-6 || math_abs(g[1]) >= 1e-6 || math_abs(g[2]) >= 1e-6;
}

static unsigned displace_measures(const void *values) {
    const struct displace_params *p = values;
    const bool varies = gradient_is_on(p->amplitude_gradient) || gradient_is_on(p->frequency_gradient);
    return varies && !linear_all(p->amplitude_mm, 0.0) ? MEASURE_BOUNDS : MEASURE_NONE;
}

/* 1 + g (t - 1/2), t the place within low..high, as slope q + start. */
static struct gradient gradient_over(double g, float low, float high) {
    const double range = (double)high - (double)low;
    if (range <= 1e-9)
        return (struct gradient){.slope = 0.0, .start = 1.0};
    const double slope = clamped(g, -4.0, 4.0) / range;
    return (struct gradient){.slope = slope, .start = 1.0 - slope * (double)low - 0.5 * slope * range};
}

static int displace_prepare(const void *values, const struct measure *measure, const struct kernel_context *context,
                            void *state, struct px_error *error) {
    (void)context, (void)error;
    const struct displace_params *p = values;
    if (linear_all(p->amplitude_mm, 0.0))
        return KERNEL_SAME;
    struct displace_state *s = state;
    s->shift = 1000.0 + 10.0 * p->t_sec;
    s->soft = clamped(p->min_gradient_factor, 0.0, 1.0);
    s->ceiling = clamped(p->max_gradient_factor, 1.0, 4.0);
    s->ceiling = s->ceiling < s->soft ? s->soft : s->ceiling;
    s->amplitude_varies = gradient_is_on(p->amplitude_gradient);
    s->frequency_varies = gradient_is_on(p->frequency_gradient);
    for (int axis = 0; axis < 3; axis++) {
        s->amplitude[axis] = p->amplitude_mm[axis];
        s->frequency[axis] = p->spatial_freq[axis];
        s->amplitude_gradient[axis] =
            gradient_over(p->amplitude_gradient[axis], measure->min[axis], measure->max[axis]);
        s->frequency_gradient[axis] =
            gradient_over(p->frequency_gradient[axis], measure->min[axis], measure->max[axis]);
    }
    return 0;
}

MATH_INLINE double gradient_at(const struct displace_state *s, struct gradient gradient, double q) {
    const double linear = gradient.slope * q + gradient.start;
    const double factor = s->soft + (1.0 - s->soft) * (linear > 0.0 ? linear : 0.0);
    return factor < s->ceiling ? factor : s->ceiling;
}

/* ---- where in the lattice ---- */

enum { CHUNK = 256 };

/* Some points, split into cells and fractions of 0..1. */
struct lattice {
    _Alignas(64) uint32_t cell[3][CHUNK];
    _Alignas(64) float fraction[3][CHUNK];
};

/* varies is a constant where this is inlined. */
MATH_INLINE void locate_loop(const struct displace_state *s, int axis, bool varies, const float *restrict values,
                             uint32_t *restrict cell, float *restrict fraction, size_t n) {
    const double frequency = s->frequency[axis];
    const double shift = s->shift;
    const struct gradient gradient = s->frequency_gradient[axis];
    const struct displace_state local = *s;
    for (size_t i = 0; i < n; i++) {
        const double q = (double)values[i];
        const double wanted = q * (varies ? frequency * gradient_at(&local, gradient, q) : frequency) + shift;
        const double u = math_abs(wanted) <= CELL_MAX ? wanted : 0.0;
        const double shifted = u + MATH_TO_WHOLE;
        const float from_nearest = (float)(u - (shifted - MATH_TO_WHOLE)); /* -1/2..1/2 */
        const uint32_t nearest = (uint32_t)math_bits(shifted);
        const uint32_t below = from_nearest < 0.0f ? 1 : 0;
        cell[i] = nearest - below;
        fraction[i] = from_nearest + (from_nearest < 0.0f ? 1.0f : 0.0f);
    }
}

static void locate(const struct displace_state *s, int axis, const float *values, struct lattice *lattice, size_t n) {
    if (s->frequency_varies)
        locate_loop(s, axis, true, values, lattice->cell[axis], lattice->fraction[axis], n);
    else
        locate_loop(s, axis, false, values, lattice->cell[axis], lattice->fraction[axis], n);
}

/* ---- noise ---- */

/* Odd, without pattern: the primes of xxHash32. */
#define PRIME_X 0x9E3779B1u
#define PRIME_Y 0x85EBCA77u
#define PRIME_Z 0xC2B2AE3Du
#define PRIME_H 0x27D4EB2Fu

MATH_INLINE float signed_by(float value, uint32_t sign) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits ^= sign & 0x80000000u;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/* The dot product of (x, y, z) with one of 12 gradients: one coordinate left out by thirds of the hash, two signs. */
MATH_INLINE float corner(uint32_t hash, float x, float y, float z) {
    hash *= PRIME_H;
    hash ^= hash >> 15;
    const int32_t third = (int32_t)hash;
    const float first = third < -715827883 ? y : x;
    const float second = third < 715827882 ? z : y;
    return signed_by(first, hash << 17) + signed_by(second, hash << 18);
}

MATH_INLINE float mix(float t, float a, float b) {
    return a + t * (b - a);
}

MATH_INLINE float fade(float t) {
    return t * t * t * (t * (t * 6.0f - 15.0f) + 10.0f);
}

/* One value of noise: hx, hy, hz are cell times prime, x, y, z the fractions, u, v, w their fades. */
MATH_INLINE float noise(uint32_t hx, uint32_t hy, uint32_t hz, float x, float y, float z, float u, float v, float w) {
    const uint32_t gx = hx + PRIME_X;
    const uint32_t gy = hy + PRIME_Y;
    const uint32_t gz = hz + PRIME_Z;
    const float x1 = x - 1.0f;
    const float y1 = y - 1.0f;
    const float z1 = z - 1.0f;
    const float near = mix(v, mix(u, corner(hx ^ hy ^ hz, x, y, z), corner(gx ^ hy ^ hz, x1, y, z)),
                           mix(u, corner(hx ^ gy ^ hz, x, y1, z), corner(gx ^ gy ^ hz, x1, y1, z)));
    const float far = mix(v, mix(u, corner(hx ^ hy ^ gz, x, y, z1), corner(gx ^ hy ^ gz, x1, y, z1)),
                          mix(u, corner(hx ^ gy ^ gz, x, y1, z1), corner(gx ^ gy ^ gz, x1, y1, z1)));
    return mix(w, near, far);
}

/* The component whose argument is shifted by offset cells on all coordinates. */
MATH_INLINE void noise_loop(const struct lattice *restrict lattice, uint32_t offset, float *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float x = lattice->fraction[0][i];
        const float y = lattice->fraction[1][i];
        const float z = lattice->fraction[2][i];
        out[i] = noise((lattice->cell[0][i] + offset) * PRIME_X, (lattice->cell[1][i] + offset) * PRIME_Y,
                       (lattice->cell[2][i] + offset) * PRIME_Z, x, y, z, fade(x), fade(y), fade(z));
    }
}

/* ---- the shift ---- */

static void shift_evenly(float amplitude, float *restrict values, const float *restrict noise_values, size_t n) {
    for (size_t i = 0; i < n; i++)
        values[i] += amplitude * noise_values[i];
}

static void shift_along(const struct displace_state *s, int axis, float *restrict values,
                        const float *restrict noise_values, size_t n) {
    const struct displace_state local = *s;
    const struct gradient gradient = s->amplitude_gradient[axis];
    const double amplitude = s->amplitude[axis];
    for (size_t i = 0; i < n; i++) {
        const double q = (double)values[i];
        values[i] = (float)(q + amplitude * gradient_at(&local, gradient, q) * (double)noise_values[i]);
    }
}

static void displace_chunk(const struct displace_state *s, float *const coords[3], size_t n) {
    struct lattice lattice;
    _Alignas(64) float values[CHUNK];
    for (int axis = 0; axis < 3; axis++)
        locate(s, axis, coords[axis], &lattice, n);
    for (int axis = 0; axis < 3; axis++) {
        if (s->amplitude[axis] == 0.0)
            continue;
        noise_loop(&lattice, 100u * (uint32_t)axis, values, n);
        if (s->amplitude_varies)
            shift_along(s, axis, coords[axis], values, n);
        else
            shift_evenly((float)s->amplitude[axis], coords[axis], values, n);
    }
}

static void displace_points(const void *state, float *x, float *y, float *z, size_t n) {
    for (size_t first = 0; first < n; first += CHUNK) {
        float *const coords[3] = {x + first, y + first, z + first};
        displace_chunk(state, coords, n - first < CHUNK ? n - first : CHUNK);
    }
}

extern const struct kernel KERNEL_SYMBOL(displace);
const struct kernel KERNEL_SYMBOL(displace) = {
    .name = "displace",
    .version = 1,
    .role = KERNEL_EFFECT,
    .kind = KERNEL_POINTS,
    .help = "Moves vertices by smooth noise.",
    KERNEL_PARAMS(params, struct displace_params),
    .measures = displace_measures,
    .prepare = displace_prepare,
    .points = displace_points,
};
