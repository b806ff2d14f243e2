#include "daemon/slab/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARENA_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL };

static int fail_errno(struct px_error *error, const char *what, size_t size_bytes) {
    int code = errno == ENOSPC || errno == ENOMEM ? PX_E_NO_MEMORY : PX_E_IO;
    return px_fail(error, code, "an arena of %zu bytes: %s: %s", size_bytes, what, strerror(errno));
}

/* Gives every page its memory now; kernels before 5.14 have no MADV_POPULATE_WRITE. */
static int populate(unsigned char *base, size_t size_bytes) {
    if (madvise(base, size_bytes, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    for (size_t at = 0; at < size_bytes; at += 4096)
        ((volatile unsigned char *)base)[at] = 0;
    return 0;
}

static int map_and_seal(struct arena *arena, struct px_error *error) {
    if (fallocate(arena->fd, 0, 0, (off_t)arena->size_bytes) != 0)
        return fail_errno(error, "fallocate", arena->size_bytes);
    void *base = mmap(NULL, arena->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena->fd, 0);
    if (base == MAP_FAILED)
        return fail_errno(error, "mmap", arena->size_bytes);
    arena->base = base;
    if (populate(arena->base, arena->size_bytes) != 0)
        return fail_errno(error, "madvise", arena->size_bytes);
    if (fcntl(arena->fd, F_ADD_SEALS, ARENA_SEALS) != 0)
        return fail_errno(error, "F_ADD_SEALS", arena->size_bytes);
    return 0;
}

int arena_create(uint32_t id, size_t size_bytes, struct arena **arena, struct px_error *error) {
    struct arena *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for an arena");
    made->id = id;
    made->size_bytes = size_bytes;
    made->fd = memfd_create("pxd-arena", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    int code = made->fd < 0 ? fail_errno(error, "memfd_create", size_bytes) : map_and_seal(made, error);
    if (code < 0) {
        arena_destroy(made);
        return code;
    }
    *arena = made;
    return 0;
}

void arena_destroy(struct arena *arena) {
    if (arena == NULL)
        return;
    if (arena->base != NULL)
        munmap(arena->base, arena->size_bytes);
    if (arena->fd >= 0)
        close(arena->fd);
    free(arena);
}
