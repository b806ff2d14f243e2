/* slab_layout.h: what stands in a slab of shared memory, version 1.
 *
 *     [ px_slab_header 128 ][ offsets int32 (lines + 1) ][ coords float32 (vertices, 3) ][ flags uint8 (vertices) ]
 *       each part 64-byte aligned; positions are in the header, bytes from the header itself
 *
 * flags: what a viewer needs so as not to touch vertices again, one byte a vertex (PX_VERTEX_*).
 * Threads  written by the one thread that reserved the slab; `generation` is stored last (release) when it is sealed
 *          and set to 0 (release) before the block is used again; a reader loads it with acquire, before and after.
 */
#ifndef PX_SHARED_SLAB_LAYOUT_H
#define PX_SHARED_SLAB_LAYOUT_H

#include "shared/geometry.h"
#include "shared/handle.h"

#include <stdatomic.h>

enum {
    PX_SLAB_MAGIC = 0x42535850, /* "PXSB" */
    PX_SLAB_VERSION = 1,
    PX_SLAB_ALIGNMENT = 64,
};

/* What a slab holds. */
enum px_slab_kind { PX_SLAB_GEOMETRY = 1, PX_SLAB_FRAME = 2 };

enum px_vertex_flag {
    PX_VERTEX_STARTS = 1, /* first vertex of its line */
    PX_VERTEX_ENDS = 2,   /* last vertex of its line: no segment goes from here to the next vertex */
    PX_VERTEX_CLOSED = 4, /* on first and last: the line's last vertex equals its first, bit for bit (3 and more) */
};

struct px_slab_header {
    uint32_t magic;
    uint16_t version;
    uint16_t kind; /* enum px_slab_kind */
    uint64_t offset; /* of this header in its arena: a stray pointer does not pass */
    uint64_t size;   /* used bytes, header included */
    _Atomic uint64_t generation;
    struct px_signature signature;
    struct px_signature topology; /* equal: same offsets and flags bytes (flags' CLOSED included); else unequal */
    uint64_t vertex_count;
    uint64_t line_count;
    uint32_t offsets_at; /* position of each part, bytes from this header; 32 bits: in units of 64 bytes */
    uint32_t coords_at;
    uint32_t flags_at;
    uint32_t reserved;
    struct px_bounds bounds;
    uint64_t reserved2;
};
_Static_assert(sizeof(struct px_slab_header) == 128, "the slab header has 128 bytes on every side");

#endif
