#include "client/lib/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int mapping_open(int fd, uint64_t size, bool writable, const char *what, struct mapping *mapping,
                 struct px_error *error) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return px_fail(error, PX_E_IO, "%s: fstat: %s", what, strerror(errno));
    if (size == 0 || size > SIZE_MAX || status.st_size < 0 || size > (uint64_t)status.st_size)
        return px_fail(error, PX_E_PROTOCOL, "%s: the daemon speaks of %llu bytes, there are %lld", what,
                       (unsigned long long)size, (long long)status.st_size);
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return px_fail(error, PX_E_PROTOCOL, "%s: not sealed against shrinking", what);
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *base = mmap(NULL, (size_t)size, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (base == MAP_FAILED)
        return px_fail(error, PX_E_NO_MEMORY, "%s: mmap: %s", what, strerror(errno));
    *mapping = (struct mapping){.base = base, .size = (size_t)size};
    return 0;
}

void mapping_close(struct mapping *mapping) {
    if (mapping->base)
        munmap((void *)(uintptr_t)mapping->base, mapping->size);
    *mapping = (struct mapping){0};
}
