/* geometry_slab.h: writes one geometry into a slab: a kernel_output that reserves there, and stage D at its end.
 *
 *     geometry_slab_begin -> kernels write through .output -> geometry_slab_finish (flags, bounds, topology, seal)
 *                                                          `-> geometry_slab_abandon
 *
 * Threads  one worker. Ownership: finish gives the sealed slab with one reference.
 */
#ifndef SLAB_GEOMETRY_SLAB_H
#define SLAB_GEOMETRY_SLAB_H

#include "daemon/kernel/kernel.h"
#include "daemon/slab/slab.h"

struct geometry_slab {
    struct kernel_output output; /* first: reserve() finds the rest by it */
    struct slab_store *store;
    struct slab *slab;           /* NULL until the first reserve */
    size_t vertex_budget;
    uint64_t grown;              /* how often reserve had to copy */
};

void geometry_slab_begin(struct geometry_slab *writer, struct slab_store *store, size_t vertex_budget);

/* geometry_slab_finish: stage D and the seal. ready_ns (may be NULL): what stage D took. An error (a kernel that wrote
 * more than it reserved, offsets that do not rise, coordinates that are not finite) abandons the writer. */
int geometry_slab_finish(struct geometry_slab *writer, struct px_signature signature, struct slab **slab,
                         uint64_t *ready_ns, struct px_error *error);
void geometry_slab_abandon(struct geometry_slab *writer);

/* geometry_slab_copy: a sealed slab with a copy of a view (a user's lines). */
int geometry_slab_copy(struct slab_store *store, const struct px_geometry *geometry, struct px_signature signature,
                       struct slab **slab, struct px_error *error);

#endif
