/* polyhedron.c: the five regular solids of circumradius one half, each face a closed line. */
#include "daemon/kernel/shapes/pen.h"

struct polyhedron_params {
    int64_t polygon_index;
};

static const struct param params[] = {
    PARAM(INTEGER, struct polyhedron_params, polygon_index, .def = 0, .min = 0, .max = 4, .step = 1, .unit = "",
          .help = "0 tetrahedron, 1 hexahedron, 2 octahedron, 3 dodecahedron, 4 icosahedron; clamped."),
};

static const float tetrahedron_corners[4][3] = {
    {0, 0, 0.5f},
    {0.47140452f, 0, -0.16666667f},
    {-0.23570226f, 0.4082483f, -0.16666667f},
    {-0.23570226f, -0.4082483f, -0.16666667f},
};
static const uint8_t tetrahedron_faces[4][3] = {
    {0, 1, 2},
    {0, 2, 3},
    {0, 3, 1},
    {2, 1, 3},
};

static const float hexahedron_corners[8][3] = {
    {0, 0, 0.5f},
    {0.47140452f, 0, 0.16666667f},
    {0.23570226f, 0.4082483f, -0.16666667f},
    {-0.23570226f, 0.4082483f, 0.16666667f},
    {-0.47140452f, 0, -0.16666667f},
    {-0.23570226f, -0.4082483f, 0.16666667f},
    {0.23570226f, -0.4082483f, -0.16666667f},
    {0, 0, -0.5f},
};
static const uint8_t hexahedron_faces[6][4] = {
    {0, 1, 2, 3}, {0, 3, 4, 5}, {0, 5, 6, 1}, {1, 6, 7, 2}, {5, 4, 7, 6}, {3, 2, 7, 4},
};

static const float octahedron_corners[6][3] = {
    {0, 0, 0.5f}, {0.5f, 0, 0}, {0, 0.5f, 0}, {-0.5f, 0, 0}, {0, -0.5f, 0}, {0, 0, -0.5f},
};
static const uint8_t octahedron_faces[8][3] = {
    {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 1}, {2, 5, 3}, {2, 1, 5}, {1, 4, 5}, {3, 5, 4},
};

static const float dodecahedron_corners[20][3] = {
    {0, 0, 0.5f},
    {-0.16666667f, 0.28867513f, 0.37267798f},
    {-0.436339f, 0.17841105f, 0.16666667f},
    {-0.436339f, -0.17841105f, 0.16666667f},
    {-0.16666667f, -0.28867513f, 0.37267798f},
    {0.063661f, -0.46708617f, 0.16666667f},
    {0.37267798f, -0.28867513f, 0.16666667f},
    {0.33333334f, 0, 0.37267798f},
    {0.37267798f, 0.28867513f, 0.16666667f},
    {0.063661f, 0.46708617f, 0.16666667f},
    {0.436339f, -0.17841105f, -0.16666667f},
    {0.436339f, 0.17841105f, -0.16666667f},
    {-0.063661f, 0.46708617f, -0.16666667f},
    {-0.37267798f, 0.28867513f, -0.16666667f},
    {-0.37267798f, -0.28867513f, -0.16666667f},
    {-0.063661f, -0.46708617f, -0.16666667f},
    {0.16666667f, -0.28867513f, -0.37267798f},
    {0.16666667f, 0.28867513f, -0.37267798f},
    {-0.33333334f, 0, -0.37267798f},
    {0, 0, -0.5f},
};
static const uint8_t dodecahedron_faces[12][5] = {
    {0, 1, 2, 3, 4},    {0, 4, 5, 6, 7},      {0, 7, 8, 9, 1},      {7, 6, 10, 11, 8},
    {1, 9, 12, 13, 2},  {4, 3, 14, 15, 5},    {6, 5, 15, 16, 10},   {9, 8, 11, 17, 12},
    {3, 2, 13, 18, 14}, {12, 17, 19, 18, 13}, {10, 16, 19, 17, 11}, {14, 18, 19, 16, 15},
};

static const float icosahedron_corners[12][3] = {
    {0, 0, 0.5f},
    {-0.3618034f, -0.26286554f, 0.2236068f},
    {0.1381966f, -0.4253254f, 0.2236068f},
    {0.1381966f, 0.4253254f, 0.2236068f},
    {-0.3618034f, 0.26286554f, 0.2236068f},
    {0.4472136f, 0, 0.2236068f},
    {-0.1381966f, -0.4253254f, -0.2236068f},
    {0.3618034f, 0.26286554f, -0.2236068f},
    {-0.4472136f, 0, -0.2236068f},
    {-0.1381966f, 0.4253254f, -0.2236068f},
    {0.3618034f, -0.26286554f, -0.2236068f},
    {0, 0, -0.5f},
};
static const uint8_t icosahedron_faces[20][3] = {
    {0, 1, 2},  {0, 3, 4},  {0, 5, 3},   {0, 4, 1},  {0, 2, 5},   {2, 1, 6},  {3, 5, 7},
    {4, 8, 1},  {3, 9, 4},  {5, 2, 10},  {4, 9, 8},  {1, 8, 6},   {3, 7, 9},  {5, 10, 7},
    {2, 6, 10}, {9, 7, 11}, {7, 10, 11}, {8, 9, 11}, {10, 6, 11}, {8, 11, 6},
};

struct solid {
    const float (*corners)[3];
    const uint8_t *faces; /* (face_count, face_corners) */
    size_t face_count;
    size_t face_corners;
};

#define SOLID(name)                                                                                                    \
    { name##_corners, &name##_faces[0][0], sizeof name##_faces / sizeof name##_faces[0], sizeof name##_faces[0] }

static const struct solid solids[] = {
    SOLID(tetrahedron), SOLID(hexahedron), SOLID(octahedron), SOLID(dodecahedron), SOLID(icosahedron),
};

static void face_draw(struct pen *pen, const struct solid *solid, const uint8_t *face) {
    size_t first = pen->vertices;
    for (size_t i = 0; i < solid->face_corners; i++) {
        const float *corner = solid->corners[face[i]];
        pen_point(pen, (double)corner[0], (double)corner[1], (double)corner[2]);
    }
    pen_again(pen, first);
    pen_lift(pen);
}

static int polyhedron_run(const struct kernel_job *job, struct px_error *error) {
    const struct polyhedron_params *p = job->params;
    int64_t last = (int64_t)(sizeof solids / sizeof solids[0]) - 1;
    const struct solid *solid = &solids[p->polygon_index < 0 ? 0 : p->polygon_index > last ? last : p->polygon_index];
    struct tally tally = {0};
    tally_add(&tally, solid->face_count, solid->face_corners + 1);
    struct pen pen;
    int code = pen_open(&pen, job, tally, error);
    if (code < 0)
        return code;
    for (size_t i = 0; i < solid->face_count; i++)
        face_draw(&pen, solid, solid->faces + i * solid->face_corners);
    return pen_close(&pen, error);
}

const struct kernel KERNEL_SYMBOL(polyhedron) = {
    .name = "polyhedron",
    .version = 1,
    .role = KERNEL_SHAPE,
    .kind = KERNEL_WHOLE,
    .help = "A regular solid of circumradius 0.5: its faces as closed lines.",
    KERNEL_PARAMS(params, struct polyhedron_params),
    .run = polyhedron_run,
};
