/* envelope.h: messages between the daemon and a sketch process: a head of 8 bytes, then a body.
 *
 *     daemon -> process   LOAD, DRAW, EXPRESSIONS, FILE (answers NEED)
 *     process -> daemon   READY once; then to each of the first three exactly one of PLAN, DONE, VALUES, FAILED;
 *                         before it any number of PRINT, NEED, STUCK
 *
 * Bodies are MessagePack lists, by kind:
 *     LOAD         [limit ms, moment, chunk, source]        moment: [t, frame, seed, [[cc, value], ...], params]
 *     DRAW         [limit ms, moment]
 *     EXPRESSIONS  [limit ms, moment, [source, ...]]
 *     PLAN         [uses time, uses cc, seed, [own parameter, ...], plan as bin]
 *     VALUES       bin of doubles       FAILED  [message, index of the expression]
 *     STUCK        text: "file:line", sent once by a request that does not stop at its limit
 *     PRINT        [text]               NEED    [file name]       FILE  [bytes or nil, message]
 *
 * Units  sizes in bytes, host byte order: both ends are one program on one machine.
 */
#ifndef SKETCH_ENVELOPE_H
#define SKETCH_ENVELOPE_H

#include <stdint.h>

enum envelope_kind {
    ENVELOPE_READY = 1,
    ENVELOPE_LOAD,
    ENVELOPE_DRAW,
    ENVELOPE_EXPRESSIONS,
    ENVELOPE_FILE,
    ENVELOPE_PLAN,
    ENVELOPE_DONE,
    ENVELOPE_VALUES,
    ENVELOPE_FAILED,
    ENVELOPE_PRINT,
    ENVELOPE_NEED,
    ENVELOPE_STUCK,
};

struct envelope {
    uint32_t size; /* of the body */
    uint32_t kind;
};

/* A plan of 16 MB and what goes with it. */
enum { ENVELOPE_MAX_BYTES = 18 * 1024 * 1024 };

#endif
