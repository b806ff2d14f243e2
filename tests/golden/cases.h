/* cases.h: the recorded cases of a kernel, read from MessagePack, with their parameters decoded by the kernel's table.
 *
 * Ownership  a book owns everything that its cases point to, parameters decoded from it too.
 * Errors     cases_open and book of a broken file fail the test at once.
 */
#ifndef TESTS_GOLDEN_CASES_H
#define TESTS_GOLDEN_CASES_H

#include "daemon/kernel/kernel.h"

#include <msgpack.h>

struct golden_case {
    char name[64];
    char class[16];
    char input[32]; /* "" for a shape */
    enum kernel_role role;
    char kernel[32];
    msgpack_object params;
    struct px_geometry expected;
};

/* One file of cases, or of inputs (name and expected only). */
struct book {
    msgpack_unpacked unpacked;
    char *bytes;
    struct golden_case *cases;
    size_t count;
};

/* book_open: data/<name>.msgpack. */
void book_open(struct book *book, const char *name);
void book_close(struct book *book);

/* book_geometry: the input of that name. */
const struct px_geometry *book_geometry(const struct book *inputs, const char *name);

/* Parameters as a kernel wants them. */
enum { FURTHER_MAX = 4, DECODED_MAX = 64 };
struct decoded {
    _Alignas(16) unsigned char values[512];
    struct px_geometry further[FURTHER_MAX];
    size_t further_count;
    void *owned[DECODED_MAX];
    size_t owned_count;
};

/* decode: fills the parameter struct; a PX_E code for what the table does not accept. */
int decode(const struct kernel *kernel, const msgpack_object *params, const struct book *inputs,
           struct decoded *decoded, struct px_error *error);
void decoded_free(struct decoded *decoded);

#endif
