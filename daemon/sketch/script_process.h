/* script_process.h: a sketch process, as the nursery starts it. See envelope.h for what goes over its socket. */
#ifndef SKETCH_SCRIPT_PROCESS_H
#define SKETCH_SCRIPT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct script_process_argument {
    size_t memory_bytes; /* of the Lua state */
    bool expressions;    /* evaluates expressions; else runs one script */
};

int script_process_run(int socket, const void *argument, size_t argument_size);

#endif
